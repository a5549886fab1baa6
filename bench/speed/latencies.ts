/**
 * Latencies: how many requests took how long, so that a percentile can be taken of all rounds together. A round is told in steps of
 * 1 %: some hundred pairs of numbers instead of ten thousands.
 */

/** Steps, each with the number of requests whose latency it holds. */
export type Latencies = readonly (readonly [step: number, requests: number])[];

const STEP = Math.log(1.01);

const stepOf = (micros: number): number => Math.round(Math.log(Math.max(micros, 1)) / STEP);
const microsOf = (step: number): number => Math.exp(step * STEP);

/** What a round tells. */
export function latenciesOf(micros: Iterable<number>): Latencies {
  const counts = new Map<number, number>();
  for (const one of micros) {
    const step = stepOf(one);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return [...counts];
}

/** The latency in µs that this share of all requests of some rounds does not exceed. 0 where there are none. */
export function percentileOf(rounds: readonly Latencies[], share: number): number {
  const steps = rounds.flat().sort(([one], [other]) => one - other);
  const all = steps.reduce((sum, [, requests]) => sum + requests, 0);
  let left = Math.floor(all * share);
  for (const [step, requests] of steps) {
    left -= requests;
    if (left < 0) return microsOf(step);
  }
  return 0;
}
