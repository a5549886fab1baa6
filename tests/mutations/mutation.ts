/** Mutations: the library's promises, each broken once on purpose, and the proof that must notice. */

/** What must fail. `simulation`: seeds of tests/simulation; else test files by the start of their path. */
export type Proof = "simulation" | { readonly tests: string };

/** One break. */
export interface Mutation {
  /** What it breaks, as a sentence about the library that is no longer true. */
  readonly breaks: string;
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly search: string;
  readonly replacement: string;
  readonly proof: Proof;
}
