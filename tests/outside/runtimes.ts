/** Runtimes: the programs in which each package is driven, and how they start a file. */

import process from "node:process";
import { node24, nodeWithTsx, tool } from "../../scripts/test/tools.ts";

export const RUNTIMES = ["node", "deno", "bun"] as const;
export type Runtime = (typeof RUNTIMES)[number];

/**
 * Several of the packages need Node 22. Where the Node 24 of `scripts/node24/` is missing, one's own has to do, with tsx:
 * not every Node runs TypeScript.
 */
export const commands: Readonly<Record<Runtime, readonly string[]>> = {
  node: node24() === undefined ? nodeWithTsx : [node24() ?? "", "--disable-warning=ExperimentalWarning"],
  deno: [tool("deno"), "run", "--allow-all", "--no-check"],
  bun: [tool("bun"), "run"],
};

/** As the table calls them. */
export const titles: Readonly<Record<Runtime, string>> = {
  node: `Node ${node24() === undefined ? process.versions.node.split(".")[0] : 24}`,
  deno: "Deno",
  bun: "Bun",
};
