/**
 * Learning: counts the requests that meet a connection which the server has closed, with `learn: false` and with
 * `learn: true`, and compares the learned limit with the server's real limit.
 *
 * ```sh
 * node --import tsx bench/learning/main.ts                    # 100,000 requests each, in virtual time; then real
 * sockets
 * node --import tsx bench/learning/main.ts --requests 10000 --seconds 0
 * ```
 *
 * Exit code: 1 if learning made stale hits clearly more frequent in a scenario.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { realSockets } from "./real.ts";
import { SCENARIOS } from "./scenarios.ts";
import { type Findings, simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    /** Seconds on real sockets; 0 leaves them out. */
    seconds: { type: "string", default: "24" },
    limit: { type: "string", default: "120" },
    seed: { type: "string", default: "1" },
  },
});
const PER = 100_000;
/**
 * A difference in stale hits up to this, per 100,000 requests, counts as noise: learning reuses more connections, so
 * more can be stale.
 */
const NOISE = 10;
const requests = Number(values.requests);
const seed = Number(values.seed);
const style = { head: [], border: [] };

process.exitCode = await main();

async function main(): Promise<number> {
  const table = new Table({
    head: [
      "idle limit of the server",
      "stale hits\nwithout",
      "stale hits\nlearning",
      "stalls\nwithout",
      "stalls\nlearning",
      "failed POSTs\nwithout",
      "failed POSTs\nlearning",
      "connections\nwithout",
      "connections\nlearning",
      "learned : true\n(median)",
      "while\nabove",
    ],
    colAligns: ["left", ...Array.from({ length: 10 }, () => "right" as const)],
    style,
  });
  let worse = 0;
  for (const scenario of SCENARIOS) {
    const without = await simulate(scenario, requests, false, seed);
    const learning = await simulate(scenario, requests, true, seed);
    if (learning.staleHits > without.staleHits + (NOISE * requests) / PER) worse += 1;
    table.push([scenario.name, ...row(without, learning)]);
  }
  console.log(`Virtual time, ${requests} requests each (one in five a POST); figures per 100,000 requests.`);
  console.log(table.toString());
  console.log(
    "stale hit: written on a connection that the server had closed. stall: a request that took 250 ms or more, on a\n" +
      "connection that was forgotten without a word. while above: share of requests made while the learned limit was\n" +
      "above the true one, because it was being tried whether that still holds.",
  );
  if (Number(values.seconds) > 0) await real();
  return worse > 0 ? 1 : 0;
}

function row(without: Findings, learning: Findings): (string | number)[] {
  const per = (count: number) => Math.round((count * PER) / requests);
  const { ratio, above } = learning;
  return [
    per(without.staleHits),
    per(learning.staleHits),
    per(without.stalls),
    per(learning.stalls),
    per(without.failures),
    per(learning.failures),
    per(without.connections),
    per(learning.connections),
    ratio === undefined || ratio === 0 ? "–" : ratio.toFixed(3),
    ratio === undefined || ratio === 0 ? "–" : `${(100 * above).toFixed(1)} %`,
  ];
}

async function real(): Promise<void> {
  const limitMs = Number(values.limit);
  const table = new Table({
    head: ["server", "learn", "requests", "stale hits\nper 100,000", "connections", "learned limit"],
    style,
  });
  for (const found of await realSockets(limitMs, Number(values.seconds), seed)) {
    table.push([
      found.server === "silent" ? "forgets in silence, then RST" : "closes",
      String(found.learn),
      found.requests,
      Math.round((found.staleHits * PER) / found.requests),
      found.connections,
      found.learned ?? "–",
    ]);
  }
  console.log(`\nReal sockets, idle limit ${limitMs} ms, pauses up to ${2 * limitMs} ms.`);
  console.log(table.toString());
}
