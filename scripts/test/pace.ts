/**
 * Pace: makes the machine look faster or slower than it is. Loaded before tests, it shows which of them depend on that:
 *
 * ```sh
 * HOLDFAST_PACE=fast:7 npm test -- --only node,deno,bun        # 7: the seed
 * HOLDFAST_PACE=slow npm test -- --only node tests/http2
 * ```
 *
 * - `fast`: time stands still for up to 20 ms, and then has passed all at once. On a machine that is fast enough any two steps may
 *   happen at the same time.
 * - `slow`: the event loop stands still for up to 40 ms, again and again, as where other programs keep the processor busy.
 */

import process from "node:process";
import { setTimeout } from "node:timers";
import { Prng } from "../../tests/support/prng.ts";

const LONGEST_TICK_MS = 20;
const LONGEST_STALL_MS = 40;

const [pace, seed = "2"] = (process.env.HOLDFAST_PACE ?? "fast").split(":");
const random = new Prng(Number(seed));
const now = performance.now.bind(performance);

if (pace === "fast") standStill();
else if (pace === "slow") stall();
else throw new Error(`HOLDFAST_PACE is ${pace}: it can be fast or slow, with a seed behind a colon`);

function standStill(): void {
  let shown = now();
  let next = shown;
  const coarse = (): number => {
    const real = now();
    if (real < next) return shown;
    next = real + LONGEST_TICK_MS * random.next();
    shown = real;
    return shown;
  };
  Object.defineProperty(performance, "now", { configurable: true, writable: true, value: coarse });
}

function stall(): void {
  setTimeout(
    () => {
      for (const until = now() + LONGEST_STALL_MS * random.next(); now() < until; );
      stall();
    },
    2 * LONGEST_STALL_MS * random.next(),
  ).unref();
}
