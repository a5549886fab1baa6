/**
 * Package modules: writes the modules of the npm package. Each entry is a file where package.json says, and what entries share is in few
 * chunks: to load a file takes Node some 0.2 ms, and a pool has two hundred sources.
 */

import { dirname, join, resolve } from "node:path";
import { transform } from "esbuild";
import { rollup } from "rollup";
import { entries, root } from "./entries.ts";

/** The command, which package.json names under `bin`. */
const COMMAND = "src/cli/bin.ts";

/** What all of a pool's code is reached from. It is one chunk. */
const POOL = join(root, "src/create-pool.ts");

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
        transform: async (code, id) => {
          const options = { loader: "ts", target: "es2022", sourcefile: id, sourcemap: "external" } as const;
          const { code: made, map } = await transform(code, options);
          return { code: made, map };
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
    manualChunks: (id, { getModuleInfo }) => (isOfPool(id, getModuleInfo) ? "pool" : undefined),
  });
  await bundle.close();
}

type InfoOf = (id: string) => { readonly importedIds: readonly string[] } | null;

const ofPool: Set<string> = new Set();

/** Whether a pool's code needs it before its first request. */
function isOfPool(id: string, infoOf: InfoOf): boolean {
  if (ofPool.size === 0) {
    ofPool.add(POOL);
    for (const known of ofPool) for (const next of infoOf(known)?.importedIds ?? []) ofPool.add(next);
  }
  return ofPool.has(id);
}
