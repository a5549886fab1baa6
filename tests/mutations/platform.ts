/** Platform: what `fetch` shares with that of the platform. */

import type { Mutation } from "./mutation.ts";

/** Mutations of the standard's side of `fetch`. */
export const PLATFORM: readonly Mutation[] = [
  {
    breaks: "An error of fetch shows in its stack who waits for it",
    file: "src/fetch/fetch-errors.ts",
    search: "  await undefined;\n  await undefined;\n",
    replacement: "",
    proof: { tests: "tests/fetch/errors" },
  },
  {
    breaks: "The message of an error of fetch is the platform's, and nothing else",
    file: "src/fetch/fetch-errors.ts",
    search: `new TypeError("fetch failed", { cause })`,
    replacement: `new TypeError("fetch failed!", { cause })`,
    proof: { tests: "tests/fetch/errors" },
  },
];
