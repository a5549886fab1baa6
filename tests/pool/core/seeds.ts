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
  { seed: 4, steps: 300, found: "a connection was opened for a request that asked again after its time-out" },
  { seed: 10, steps: 300, found: "an origin without waiters stood in line for room" },
  { seed: 13, steps: 300, found: "a request that asked again made older ones time out late" },
  { seed: 16, steps: 300, found: "a cancelled request was told of a time-out" },
  { seed: 950, steps: 300, found: "connections stayed parked beyond a limit that had just been learned" },
];
