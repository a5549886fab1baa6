/**
 * First byte: how long an origin takes from a request to the first byte of its response. The times are counted in buckets, so
 * that noting one costs a few instructions and no memory, and a percentile is computed only when somebody asks.
 */

/** Buckets per doubling of the time. A percentile is therefore too large by a quarter at most. */
const PER_DOUBLING = 4;

/** The last bucket holds everything from some 20 minutes on. */
const BUCKETS = 20 * PER_DOUBLING + 1;

/** When so many times were counted, all counts are halved: what is old weighs less and less. */
const REMEMBERED = 1024;

/** Fewer times than this say nothing about the slowest. */
export const FEWEST_TIMES = 20;

/** The times to the first byte of one origin. */
export interface FirstByteTimes {
  readonly counts: Uint16Array;
  total: number;
}

/** No time noted yet. */
export function noFirstByteTimes(): FirstByteTimes {
  return { counts: new Uint16Array(BUCKETS), total: 0 };
}

/** The bucket of a time: the power of two below it, and which quarter of the way to the next. */
function bucketOf(ms: number): number {
  // The numbers from 4 on have two binary places behind the first.
  const quarters = Math.min(Math.max(4, Math.ceil(ms * 4)), 0x3f_ff_ff_ff);
  const doublings = 31 - Math.clz32(quarters);
  return Math.min((doublings - 2) * PER_DOUBLING + ((quarters >> (doublings - 2)) & 3), BUCKETS - 1);
}

/** The longest time of a bucket, in ms. */
function longestOf(bucket: number): number {
  const doublings = Math.floor(bucket / PER_DOUBLING);
  return 2 ** doublings * (1 + ((bucket % PER_DOUBLING) + 1) / PER_DOUBLING);
}

/** Notes one time, in ms. Changes `times`. */
export function noteFirstByte(times: FirstByteTimes, ms: number): void {
  const bucket = bucketOf(ms);
  times.counts[bucket] = (times.counts[bucket] ?? 0) + 1;
  times.total += 1;
  if (times.total >= REMEMBERED) halve(times);
}

function halve(times: FirstByteTimes): void {
  const { counts } = times;
  let total = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const half = (counts[bucket] ?? 0) >> 1;
    counts[bucket] = half;
    total += half;
  }
  times.total = total;
}

/** A time, in ms, that no more than `1 - share` of the noted ones exceed; `undefined` if too few were noted. */
export function firstBytePercentile(times: FirstByteTimes, share: number): number | undefined {
  if (times.total < FEWEST_TIMES) return undefined;
  let beyond = times.total * (1 - share);
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    beyond -= times.counts[bucket] ?? 0;
    if (beyond < 0) return longestOf(bucket);
  }
  return undefined;
}
