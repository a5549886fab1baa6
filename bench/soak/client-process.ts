/** Client process: uses one pool heavily, pauses now and then to be measured, and closes it at the end. */

import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { createPool } from "../../mod.ts";
import { Prng } from "../../tests/support/prng.ts";
import { ACTIONS } from "./actions.ts";
import type { Measured, SoakLaunch } from "./protocol.ts";

const LANES = 24;
const WEIGHTS = Object.fromEntries(Object.entries(ACTIONS).map(([name, { weight }]) => [name, weight]));

const launch = JSON.parse(process.argv[2] ?? "{}") as SoakLaunch;
const origins = launch.ports.map((port) => `http://127.0.0.1:${port}`);
const random = new Prng(launch.seed);
const goOn = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let pool = createPool();
let requests = 0;
let failures = 0;

async function lane(until: number): Promise<void> {
  while (performance.now() < until) {
    const action = ACTIONS[random.weighted(WEIGHTS)];
    const origin = origins[random.below(origins.length)] ?? "";
    requests += 1;
    await action?.act(pool, origin, random).catch(() => {
      failures += 1;
    });
  }
}

/** Collects twice, because what a finalizer releases is garbage only after the first collection. */
async function collect(): Promise<boolean> {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  const force = Bun === undefined ? gc : () => Bun.gc(true);
  if (force === undefined) return false;
  for (let count = 0; count < 3; count++) {
    force();
    await new Promise((resolve) => setTimeout(resolve, launch.settleMs / 4));
  }
  return true;
}

/** Measures as often as it is asked to. */
async function measure(state: Measured["state"]): Promise<void> {
  for (;;) {
    process.stdout.write(`${JSON.stringify(await look(state))}\n`);
    const { value } = await goOn.next();
    if (JSON.parse(value ?? "{}").go === "on") return;
  }
}

async function look(state: Measured["state"]): Promise<Measured> {
  const { heapUsed: before } = process.memoryUsage();
  const collected = await collect();
  await new Promise((resolve) => setTimeout(resolve, launch.settleMs));
  const { heapUsed, rss } = process.memoryUsage();
  const { open, active, idle } = pool.stats();
  const files = existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : undefined;
  return {
    state,
    collected,
    requests,
    failures,
    heapBefore: before,
    heap: heapUsed,
    rss,
    open,
    active,
    idle,
    ...(files === undefined ? {} : { files }),
  };
}

/**
 * Opens, before anything is counted, what a transport opens once and keeps, like Deno's pair of sockets for its
 * turns.
 */
async function warmUp(): Promise<void> {
  for (let count = 0; count < 3; count++) {
    await (await pool.request(`${origins[0]}/`)).text();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await pool.close();
  pool = createPool();
}

await warmUp();
await measure("fresh");
for (let round = 0; round < launch.rounds; round++) {
  const until = performance.now() + launch.roundMs;
  await Promise.all(Array.from({ length: LANES }, () => lane(until)));
  await measure("quiet");
}
await pool.close({ timeout: 500 });
await measure("closed");
// The old pool must be garbage from now on.
pool = createPool();
await measure("gone");
process.exit(0);
