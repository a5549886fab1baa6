/** Slowness: how a server is slow for everybody. */

import type { Prng } from "../support/prng.ts";

/** How a server is slow for everybody. */
export interface Slowness {
  /** When it begins, by the world's clock. */
  readonly fromMs: number;
  /** How long each answer takes, give or take a quarter; or how long the server stands still, and answers in order then. */
  readonly ms: number;
  /** It stands still so often. `undefined`: it never does, and each answer takes long. */
  readonly everyMs: number | undefined;
}

/** Draws one: from some moment on each answer takes long, or the server stands still now and then. */
export function drawSlowness(prng: Prng): Slowness {
  const everyMs = prng.among(undefined, 30_000, 300_000);
  return {
    fromMs: prng.among(0, 20_000, 600_000),
    ms: prng.among(400, 1000, 4000, 20_000),
    everyMs,
  };
}

/** How long a server that is slow for everybody takes for a request that comes now; `undefined`: as long as ever. */
export function slowMs(slow: Slowness | undefined, now: number, prng: Prng): number | undefined {
  if (slow === undefined || now < slow.fromMs) return undefined;
  if (slow.everyMs === undefined) return slow.ms * (0.75 + prng.next() / 2);
  const since = (now - slow.fromMs) % slow.everyMs;
  return since < slow.ms ? slow.ms - since : undefined;
}
