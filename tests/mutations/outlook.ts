/** Outlook: programs that observe a pool from outside: its metrics, and the command that compares idle timeouts. */

import type { Mutation } from "./mutation.ts";

/** Mutations of `src/metrics/`, `src/cli/` and `src/register/`. */
export const OUTLOOK: readonly Mutation[] = [
  {
    breaks: "The metrics no longer count a request as active once it has ended",
    file: "src/metrics/observe.ts",
    search: "this.#to.activeRequests.add(-1, attributes);",
    replacement: "",
    proof: { tests: "tests/metrics/observe" },
  },
  {
    breaks: "Metrics report durations in seconds",
    file: "src/metrics/observe.ts",
    search: "this.#to.timeInQueue.record(waitedMs / 1000,",
    replacement: "this.#to.timeInQueue.record(waitedMs,",
    proof: { tests: "tests/metrics/observe" },
  },
  {
    breaks:
      "The command reports a race where client and server close idle connections at about the same time",
    file: "src/cli/idle-comparison.ts",
    search: "if (Math.abs(serverMs - clientMs) < RACE_MS && clientMs > 0)",
    replacement: "if (serverMs === clientMs && serverMs < 0)",
    proof: { tests: "tests/cli/idle-comparison" },
  },
  {
    breaks: "An empty variable sets no option of the registered pool",
    file: "src/register/variables.ts",
    search: 'text !== ""',
    replacement: "true",
    proof: { tests: "tests/register/variables" },
  },
  {
    breaks: "A function that wraps the registered fetch reaches the runtime's own after unregister()",
    file: "src/register/global-fetch.ts",
    search: "  registration.pool = undefined;\n",
    replacement: "",
    proof: { tests: "tests/register/preload" },
  },
  {
    breaks: "The registered fetch leaves data: URLs to the runtime",
    file: "src/register/global-fetch.ts",
    search: "pool === undefined || OTHER_SCHEME.test(urlOf(input))",
    replacement: "pool === undefined",
    proof: { tests: "tests/register/preload" },
  },
];
