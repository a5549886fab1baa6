/** Runtimes: the commands that run one file of the tests. Some tests need `gc`, and Deno's `Request` a location. */

import process from "node:process";
import { node24, nodeWithTsx, tool } from "../test/tools.ts";

const RUNTIMES = ["node24", "node", "deno", "bun"] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** The command, without the script, for a test whose page would be at `location`. */
export type RuntimeCommand = (location: string) => readonly string[];

export function isRuntime(name: string): name is Runtime {
  return RUNTIMES.some((runtime) => runtime === name);
}

/** @throws {Error} if the runtime is not there. */
export function commandOf(runtime: Runtime): RuntimeCommand {
  if (runtime === "bun") return () => [tool("bun")];
  if (runtime === "deno") {
    const options = ["run", "--allow-all", "--no-check", "--no-lock", "--quiet", "--v8-flags=--expose-gc"];
    return (location) => [tool("deno"), ...options, "--location", location];
  }
  if (runtime === "node") return () => [process.execPath, "--expose-gc", ...nodeWithTsx.slice(1)];
  const program = node24();
  if (program === undefined) throw new Error("Node 24 is not there: node scripts/bootstrap.mjs --nodes");
  return () => [program, "--expose-gc"];
}
