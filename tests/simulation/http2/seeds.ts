/** A seed that found something once. */
export interface KnownSeed {
  readonly seed: number;
  readonly requests: number;
  readonly found: string;
}

/** They run with every test, so that what they found stays found. */
export const SEEDS: readonly KnownSeed[] = [
  { seed: 21, requests: 200, found: "a body went on before the settings that let it were acknowledged" },
  { seed: 29, requests: 200, found: "what drain let go was never written" },
];
