/** Mutation: one promise of the library, broken on purpose, and the tests that must notice. */

/** What must fail: `"simulation"` runs seeds of tests/simulation; `tests` is the start of the paths of test files. */
export type Proof = "simulation" | { readonly tests: string };

/** One change that breaks the library. */
export interface Mutation {
  /** The promise that it breaks: a sentence that is true of the library, and false of the changed one. */
  readonly breaks: string;
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly search: string;
  readonly replacement: string;
  readonly proof: Proof;
}
