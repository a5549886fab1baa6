/** Lengths of an open loop: how many requests a percentile and a compiler need, and how long that takes. */

/**
 * Requests of a measured round. A p99 of five rounds together is decided by 600 of them then. In half a second at 20 % there were 41 in
 * a round, and one pause of a compiler's thread decided it.
 */
const ROUND_REQUESTS = 12_000;
/** A round that has fewer lasts longer, up to this factor. */
const ROUND_FACTOR = 4;

/** How long a measured round lasts whose requests come at this rate. */
export function openRoundMs(arrivals: number, runMs: number): number {
  return Math.min(Math.max(runMs, (1000 * ROUND_REQUESTS) / arrivals), ROUND_FACTOR * runMs);
}

/**
 * An open loop is a different program to a compiler: functions meet other types, and are compiled anew, by threads that share the core
 * of the client. V8 was seen to compile until 125,000 requests were answered, 30,000 of them before the open loop. So the warm-up goes
 * on with open loops. They are as fast as the client keeps up with, up to a factor, because at the rate that is measured they would
 * take a quarter of a minute. The end is at that rate.
 */
export const OPEN_WARM = {
  requests: 100_000,
  rateTimes: 4,
  /** No request comes while so many wait: nobody is overloaded by a warm-up. */
  mostWaiting: 20,
  /** Times the length of another warm-up. */
  mostTimes: 5,
} as const;

/** What clients do in a warm-up, by which times are estimated: requests per second, at most. */
const WARM_RATE = 30_000;

/** About how long that warm-up takes. */
export function openWarmMs(arrivals: number, warmMs: number): number {
  const rate = Math.min(OPEN_WARM.rateTimes * arrivals, WARM_RATE);
  return Math.min((1000 * OPEN_WARM.requests) / rate, OPEN_WARM.mostTimes * warmMs) + warmMs;
}
