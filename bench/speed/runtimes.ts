/** Runtimes: the installed runtimes, how to start a client on each, and which clients work there. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { node24, nodeWithTsx, tool } from "../../scripts/test/tools.ts";

/** One runtime. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  readonly command: readonly string[];
  /** Clients that work here, besides Holdfast and the built-in fetch. */
  readonly peers: readonly string[];
  /** Another language: its client does one round and ends. */
  readonly isOutside?: boolean;
}

const UNDICI = ["undici dispatch", "undici request", "undici fetch"];
const ON_NODE = ["node:http", "agentkeepalive", "ky", "axios"];

/** The installed runtimes. */
export function runtimes(): Runtime[] {
  const newer = node24();
  const list: Omit<Runtime, "version">[] = [
    ...(newer === undefined
      ? []
      : [{ name: "Node 24", command: [newer], peers: [...UNDICI, ...ON_NODE, "got"] }]),
    {
      name: "Deno",
      command: [tool("deno"), "run", "-A", "--no-check"],
      peers: ["node:http", "undici request", "undici fetch", "ky"],
    },
    {
      name: "Bun",
      command: [tool("bun")],
      peers: ["undici request", "node:http", "agentkeepalive", "ky", "axios", "got"],
    },
    // undici 8 and got 16 need Node 22.
    { name: `Node ${process.versions.node.split(".")[0]}`, command: nodeWithTsx, peers: ON_NODE },
  ];
  const seen = new Set<string>();
  return list
    .filter(({ name }) => !seen.has(name) && seen.add(name))
    .filter(({ command: [program = ""] }) => existsSync(program))
    .map((runtime) => ({ ...runtime, version: versionOf(runtime.command) }));
}

function versionOf([program = ""]: readonly string[]): string {
  const output = execFileSync(program, ["--version"], { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(output)?.[0] ?? "unknown";
}

/** A command pinned to a CPU core, where the system can do that. */
export function pinned(core: number, command: readonly string[]): [string, ...string[]] {
  const taskset = ["/usr/bin/taskset", "/bin/taskset"].find(existsSync);
  const canPin = taskset !== undefined && cpus().length > 1;
  const [program = process.execPath, ...rest] = canPin ? [taskset, "-c", String(core), ...command] : command;
  return [program, ...rest];
}
