/**
 * Run by startup.test.ts on Deno: callers come and go around the moment when a program's first timers may be set, in an order that a
 * seed draws. Once nobody waits, the process must end. Argument: the seed.
 */

import { systemClock } from "../../src/contract/clock.ts";
import { Prng } from "../support/prng.ts";

const { Deno } = globalThis as unknown as { readonly Deno: { readonly args: readonly string[] } };
const prng = new Prng(Number(Deno.args[0]));

/** Timers are put off for 20 ms. */
const TIMES_MS = [0, 1, 5, 15, 19, 21, 25, 40] as const;

function at(ms: number, step: () => void): void {
  if (ms === 0) step();
  else setTimeout(step, ms);
}

for (let caller = 0; caller < 4; caller++) {
  const [comes, goes] = [prng.among(...TIMES_MS), prng.among(...TIMES_MS)];
  at(Math.min(comes, goes), () => systemClock.ref?.(true));
  at(Math.max(comes, goes), () => systemClock.ref?.(false));
  at(prng.among(...TIMES_MS), () => systemClock.schedule(prng.among(1, 1000), () => {}));
}
