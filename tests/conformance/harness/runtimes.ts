/** Runtimes: the runtimes that the suite runs on, and the command that starts a script in each. */

import { node24, nodeWithTsx, tool } from "../../../scripts/test/tools.ts";
import type { Command } from "./perform.ts";

export interface Runtime {
  readonly name: string;
  /** `undefined`: not available for this platform. */
  readonly command: Command | undefined;
}

export function runtimes(): Runtime[] {
  const newer = node24();
  return [
    { name: `node${process.versions.node.split(".")[0]}`, command: nodeWithTsx },
    // Without tsx: Node runs the sources directly.
    { name: "node24", command: newer === undefined ? undefined : [newer] },
    { name: "deno", command: [tool("deno"), "run", "--allow-all", "--no-check", "--quiet"] },
    { name: "bun", command: [tool("bun")] },
  ];
}
