/** A seed that found something once. */
export interface KnownSeed {
  readonly seed: number;
  readonly steps: number;
  readonly found: string;
}

/** They run with every test, so that what they found stays found. */
export const SEEDS: readonly KnownSeed[] = [
  { seed: 1, steps: 300, found: "a waiter got a used connection though nothing may be reused" },
  { seed: 3, steps: 300, found: "closed connections were remembered until their deadline" },
  { seed: 4, steps: 300, found: "who asked again after its time-out was dialled for" },
  { seed: 10, steps: 300, found: "an origin stood in line for room that nobody of it needed" },
  { seed: 13, steps: 300, found: "who asked again made older ones time out late" },
  { seed: 16, steps: 300, found: "who had left was told of a time-out" },
  { seed: 950, steps: 300, found: "a lesson left connections parked that it had overtaken" },
];
