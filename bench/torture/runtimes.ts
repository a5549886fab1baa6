/** Runtimes: how to run a script on each runtime, and which clients exist there. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { ClientName } from "./clients.ts";

export interface Runtime {
  readonly name: string;
  /** The command before the script. */
  readonly command: readonly string[];
  readonly clients: readonly ClientName[];
  /** Returns what to run instead of a script. Without it that is the script itself. Tests bundle scripts for Node. */
  readonly bundled?: (script: URL) => Promise<string>;
}

export const RUNTIME_NAMES = ["here", "node", "node24", "deno", "bun"] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

const HOLDFAST: readonly ClientName[] = ["holdfast-request", "holdfast-fetch"];
/** A pool as the dispatcher of other clients. */
const OVER_POOL: readonly ClientName[] = ["holdfast-undici", "holdfast-undici-fetch", "holdfast-builtin"];
const NODE: readonly ClientName[] = [
  ...HOLDFAST,
  ...OVER_POOL,
  "builtin",
  "undici",
  "undici-fetch",
  "node-http",
  "holdfast-node",
];
const OTHER: readonly ClientName[] = [...HOLDFAST, "builtin", "node-http", "holdfast-node"];

const root = fileURLToPath(new URL("../../", import.meta.url));

const versions: Readonly<Record<string, string | undefined>> = process.versions;

/** The runtime of that name, or `undefined` if it is not installed. */
export function findRuntime(name: RuntimeName): Runtime | undefined {
  const tool = (program: string) => join(root, "node_modules", ".bin", program);
  switch (name) {
    case "here":
      return here();
    case "node":
      // If another runtime runs this, Node is not known to be installed.
      return versions.deno === undefined && versions.bun === undefined ? here() : undefined;
    case "node24": {
      const program = node24();
      return program === undefined ? undefined : { name: "Node 24", command: [program], clients: NODE };
    }
    case "deno":
      return { name: "Deno", command: [tool("deno"), "run", "--allow-all", "--no-check"], clients: OTHER };
    case "bun":
      return { name: "Bun", command: [tool("bun")], clients: OTHER };
  }
}

/** The runtime of this process, with its loader: Node 20 needs one for TypeScript. */
function here(): Runtime {
  const program = process.execPath;
  if (versions.deno !== undefined) {
    return {
      name: `Deno ${versions.deno}`,
      command: [program, "run", "--allow-all", "--no-check"],
      clients: OTHER,
    };
  }
  if (versions.bun !== undefined) return { name: `Bun ${versions.bun}`, command: [program], clients: OTHER };
  const loader = process.execArgv.filter((argument) => !argument.startsWith("--test"));
  return { name: `Node ${process.versions.node}`, command: [program, ...loader], clients: NODE };
}

function node24(): string | undefined {
  const home = join(root, "scripts", "node24", "node_modules");
  if (!existsSync(home)) return undefined;
  const found = readdirSync(home).find((folder) => folder.startsWith("node-"));
  const program = join(home, found ?? "", "bin", "node");
  return found !== undefined && existsSync(program) ? program : undefined;
}
