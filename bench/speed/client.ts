/**
 * Client: runs one kind of client in a process of its own: many requests at a fixed concurrency. Prints one JSON
 * line.
 */

import process from "node:process";
import { CLIENTS } from "./clients/all.ts";
import type { Client, Send } from "./clients/sender.ts";
import { CONNECTIONS_EACH, type Launch, type Measured } from "./launch.ts";
import { openLoop } from "./open-loop.ts";

const launch = JSON.parse(process.argv[2] ?? "{}") as Launch;

/** How many latencies are kept: enough for a p99, and little memory. */
const MOST_SAMPLES = 200_000;

interface Run {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly micros: Float64Array;
}

/**
 * What a compiler needs to see: so many requests, or so many bytes of large ones. A warm-up that has fewer lasts longer, up to
 * this factor. It has parts, because a client that has nothing to do for a moment runs code of its own, which would be compiled
 * again at the beginning of the measured time.
 */
const WARM_REQUESTS = 30_000;
/** Handshakes take so much longer that nothing is gained by as many of them. */
const WARM_HANDSHAKES = 2000;
const WARM_BYTES = 2 ** 31;
const WARM_FACTOR = 6;
const WARM_PARTS = 4;

async function run(send: Send, ms: number, least = 0): Promise<Run> {
  let requests = 0;
  const micros = new Float64Array(launch.connections === 1 ? MOST_SAMPLES : 0);
  const startedAt = performance.now();
  const until = startedAt + ms;
  const loop = async (): Promise<void> => {
    const goesOn = (now: number): boolean =>
      now < until || (requests < least && now < until + (WARM_FACTOR - 1) * ms);
    for (let before = performance.now(); goesOn(before); ) {
      const size = await send();
      if (size !== launch.expected) throw new Error(`${size} bytes came instead of ${launch.expected}`);
      const after = performance.now();
      if (requests < micros.length) micros[requests] = (after - before) * 1000;
      before = after;
      requests += 1;
    }
  };
  await Promise.all(Array.from({ length: launch.connections }, loop));
  const elapsedMs = performance.now() - startedAt;
  return { requests, elapsedMs, micros: micros.subarray(0, Math.min(requests, micros.length)).sort() };
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

/** A process loads only the clients of its scenario. */
async function chosenClient(): Promise<Client | undefined> {
  if (launch.urls !== undefined) return (await import("./clients/many-origins.ts")).manyOrigins;
  if (launch.fresh === true) return (await import("./clients/fresh-tls.ts")).FRESH_TLS[launch.kind];
  return CLIENTS[launch.kind]?.();
}

const client = await chosenClient();
if (client === undefined) throw new Error(`Unknown client "${launch.kind}"`);
const send = await client(launch);
const requestsToWarm = launch.fresh === true ? WARM_HANDSHAKES : WARM_REQUESTS;
const least = Math.min(requestsToWarm, WARM_BYTES / (launch.expected + launch.upload));
let warmed = CONNECTIONS_EACH * (launch.urls?.length ?? 0);
for (let part = 0; part < WARM_PARTS; part++)
  warmed += (await run(send, launch.warmMs / WARM_PARTS, least / WARM_PARTS)).requests;
const cpuBefore = process.cpuUsage();
const { arrivals, expected, runMs } = launch;
const { requests, elapsedMs, micros } =
  arrivals === undefined ? await run(send, runMs) : await openLoop(send, { expected, arrivals }, runMs);
const { user, system } = process.cpuUsage(cpuBefore);
const measured: Measured = {
  answers: warmed + requests,
  requests,
  perSecond: (requests / elapsedMs) * 1000,
  cpuMicros: (user + system) / requests,
  p50Micros: percentile(micros, 0.5),
  p99Micros: percentile(micros, 0.99),
};
console.log(JSON.stringify(measured));
process.exit(0);
