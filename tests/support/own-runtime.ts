/** Own runtime: how a test starts a program of `tests/` on the runtime that runs the test itself. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * The command that runs a program, to which arguments are added. Node gets a bundle of it and of the library, which is made once, before
 * the tests: by tsx, every start transpiles or looks up each module anew, which takes a second of CPU time.
 */
export function onThisRuntime(program: URL): readonly string[] {
  const source = fileURLToPath(program);
  if ("Deno" in globalThis) return [process.execPath, "run", "-A", "--no-check", source];
  if ("Bun" in globalThis) return [process.execPath, source];
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bundle-"));
  before(() => bundle(source, folder));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return [process.execPath, join(folder, "program.mjs")];
}

/** What the library imports on demand stays a chunk of its own, so that it is still loaded on demand. */
async function bundle(program: string, outdir: string): Promise<void> {
  const { build } = await import("esbuild");
  await build({
    entryPoints: { program },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: `node${process.versions.node}`,
    logLevel: "error",
  });
}
