/** The probe: `src/probe/`. */

import type { Mutation } from "./mutation.ts";

const BY_PROBE = { tests: "tests/probe/probe.test.ts" } as const;

/** Mutations of `src/probe/`. */
export const PROBE: readonly Mutation[] = [
  {
    breaks: "A probe looks closer at when connections are forgotten without a word",
    file: "src/probe/experiments/idle.ts",
    search: "if (bracket === undefined || lab.signal.aborted) return first;",
    replacement: "if (bracket !== undefined || lab.signal.aborted) return first;",
    proof: BY_PROBE,
  },
  {
    breaks: "A connection in steady use never counts as idle",
    file: "src/probe/experiments/lifetime.ts",
    search: "const PART_OF_IDLE = 0.5;",
    replacement: "const PART_OF_IDLE = 1.5;",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe stops when the server has had enough",
    file: "src/probe/run.ts",
    search: "const isLimit = status === 429 ||",
    replacement: "const isLimit =",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe leaves no connection open",
    file: "src/probe/run.ts",
    search: "for (const connection of this.#open) connection.close();",
    replacement: "",
    proof: BY_PROBE,
  },
];
