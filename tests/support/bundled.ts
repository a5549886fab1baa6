/**
 * Bundled: a program and the library as one module for Node. Started from its sources, it transpiles or looks up each of its modules
 * anew, which takes a second of CPU time.
 */

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Within the checkout, so that packages are found. The next run overwrites it, so nothing piles up when a run is killed. */
const HOME = join(root, ".cache", "programs");

const bundles = new Map<string, Promise<void>>();

/** Where `bundled()` writes the program. */
export function bundleOf(program: URL, node: string = process.versions.node): string {
  const name = relative(root, fileURLToPath(program)).replaceAll(/[\\/]/g, "-");
  return join(HOME, `node-${node}`, name.replace(/\.ts$/, ""), "program.mjs");
}

/** Bundles a program for a version of Node, once in this process. Returns the file to run. */
export async function bundled(program: URL, node: string = process.versions.node): Promise<string> {
  const file = bundleOf(program, node);
  const made = bundles.get(file) ?? bundle(fileURLToPath(program), file, node);
  bundles.set(file, made);
  await made;
  return file;
}

/** What the library imports on demand stays a chunk of its own, so that it is still loaded on demand. */
async function bundle(program: string, file: string, node: string): Promise<void> {
  const { build } = await import("esbuild");
  const outdir = join(file, "..");
  const { outputFiles } = await build({
    entryPoints: { program },
    outdir,
    write: false,
    bundle: true,
    packages: "external",
    // The only package in TypeScript.
    alias: { "@std/assert": join(root, "tests/std-assert/mod.ts") },
    plugins: [besideItsSource],
    splitting: true,
    format: "esm",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: `node${node}`,
    logLevel: "error",
  });
  await mkdir(outdir, { recursive: true });
  for (const { path, contents } of outputFiles) await replace(path, contents);
  const written = new Set(outputFiles.map(({ path }) => basename(path)));
  const outdated = (await readdir(outdir)).filter((name) => name.endsWith(".mjs") && !written.has(name));
  await Promise.all(outdated.map((name) => rm(join(outdir, name), { force: true })));
}

/** In one step, because another run may read the file. */
async function replace(path: string, contents: Uint8Array): Promise<void> {
  const old = await readFile(path).catch(() => undefined);
  if (old?.equals(contents)) return;
  await writeFile(`${path}.${process.pid}`, contents);
  await rename(`${path}.${process.pid}`, path);
}

/** Programs of this repository find files by their own place. The library does not. */
const besideItsSource: Plugin = {
  name: "beside its source",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](tests|bench|scripts)[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const place = JSON.stringify(pathToFileURL(path).href);
      return { contents: text.replaceAll("import.meta.url", place), loader: "ts" };
    });
  },
};
