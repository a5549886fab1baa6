/**
 * Bundle: bundles the package as an application's bundler does, with a chunk for each part that is loaded on demand. It measures what
 * programs load, and gives the bench a library without TypeScript.
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { root } from "../../scripts/entries.ts";
import { writeModules } from "../../scripts/package-modules.ts";
import { sizeFloor } from "./size-floor.ts";

/** What a program loads, and its sizes: the sum of its chunks, each gzipped alone. */
export interface BundleSize {
  readonly name: string;
  readonly minified: number;
  readonly gzipped: number;
  /** The goal for `gzipped`. */
  readonly atMost?: number;
}

/** A bundle and its sizes. */
export interface Bundle extends BundleSize {
  /** The chunk that a program imports. */
  readonly file: string;
}

type Outputs = Metafile["outputs"];

const CACHE = join(root, ".cache", "bench");

/** Writes the modules of the package, as npm installs them. Returns their folder. */
export async function installedPackage(): Promise<string> {
  const dir = join(CACHE, "package");
  await rm(dir, { recursive: true, force: true });
  await writeModules(dir);
  return dir;
}

/** One program in chunks. */
class Chunks {
  readonly entry: string;
  readonly #dir: string;
  readonly #outputs: Outputs;
  readonly #gzipped: ReadonlyMap<string, number>;

  private constructor(dir: string, outputs: Outputs, gzipped: ReadonlyMap<string, number>) {
    this.#dir = dir;
    this.#outputs = outputs;
    this.#gzipped = gzipped;
    this.entry = this.#of("<stdin>");
  }

  /** @param dir where the program lies, among what it imports. */
  static async of(name: string, dir: string, contents: string): Promise<Chunks> {
    const outdir = join(CACHE, name.replaceAll(" ", "-"));
    await rm(outdir, { recursive: true, force: true });
    const { metafile, outputFiles } = await build({
      stdin: { contents, resolveDir: dir, loader: "ts" },
      outdir,
      outExtension: { ".js": ".mjs" },
      absWorkingDir: dir,
      metafile: true,
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      platform: "node",
      target: "es2023",
      logLevel: "error",
      write: false,
    });
    await write(outputFiles);
    return new Chunks(
      dir,
      metafile.outputs,
      new Map(outputFiles.map(({ path, contents: bytes }) => [path, gzipSync(bytes, { level: 9 }).length])),
    );
  }

  /** The chunk of a source that is imported on demand. */
  #of(source: string): string {
    const found = Object.entries(this.#outputs).find(([, { entryPoint }]) => entryPoint === source);
    if (found === undefined) throw new Error(`${source} is no chunk of its own`);
    return found[0];
  }

  /** What is loaded with the entry, and with these sources of what is loaded on demand. */
  loaded(name: string, onDemand: readonly string[] = [], atMost?: number): Bundle {
    const chunks = new Set([this.entry, ...onDemand.map((source) => this.#of(source))]);
    for (const chunk of chunks) {
      for (const { path, kind } of this.#outputs[chunk]?.imports ?? [])
        if (kind === "import-statement" && path in this.#outputs) chunks.add(path);
    }
    return this.#sized(name, [...chunks], atMost);
  }

  whole(name: string): Bundle {
    return this.#sized(name, Object.keys(this.#outputs));
  }

  #sized(name: string, chunks: readonly string[], atMost?: number): Bundle {
    const sum = (of: (chunk: string) => number): number => chunks.reduce((all, chunk) => all + of(chunk), 0);
    const sizes = {
      name,
      file: join(this.#dir, this.entry),
      minified: sum((chunk) => this.#outputs[chunk]?.bytes ?? 0),
      gzipped: sum((chunk) => this.#gzipped.get(join(this.#dir, chunk)) ?? 0),
    };
    return atMost === undefined ? sizes : { ...sizes, atMost };
  }
}

async function write(
  files: readonly { readonly path: string; readonly contents: Uint8Array }[],
): Promise<void> {
  for (const { path, contents } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
}

/** What is loaded on demand to open a connection. */
const transport = (...runtimes: readonly string[]): string[] =>
  runtimes.map((runtime) => `transports/${runtime}.js`);

/** What `import { createPool }` loads, and what a plain request loads beside that. */
export async function poolBundles(installed: string): Promise<Bundle[]> {
  const pool = await Chunks.of("pool", installed, `export { createPool } from "./mod.js"`);
  return [
    pool.loaded("createPool, by its import alone"),
    pool.loaded(
      "createPool and all transports, for plain requests",
      transport("node", "deno", "bun"),
      48_000,
    ),
    pool.loaded("createPool for Node alone, for plain requests", transport("node"), 42_000),
    pool.whole("createPool, with all that may be loaded on demand"),
  ];
}

/** The whole library first, then the parts that smaller programs need. */
export async function bundles(): Promise<BundleSize[]> {
  const installed = await installedPackage();
  // Beside a pool, whose chunk of the package has them.
  const parts: readonly (readonly [name: string, contents: string])[] = [
    ["the pool's core alone", `export { PoolCore } from "./src/pool/core/core.ts"`],
    ["presets", `export * from "./src/presets/mod.ts"`],
  ];
  const all = await Chunks.of("everything", installed, `export * from "./mod.js"`);
  return [
    all.whole("everything"),
    ...(await poolBundles(installed)),
    ...(await Promise.all(
      parts.map(async ([name, contents]) => (await Chunks.of(name, root, contents)).whole(name)),
    )),
    ...(await sizeFloor(CACHE)),
  ];
}
