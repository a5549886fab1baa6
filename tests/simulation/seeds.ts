/**
 * Seeds that once broke an invariant, with the fault: of the library, or of the simulation itself. The meaning of a
 * seed changes with the simulation, so each fault of the library also has a case of its own in `regressions.test.ts`.
 */

import { BEFORE_BUFFERS, type Kind } from "./dimensions.ts";

/** A seed, and the number of requests with which it failed. */
export interface KeptSeed {
  readonly seed: number;
  readonly requests: number;
  readonly was: string;
  /** The dimensions that were on. */
  readonly kinds?: readonly Kind[];
}

export const KEPT_SEEDS: readonly KeptSeed[] = [
  { seed: 19, requests: 200, was: "a request to a closed pool left its timer behind" },
  { seed: 75, requests: 500, was: "an upload that was stopped ended its exchange a second time" },
  { seed: 209, requests: 500, was: "the same, on its way to another end" },
  { seed: 11_298, requests: 200, was: "a connection that waited for its first request was stale" },
  {
    seed: 70_007,
    requests: 500,
    kinds: BEFORE_BUFFERS,
    was: "a request was sent a second time when its answer had begun to come",
  },
  {
    seed: 500_295,
    requests: 500,
    was: "unsolicited bytes misplaced a response that was a redirect, and it was followed",
  },
  {
    seed: 502_636,
    requests: 500,
    was: "after a block of 5 ms, a POST was written on a connection that had ended",
  },
  {
    seed: 604_305,
    requests: 500,
    was: "a request was written on a paused connection whose end had not been read",
  },
  { seed: 700_347, requests: 500, was: "a request that followed such a redirect sent its own body" },
  { seed: 803_295, requests: 500, was: "a head that came in pieces took longer than its deadline" },
  { seed: 805_636, requests: 500, was: "a connection expired after a block, during its liveness check" },
  { seed: 903_822, requests: 500, was: "a wall clock that was set back hid a suspension of the machine" },
  {
    seed: 909_955,
    requests: 500,
    was: "unsolicited bytes combined two responses into one redirect",
  },
  {
    seed: 1_010_104,
    requests: 500,
    was: "a connection's lifetime ended during its liveness check",
  },
  {
    seed: 41,
    requests: 300,
    kinds: ["lateness"],
    was: "each of the requests that waited for a slow server asked for a connect attempt of its own, all at one moment",
  },
  {
    seed: 91_092,
    requests: 500,
    kinds: BEFORE_BUFFERS,
    was: "the judge knew only the last connection of a doubted request, whose first attempt went on and was lost (of the simulation)",
  },
  {
    seed: 120_736,
    requests: 300,
    kinds: BEFORE_BUFFERS,
    was: "a doubted request that waited for a connection was sent there, though its answer had begun before its first one was lost",
  },
  {
    seed: 120_830,
    requests: 300,
    kinds: BEFORE_BUFFERS,
    was: "the same, with unsolicited bytes and more servers",
  },
  {
    seed: 120_727,
    requests: 300,
    kinds: BEFORE_BUFFERS,
    was: "sockets that were read late for 60 ms, while they were for 6 s, told of new bytes before old ones (of the simulation)",
  },
];

/** Seeds of 120 requests, with all dimensions, in which judges have cases that are rare. */
export const RARE_CASES: readonly number[] = [247, 366, 1286];
