/** Here: the runtime of a test, for the programs of a bench. Node gets them as bundles, without the loader for TypeScript. */

import process from "node:process";
import { findRuntime, type Runtime } from "../../bench/torture/runtimes.ts";
import { bundled } from "../support/bundled.ts";

export const here: Runtime = withBundles(findRuntime("here") as Runtime);

/** Another pace of the machine is loaded by the loader. */
function withBundles(runtime: Runtime): Runtime {
  const isNode = !("Deno" in globalThis || "Bun" in globalThis);
  if (!isNode || process.env.HOLDFAST_PACE !== undefined) return runtime;
  return { ...runtime, command: [process.execPath], bundled };
}
