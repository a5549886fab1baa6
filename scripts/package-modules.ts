/**
 * Package modules: writes the modules of the npm package. Each entry is a file where package.json says, and what entries share is in few
 * chunks: to load a file takes Node some 0.2 ms, and a pool has two hundred sources. Names and lines stay, so that the stack of an error can
 * be read. Comments are only in the maps: with a single character beyond Latin-1, V8 keeps two bytes for each character of a file.
 */

import { dirname, join, resolve } from "node:path";
import { transform } from "esbuild";
import { rollup } from "rollup";
import { entries, root } from "./entries.ts";

/** The command, which package.json names under `bin`. */
const COMMAND = "src/cli/bin.ts";

/** What all of a pool's code is reached from, and the little that is exported beside it. It is one chunk. */
const POOL = [
  "src/create-pool.ts",
  "src/fetch/connection-of.ts",
  "src/metrics/observe.ts",
  "src/presets/mod.ts",
];

/** The transports that a pool chooses from. What two of them need is one chunk. */
const TRANSPORTS = ["transports/node.ts", "transports/deno.ts", "transports/bun.ts"];

/** Writes the modules into a folder, with maps that hold the sources. */
export async function writeModules(dir: string): Promise<void> {
  const sources = [...entries().map(({ source }) => source), COMMAND];
  const bundle = await rollup({
    input: Object.fromEntries(sources.map((source) => [source.replace(/\.ts$/, ""), join(root, source)])),
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
    // What package.json says: nothing happens when a module is loaded, but for the one that is made for that.
    treeshake: {
      moduleSideEffects: (id) => id === join(root, "src/register/mod.ts") || id === join(root, COMMAND),
    },
    plugins: [
      {
        name: "typescript",
        resolveId: (id, importer) => (id.startsWith(".") && importer ? resolve(dirname(importer), id) : null),
        async transform(code, id) {
          const options = { loader: "ts", target: "es2022", sourcefile: id, sourcemap: "external" } as const;
          const { code: made, map } = await transform(code, options);
          return { code: await withoutComments(made, id), map };
        },
      },
    ],
    onwarn: ({ message }) => {
      throw new Error(message);
    },
  });
  await bundle.write({
    dir,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
    sourcemap: true,
    hoistTransitiveImports: false,
    manualChunks: (id, { getModuleInfo }) => chunkOf(id, getModuleInfo),
  });
  await bundle.close();
}

/** Comments as esbuild writes them: each on lines of its own. `@__PURE__` stands within a line, and stays. */
const COMMENT = /^ *\/(?:\*\*(?:[^*]|\*(?!\/))*\*\/|\/.*)$/gm;

/** The code without comments. Their lines stay, for the map. @throws {Error} where a template has a line like a comment. */
async function withoutComments(code: string, id: string): Promise<string> {
  const bare = code.replace(COMMENT, (comment) => comment.replace(/.+/g, ""));
  const [before, after] = await Promise.all([code, bare].map((text) => transform(text, { minify: true })));
  if (before?.code !== after?.code) throw new Error(`${id}: a line looks like a comment and is none`);
  return bare;
}

type InfoOf = (id: string) => { readonly importedIds: readonly string[] } | null;

const reached: Map<string, ReadonlySet<string>> = new Map();

/** The chunk of a source that is needed before the first answer. The others are left to the entries that need them. */
function chunkOf(id: string, infoOf: InfoOf): string | undefined {
  if (POOL.some((source) => isReached(id, source, infoOf))) return "pool";
  return TRANSPORTS.filter((source) => isReached(id, source, infoOf)).length > 1 ? "runtimes" : undefined;
}

/** Whether a source is needed where another one is imported. */
function isReached(id: string, from: string, infoOf: InfoOf): boolean {
  let found = reached.get(from);
  if (found === undefined) {
    const all = new Set([join(root, from)]);
    for (const known of all) for (const next of infoOf(known)?.importedIds ?? []) all.add(next);
    reached.set(from, all);
    found = all;
  }
  return found.has(id);
}
