/** Pairs: what two rows of windows, taken in turns, say about each other. */

import { median } from "../speed/summary.ts";

/** The median of the ratios of neighbours, and the bounds between which the true one is with a probability of 95 %. */
export interface Ratio {
  readonly middle: number;
  readonly low: number;
  readonly high: number;
}

/** How many standard deviations of a binomial distribution 95 % are. */
const DEVIATIONS = 1.96;

/**
 * `some` beside `others`, window by window. The bounds are order statistics, so that they assume nothing about how times are
 * distributed: of n ratios, those that are 0.98 √n places from the middle.
 */
export function ratioOf(some: readonly number[], others: readonly number[]): Ratio {
  const ratios = some.map((one, at) => one / (others[at] ?? NaN)).sort((one, other) => one - other);
  const rank = Math.floor((ratios.length - DEVIATIONS * Math.sqrt(ratios.length)) / 2);
  const least = Math.max(0, rank);
  return {
    middle: median(ratios),
    low: ratios[least] ?? NaN,
    high: ratios[ratios.length - 1 - least] ?? NaN,
  };
}

/** The value that a quarter is below. */
export function lowerQuartile(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 4)] ?? NaN;
}
