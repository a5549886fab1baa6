/** Run runtime: runs the scenarios on one runtime, with a separate server, and reads what the client prints. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root } from "../../../scripts/entries.ts";
import type { Command, Outcome } from "./perform.ts";
import { type Launcher, ownNode } from "./runtimes.ts";

/** More than all scenarios together take on a busy machine. A client that takes longer hangs. */
const PATIENCE_MS = 480_000;

export interface Run {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** What is wrong with the process of the client. */
  readonly error: string | undefined;
  readonly seconds: number;
}

export async function runRuntime(launch: Launcher, only: string): Promise<Run> {
  const started = performance.now();
  const server = start(await ownNode("server"));
  try {
    const port = await firstLine(server);
    const child = JSON.stringify(await launch("child"));
    const client = start([...(await launch("client")), port, child, only]);
    const { outcomes, error } = await collect(client);
    return { outcomes, error, seconds: (performance.now() - started) / 1000 };
  } finally {
    server.stdin?.end();
  }
}

/** Each process ends with its standard input or with the control connection, so none outlives this one. */
function start([file = "", ...args]: Command): ChildProcess {
  return spawn(file, args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("The server has no output");
  for await (const line of createInterface(stdout)) return line;
  throw new Error("The server ended before it listened");
}

async function collect(client: ChildProcess): Promise<Pick<Run, "outcomes" | "error">> {
  const outcomes = new Map<string, Outcome>();
  let hung = false;
  const patience = setTimeout(() => {
    hung = true;
    client.kill("SIGKILL");
  }, PATIENCE_MS);
  if (client.stdout === null) throw new Error("The client has no output");
  createInterface(client.stdout).on("line", (line) => {
    const outcome: Outcome = JSON.parse(line);
    outcomes.set(outcome.name, outcome);
  });
  const [code, by] = await once(client, "close");
  clearTimeout(patience);
  if (hung) return { outcomes, error: "the client did not end by itself" };
  return { outcomes, error: code === 0 ? undefined : `the client ended with ${code ?? by}` };
}
