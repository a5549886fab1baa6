/**
 * Main: `npm run network` runs the cases of the lab with each client on each runtime and prints a table.
 *
 * `--only NAME` chooses cases, `--clients a,b` clients, `--runtimes a,b` runtimes. `--options JSON` are options of the pool;
 * with `{"http2":"prior-knowledge"}` the origin speaks HTTP/2. Go is left out where it is not installed.
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { findRuntime, type RuntimeName } from "../../bench/torture/runtimes.ts";
import { root } from "../../scripts/entries.ts";
import { find } from "../parity/systems/tools.ts";
import { CASES, type NetworkCase } from "./cases.ts";
import { missing } from "./lab.ts";
import { type Figures, runCase } from "./run.ts";
import type { ClientKind } from "./script.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    clients: { type: "string", default: "holdfast,built-in,undici,node:http,Go" },
    runtimes: { type: "string", default: "node24,deno,bun" },
    options: { type: "string" },
  },
});

/** So many labs at a time: most of their time is waiting. */
const AT_A_TIME = 4;

interface Job {
  readonly test: NetworkCase;
  readonly kind: ClientKind;
  readonly runtime: string;
  readonly command: readonly string[];
}

function jobs(): Job[] {
  const clients = values.clients.split(",") as ClientKind[];
  const cases = CASES.filter(({ name }) => values.only === undefined || values.only.includes(name));
  const go = clients.includes("Go") ? goClient() : undefined;
  return cases.flatMap((test) => [
    ...(go === undefined ? [] : [{ test, kind: "Go" as const, runtime: "Go", command: [go] }]),
    ...values.runtimes.split(",").flatMap((name) => {
      const runtime = findRuntime(name as RuntimeName);
      if (runtime === undefined) return [];
      const kinds = clients.filter((kind) => kind !== "Go" && (kind !== "undici" || name.startsWith("node")));
      return kinds.map((kind) => ({ test, kind, runtime: runtime.name, command: runtime.command }));
    }),
  ]);
}

/** Builds the client program of `net/http`. `undefined` if there is no Go. */
function goClient(): string | undefined {
  const installed = "/usr/local/go/bin/go";
  const compiler = find("go") ?? (existsSync(installed) ? installed : undefined);
  const program = join(root, ".cache", "network", "go-client");
  try {
    if (compiler === undefined) throw new Error("There is no Go");
    const source = fileURLToPath(new URL("go/", import.meta.url));
    execFileSync(compiler, ["build", "-C", source, "-o", program, "."], { stdio: "ignore" });
    return program;
  } catch {
    console.error("Go is left out: it could not be built.");
    return undefined;
  }
}

async function main(): Promise<void> {
  const lacks = missing();
  if (lacks !== undefined) {
    console.log(`Not run: ${lacks}.`);
    return;
  }
  const table = new Table({
    head: [
      "case",
      "runtime",
      "client",
      "median ms",
      "worst ms",
      "stalled",
      "failed",
      "POST twice",
      "extra",
      "connections",
    ],
  });
  const all = jobs();
  const rows = new Map<Job, Figures | string>();
  const queue = [...all];
  const options = values.options === undefined ? undefined : (JSON.parse(values.options) as object);
  const lane = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      rows.set(job, await runCase(job.test, job.kind, job.command, options).catch(String));
      process.stderr.write(`${rows.size} of ${all.length}: ${job.test.name}, ${job.kind}, ${job.runtime}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  for (const job of all) table.push(rowOf(job, rows.get(job)));
  console.log(table.toString());
}

function rowOf({ test, kind, runtime }: Job, figures: Figures | string | undefined): (string | number)[] {
  const head = [test.name, runtime, kind];
  if (figures === undefined || typeof figures === "string") return [...head, figures ?? "not run"];
  const { medianMs, worstMs, stalled, failed, origin, extra } = figures;
  return [...head, medianMs, worstMs, stalled, failed, origin.postsTwice, extra, origin.connections];
}

await main();
