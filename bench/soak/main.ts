/**
 * Soak: minutes of everything at once (many origins, connections that come and go, aborts, unread bodies, streams),
 * to see whether memory and sockets stay flat. It measures while nothing happens, before and after a forced garbage
 * collection.
 *
 * ```sh
 * node --import tsx bench/soak/main.ts                                      # a minute on this runtime
 * node --import tsx bench/soak/main.ts --minutes 5 --runtime node,deno,bun
 * ```
 *
 * Exit code: 0 if flat, 1 if not.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { findRuntime, RUNTIME_NAMES, type Runtime, type RuntimeName } from "../torture/runtimes.ts";
import type { Sample } from "./protocol.ts";
import { soak } from "./run.ts";
import { mib, verdict } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    /** How often it pauses to be measured. */
    rounds: { type: "string", default: "16" },
    runtime: { type: "string", default: "here" },
    seed: { type: "string", default: "1" },
    quiet: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const roundMs = (Number(values.minutes) * 60_000) / rounds;
/** Long enough for a busy machine. */
const SETTLE_MS = 400;
const names = values.runtime.split(",");
const unknown = names.filter((name) => !(RUNTIME_NAMES as readonly string[]).includes(name));

if (unknown.length > 0 || !(roundMs > 0)) {
  console.error(
    `Not understood: ${unknown.join(", ") || "--minutes"}. Runtimes: ${RUNTIME_NAMES.join(", ")}.`,
  );
  process.exitCode = 2;
} else {
  for (const name of names as RuntimeName[]) {
    const runtime = findRuntime(name);
    if (runtime === undefined) console.log(`${name} is not installed: left out.`);
    else if (!(await onRuntime(runtime))) process.exitCode = 1;
  }
}

async function onRuntime(runtime: Runtime): Promise<boolean> {
  const server = findRuntime("here") as Runtime;
  const sampled = (sample: Sample): void => {
    if (!values.quiet) process.stderr.write(`${runtime.name} ${sample.state}: ${sample.requests} requests\n`);
  };
  const samples = await soak({
    server,
    runtime,
    rounds,
    roundMs,
    settleMs: SETTLE_MS,
    seed: Number(values.seed),
    sampled,
  });
  console.log(`\n${runtime.name}, ${values.minutes} min\n${tableOf(samples)}`);
  const findings = verdict(samples);
  for (const { what, ok } of findings) console.log(`${ok ? "ok    " : "NOT OK"} ${what}`);
  return findings.every(({ ok }) => ok);
}

function tableOf(samples: readonly Sample[]): string {
  const head = [
    "",
    "requests",
    "of them\nfailed",
    "heap",
    "after\ncollection",
    "resident",
    "open: pool",
    "servers",
    "files",
  ];
  const table = new Table({
    head,
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
    style: { head: [], border: [] },
  });
  const shown = samples.filter((_, index) => index < 3 || index >= samples.length - 6 || index % 4 === 0);
  for (const { state, requests, failures, heapBefore, heap, rss, open, sockets, files, collected } of shown) {
    const after = collected ? mib(heap) : "–";
    table.push([state, requests, failures, mib(heapBefore), after, mib(rss), open, sockets, files ?? "–"]);
  }
  return table.toString();
}
