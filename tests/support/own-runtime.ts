/** Own runtime: how a test starts a program of this repository on the runtime that runs the test itself. */

import process from "node:process";
import { before } from "node:test";
import { fileURLToPath } from "node:url";
import { bundled, bundleOf } from "./bundled.ts";

/** The command that runs a program, to which arguments are added. Node gets a bundle, which is made before the tests. */
export function onThisRuntime(program: URL): readonly string[] {
  const source = fileURLToPath(program);
  if ("Deno" in globalThis) return [process.execPath, "run", "-A", "--no-check", source];
  if ("Bun" in globalThis) return [process.execPath, source];
  before(() => bundled(program));
  return [process.execPath, bundleOf(program)];
}
