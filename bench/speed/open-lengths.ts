/** Lengths of an open loop: how many requests a percentile and a compiler need, and how long that takes. */

/**
 * Rounds of an open loop for each of another scenario. Many short ones meet more moments of the machine than few long ones, and the
 * same ones as the neighbours': what disturbs is not a single client's fate.
 */
const ROUNDS_EACH = 4;
/** Requests of such a round. The p99 of 20 of them together is decided by 600. */
const ROUND_REQUESTS = 3000;

/** How many rounds of an open loop are measured. */
export function openRounds(rounds: number): number {
  return ROUNDS_EACH * rounds;
}

/** How long a measured round lasts whose requests come at this rate: a quarter of the usual, or what its requests need. */
export function openRoundMs(arrivals: number, runMs: number): number {
  return Math.min(Math.max(runMs / ROUNDS_EACH, (1000 * ROUND_REQUESTS) / arrivals), runMs);
}

/**
 * Rounds of an open loop that go before the others and do not count. A client has rested by then while its neighbours warmed up, and
 * its first rounds opened connections again, and compiled for 20 to 70 ms: also the raw socket's.
 */
export const OPEN_REHEARSALS = 3;

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
