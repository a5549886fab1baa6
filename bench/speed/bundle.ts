/** Bundle: bundles the published library, to measure its size and its start without TypeScript. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "../../scripts/entries.ts";

/** A bundle and its sizes. */
export interface Bundle {
  readonly name: string;
  readonly file: string;
  readonly minified: number;
  readonly gzipped: number;
  /** The goal for `gzipped`. */
  readonly atMost?: number;
}

async function bundle(name: string, contents: string, external: string[] = []): Promise<Bundle> {
  const file = join(root, ".cache", "bench", `${name.replaceAll(" ", "-")}.mjs`);
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    outfile: file,
    external,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2023",
    logLevel: "error",
  });
  const bytes = readFileSync(file);
  return { name, file, minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}

const POOL = `export { createPool } from "./mod.ts"`;

/** The whole library first, then the parts that smaller programs need. */
export async function bundles(): Promise<Bundle[]> {
  return [
    await bundle("everything", `export * from "./mod.ts"`),
    { ...(await bundle("createPool and all transports", POOL)), atMost: 48_000 },
    { ...(await bundle("createPool for Node alone", POOL, ["./bun.ts", "./deno.ts"])), atMost: 42_000 },
    await bundle("createPool without transports", POOL, ["../transports/*"]),
    await bundle("the pool's core alone", `export { PoolCore } from "./src/pool/core/core.ts"`),
    await bundle("presets", `export * from "./src/presets/mod.ts"`),
  ];
}
