/** Runtimes: the runtimes that the suite runs on, and the command that starts a script in each. */

import { node22, node24, nodeWithTsx, tool } from "../../../scripts/test/tools.ts";
import type { Command } from "./perform.ts";

export interface Runtime {
  readonly name: string;
  /** `undefined`: not available for this platform. */
  readonly command: Command | undefined;
}

export function runtimes(): Runtime[] {
  const [own] = process.versions.node.split(".");
  const others = [
    { name: "node22", command: commandOf(node22(), "--import", "tsx") },
    // Without tsx: Node runs the sources directly.
    { name: "node24", command: commandOf(node24()) },
  ];
  return [
    { name: `node${own}`, command: nodeWithTsx },
    ...others.filter(({ name }) => name !== `node${own}`),
    { name: "deno", command: [tool("deno"), "run", "--allow-all", "--no-check", "--quiet"] },
    { name: "bun", command: [tool("bun")] },
  ];
}

function commandOf(program: string | undefined, ...options: string[]): Command | undefined {
  return program === undefined ? undefined : [program, ...options];
}
