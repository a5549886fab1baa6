/**
 * Main: `npm run network` runs the cases of the lab with each client on each runtime and prints a table.
 *
 * `--only NAME` chooses cases, `--clients a,b` clients, `--runtimes a,b` runtimes. `--options JSON` are options of the pool;
 * `--http2` makes the origin speak HTTP/2 in plain text. The built-in fetches are left out then: they take HTTP/2 only
 * from TLS, or not at all. `--at-a-time N` runs so many labs side by side, `--json FILE` keeps every request's figures,
 * and `--markdown` prints the table of docs/silence.md.
 * Go and reqwest are left out where they cannot be built.
 */

import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { findRuntime, type RuntimeName } from "../../bench/torture/runtimes.ts";
import { root } from "../../scripts/entries.ts";
import { find } from "../parity/systems/tools.ts";
import { CASES, type NetworkCase } from "./cases.ts";
import { markdownOf, type Outcome } from "./compact.ts";
import { missing } from "./lab.ts";
import { type Figures, runCase } from "./run.ts";
import type { ClientKind } from "./script.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    clients: { type: "string", default: "holdfast,built-in,undici,node:http,node:http2,Go,reqwest" },
    http2: { type: "boolean", default: false },
    "at-a-time": { type: "string", default: "8" },
    json: { type: "string" },
    markdown: { type: "boolean", default: false },
    runtimes: { type: "string", default: "node24,deno,bun" },
    options: { type: "string" },
  },
});

/** The clients that speak HTTP/2 in plain text, and those that speak HTTP/1.1. */
const SPEAKS: Readonly<Record<"h1" | "h2", readonly ClientKind[]>> = {
  h1: ["holdfast", "built-in", "undici", "node:http", "Go", "reqwest"],
  h2: ["holdfast", "undici", "node:http2", "Go", "reqwest"],
};

interface Job {
  readonly test: NetworkCase;
  readonly kind: ClientKind;
  readonly runtime: string;
  readonly command: readonly string[];
}

function jobs(): Job[] {
  const speaks = SPEAKS[values.http2 ? "h2" : "h1"];
  const clients = (values.clients.split(",") as ClientKind[]).filter((kind) => speaks.includes(kind));
  const cases = CASES.filter(({ name }) => values.only === undefined || values.only.includes(name));
  const native = [
    ...(clients.includes("Go") ? goClient() : []),
    ...(clients.includes("reqwest") ? reqwestClient() : []),
  ];
  const every = cases.flatMap((test) => [
    ...native.map((program) => ({ test, ...program })),
    ...values.runtimes.split(",").flatMap((name) => {
      const runtime = findRuntime(name as RuntimeName);
      if (runtime === undefined) return [];
      const kinds = clients.filter((kind) => runsOn(kind, name));
      return kinds.map((kind) => ({ test, kind, runtime: runtime.name, command: runtime.command }));
    }),
  ]);
  return every.filter(({ test, kind }) => test.ofHoldfast !== true || kind === "holdfast");
}

/** On Deno and Bun the modules of Node and undici are emulations. */
function runsOn(kind: ClientKind, runtime: string): boolean {
  if (kind === "holdfast" || kind === "built-in") return true;
  return runtime.startsWith("node") && kind !== "Go" && kind !== "reqwest";
}

/** Builds the client program of reqwest. The first build takes some minutes. */
function reqwestClient(): Omit<Job, "test">[] {
  const target = join(root, ".cache", "network", "reqwest");
  const manifest = fileURLToPath(new URL("reqwest/Cargo.toml", import.meta.url));
  const options = ["build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target];
  try {
    execFileSync(find("cargo") ?? "cargo", options, { stdio: "ignore", timeout: 600_000 });
  } catch {
    console.error("reqwest is left out: it could not be built (no Cargo, or no crates).");
    return [];
  }
  return [{ kind: "reqwest", runtime: "Rust", command: [join(target, "release", "network-reqwest")] }];
}

/** Builds the client program of `net/http`. */
function goClient(): Omit<Job, "test">[] {
  const installed = "/usr/local/go/bin/go";
  const compiler = find("go") ?? (existsSync(installed) ? installed : undefined);
  const program = join(root, ".cache", "network", "go-client");
  try {
    if (compiler === undefined) throw new Error("There is no Go");
    const source = fileURLToPath(new URL("go/", import.meta.url));
    execFileSync(compiler, ["build", "-C", source, "-o", program, "."], { stdio: "ignore" });
    return [{ kind: "Go", runtime: "Go", command: [program] }];
  } catch {
    console.error("Go is left out: it could not be built.");
    return [];
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
  const options = {
    ...(values.http2 && { http2: "prior-knowledge" }),
    ...(JSON.parse(values.options ?? "{}") as object),
  };
  const lane = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      rows.set(
        job,
        await runCase(job.test, job.kind, job.command, { ...options, ...job.test.options }).catch(String),
      );
      keep(all, rows);
      process.stderr.write(`${rows.size} of ${all.length}: ${job.test.name}, ${job.kind}, ${job.runtime}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values["at-a-time"]) }, lane));
  for (const job of all) table.push(rowOf(job, rows.get(job)));
  console.log(
    values.markdown ? markdownOf(all.map((job) => outcomeOf(job, rows.get(job)))) : table.toString(),
  );
}

/** After each job: a run of many minutes may be cut. */
function keep(all: readonly Job[], rows: ReadonlyMap<Job, Figures | string>): void {
  if (values.json === undefined) return;
  const kept = all.map((job) => ({ ...job, test: job.test.name, figures: rows.get(job) }));
  writeFileSync(values.json, JSON.stringify(kept));
}

/** On Node every client runs, so that only those of other runtimes need the runtime's name. */
function outcomeOf({ test, kind, runtime }: Job, figures: Figures | string | undefined): Outcome {
  const isElsewhere = runtime === "Deno" || runtime === "Bun";
  return { test: test.name, client: isElsewhere ? `${kind}, ${runtime}` : kind, figures };
}

function rowOf({ test, kind, runtime }: Job, figures: Figures | string | undefined): (string | number)[] {
  const head = [test.name, runtime, kind];
  if (figures === undefined || typeof figures === "string") return [...head, figures ?? "not run"];
  const { medianMs, worstMs, stalled, failed, origin, extra } = figures;
  return [...head, medianMs, worstMs, stalled, failed, origin.postsTwice, extra, origin.connections];
}

await main();
