/** Bundle: the published core as a bundler makes it, for its size and for a start without TypeScript. */

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
}

async function bundle(name: string, entry: string): Promise<Bundle> {
  const file = join(root, ".cache", "bench", `${name}.mjs`);
  await build({
    entryPoints: [join(root, entry)],
    outfile: file,
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

/** All of it with every transport, and the core with none. */
export async function bundles(): Promise<Bundle[]> {
  return [await bundle("everything", "mod.ts"), await bundle("presets", "src/presets/mod.ts")];
}
