/** Mutations of what looks at a pool from outside: its metrics, and the command that compares clients and servers. */

import type { Mutation } from "./mutation.ts";

/** Mutations of `src/metrics/` and `src/cli/`. */
export const OUTLOOK: readonly Mutation[] = [
  {
    breaks: "A request that is over is no longer active in the metrics",
    file: "src/metrics/observe.ts",
    search: "this.#to.activeRequests.add(-1, attributes);",
    replacement: "",
    proof: { tests: "tests/metrics/observe" },
  },
  {
    breaks: "Durations are told in seconds",
    file: "src/metrics/observe.ts",
    search: "this.#to.timeInQueue.record(waitedMs / 1000,",
    replacement: "this.#to.timeInQueue.record(waitedMs,",
    proof: { tests: "tests/metrics/observe" },
  },
  {
    breaks: "A client and a server that give up at about the same time are called a race",
    file: "src/cli/idle-comparison.ts",
    search: "if (Math.abs(serverMs - clientMs) < RACE_MS && clientMs > 0)",
    replacement: "if (serverMs === clientMs && serverMs < 0)",
    proof: { tests: "tests/cli/idle-comparison" },
  },
];
