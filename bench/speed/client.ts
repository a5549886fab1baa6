/**
 * Client: runs one kind of client in a process of its own: many requests at a fixed concurrency, or as they come. Prints a JSON
 * line for each round that it is told to do.
 */

import { readSync, writeSync } from "node:fs";
import { CLIENTS } from "./clients/all.ts";
import type { Client, Send } from "./clients/sender.ts";
import { latenciesOf } from "./latencies.ts";
import { CONNECTIONS_EACH, type Launch, type Measured } from "./launch.ts";
import { OPEN_WARM, openRoundMs } from "./open-lengths.ts";
import { openLoop } from "./open-loop.ts";

/** Not from `node:process`: to import it opens the standard input on Node 24, which then no longer blocks who reads it. */
const { process } = globalThis;
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
/** Handshakes take longer, and run more code: JavaScriptCore was seen to compile it for some 5,000 of them. */
const WARM_HANDSHAKES = 10_000;
const WARM_BYTES = 2 ** 31;
const WARM_FACTOR = 4;
const WARM_PARTS = 4;
/** Before each round: connections that were idle for too long meanwhile are opened again. */
const AGAIN_MS = 120;

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

async function warmUp(send: Send): Promise<number> {
  const requestsToWarm = launch.fresh === true ? WARM_HANDSHAKES : WARM_REQUESTS;
  const least = Math.min(requestsToWarm, WARM_BYTES / (launch.expected + launch.upload));
  let answers = CONNECTIONS_EACH * (launch.urls?.length ?? 0);
  for (let part = 0; part < WARM_PARTS; part++)
    answers += (await run(send, launch.warmMs / WARM_PARTS, least / WARM_PARTS)).requests;
  return answers + (await warmUpOpen(send));
}

async function warmUpOpen(send: Send): Promise<number> {
  const { arrivals, expected, warmMs } = launch;
  if (arrivals === undefined) return 0;
  const { requests, rateTimes, mostTimes, mostWaiting } = OPEN_WARM;
  const load = { expected, arrivals: rateTimes * arrivals, mostWaiting };
  const until = performance.now() + mostTimes * warmMs;
  let answers = 0;
  while (answers < requests && performance.now() < until)
    answers += (await openLoop(send, load, warmMs / WARM_PARTS)).requests;
  return answers + (await openLoop(send, { expected, arrivals }, warmMs)).requests;
}

/** An open loop has all connections again before it, because a burst needs them. */
async function again(send: Send): Promise<number> {
  const { arrivals, expected } = launch;
  const { requests } = await run(send, AGAIN_MS);
  return arrivals === undefined
    ? requests
    : requests + (await openLoop(send, { expected, arrivals }, AGAIN_MS)).requests;
}

function runAsMeasured(send: Send): Promise<Run> {
  const { arrivals, expected, runMs } = launch;
  return arrivals === undefined
    ? run(send, runMs)
    : openLoop(send, { expected, arrivals }, openRoundMs(arrivals, runMs));
}

async function measure(send: Send): Promise<Measured> {
  const warmed = await again(send);
  const cpuBefore = process.cpuUsage();
  const { requests, elapsedMs, micros } = await runAsMeasured(send);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    answers: warmed + requests,
    requests,
    perSecond: (requests / elapsedMs) * 1000,
    cpuMicros: (user + system) / requests,
    p50Micros: percentile(micros, 0.5),
    p99Micros: percentile(micros, 0.99),
    maxMicros: micros.at(-1) ?? 0,
    ...(launch.arrivals === undefined ? {} : { latencies: latenciesOf(micros) }),
  };
}

interface DenoLike {
  readonly stdin: { readSync(into: Uint8Array): number | null };
  readonly stdout: { writeSync(bytes: Uint8Array): number };
}

const { Deno } = globalThis as { Deno?: DenoLike };

/** How long to wait for an order where a library has opened the standard input, which then does not block (Node 24). */
const LOOK_MS = 10;
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

/**
 * Waits until a round is ordered. Nothing runs meanwhile: a runtime that is idle shrinks its heap, and would be measured while it
 * grows again.
 */
function isOrdered(): boolean {
  const order = new Uint8Array(16);
  for (;;) {
    try {
      return ((Deno === undefined ? readSync(0, order) : Deno.stdin.readSync(order)) ?? 0) > 0;
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      Atomics.wait(nobodyWakes, 0, 0, LOOK_MS);
    }
  }
}

/**
 * Prints a line, past the stream that `console.log` writes to. On Node that is a socket of another kind than those of a client, and its
 * first write made V8 throw away what it had compiled for those: 113 ms of compiling in the second round, and 25 in the third.
 */
function print(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let at = 0; at < bytes.length; )
    at += Deno === undefined ? writeSync(1, bytes, at) : Deno.stdout.writeSync(bytes.subarray(at));
}

const client = await chosenClient();
if (client === undefined) throw new Error(`Unknown client "${launch.kind}"`);
const send = await client(launch);
let before = await warmUp(send);
while (isOrdered()) {
  const measured = await measure(send);
  print(JSON.stringify({ ...measured, answers: before + measured.answers } satisfies Measured));
  before = 0;
}
process.exit(0);
