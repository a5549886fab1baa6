/** A seed that found something once. */
export interface KnownSeed {
  readonly seed: number;
  readonly requests: number;
  readonly found: string;
  /** It is older than suspensions, redirects, and servers that refuse or change their settings for the worse. */
  readonly plain?: true;
}

/** They run with every test, so that what they found stays found. */
export const SEEDS: readonly KnownSeed[] = [
  {
    seed: 21,
    requests: 200,
    plain: true,
    found: "a body went on before the settings that let it were acknowledged",
  },
  { seed: 29, requests: 200, plain: true, found: "what drain let go was never written" },
];

/** Seeds of 150 requests in which judges have cases that are rare. */
export const RARE_CASES: readonly number[] = [26, 37];
