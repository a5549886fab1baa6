/**
 * Seeds that once broke an invariant, with what it was: of the library, or of the simulation itself. What a seed
 * stands for changes with the simulation, so each fault of the library has its own case in `regressions.test.ts`.
 */

import type { Kind } from "./dimensions.ts";

/** A seed and the number of requests with which it failed. */
export interface KeptSeed {
  readonly seed: number;
  readonly requests: number;
  readonly was: string;
  /** What users and peers did besides. */
  readonly kinds?: readonly Kind[];
}

export const KEPT_SEEDS: readonly KeptSeed[] = [
  { seed: 19, requests: 200, was: "a request to a closed pool left its timer behind" },
  { seed: 75, requests: 500, was: "an upload that was stopped ended its exchange a second time" },
  { seed: 209, requests: 500, was: "the same, on its way to another end" },
  { seed: 11_298, requests: 200, was: "a connection that waited for its first request was stale" },
  {
    seed: 500_295,
    requests: 500,
    was: "the answer a crossing had misplaced was a redirect, and was followed",
  },
  {
    seed: 502_636,
    requests: 500,
    was: "a POST went out behind a block of 5 ms, on a connection that had ended",
  },
  {
    seed: 604_305,
    requests: 500,
    was: "a request went out on a connection whose end lay behind what was held back",
  },
  { seed: 700_347, requests: 500, was: "whoever followed such a redirect sent a body of its own" },
  { seed: 803_295, requests: 500, was: "a head that came in pieces took longer than its deadline" },
  { seed: 805_636, requests: 500, was: "a connection expired behind a block while it was being looked at" },
  { seed: 903_822, requests: 500, was: "a wall clock that was set back hid that the machine had slept" },
  {
    seed: 909_955,
    requests: 500,
    was: "a redirect was made up of two responses that a crossing had misplaced",
  },
  {
    seed: 1_010_104,
    requests: 500,
    was: "a connection's lifetime passed within the milliseconds in which it was looked at",
  },
];
