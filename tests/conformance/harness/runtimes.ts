/** Runtimes: the runtimes that the suite runs on, and the command that starts a script in each. */

import { fileURLToPath } from "node:url";
import { node22, node24, tool } from "../../../scripts/test/tools.ts";
import { bundled } from "../../support/bundled.ts";
import type { Command } from "./perform.ts";

/** The command for a script. */
export type Launcher = (script: URL) => Promise<Command>;

export interface Runtime {
  readonly name: string;
  /** `undefined`: not available for this platform. */
  readonly launch: Launcher | undefined;
}

/** The Node that runs this. It reads no TypeScript by itself, so it gets bundles, and so does Node 22. */
export const ownNode: Launcher = withBundles(process.execPath);

export function runtimes(): Runtime[] {
  const [own] = process.versions.node.split(".");
  const others = [
    { name: "node22", launch: node22() === undefined ? undefined : withBundles(node22() ?? "") },
    // Node 24 runs the sources directly.
    { name: "node24", launch: node24() === undefined ? undefined : withSources(node24() ?? "") },
  ];
  return [
    { name: `node${own}`, launch: ownNode },
    ...others.filter(({ name }) => name !== `node${own}`),
    { name: "deno", launch: withSources(tool("deno"), "run", "--allow-all", "--no-check", "--quiet") },
    { name: "bun", launch: withSources(tool("bun")) },
  ];
}

function withBundles(program: string): Launcher {
  return async (script) => [program, await bundled(script)];
}

function withSources(...command: readonly string[]): Launcher {
  return async (script) => [...command, fileURLToPath(script)];
}
