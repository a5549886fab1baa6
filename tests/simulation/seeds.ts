/** Seeds that once broke an invariant, with what it was: of the library, or of the simulation itself. */

/** A seed and the number of requests with which it failed. */
export interface KeptSeed {
  readonly seed: number;
  readonly requests: number;
  readonly was: string;
}

export const KEPT_SEEDS: readonly KeptSeed[] = [
  { seed: 75, requests: 500, was: "an upload that was stopped ended its exchange a second time" },
  { seed: 209, requests: 500, was: "the same, seen by another way" },
  {
    seed: 1458,
    requests: 500,
    was: "reuse that worked was not known to the simulation from the first byte on",
  },
];
