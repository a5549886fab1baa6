/**
 * Differences: what goes otherwise with a pool's fetch than with the built-in one, and why. A difference that no row
 * explains fails the run.
 */

import type { StepName } from "./driver.ts";
import type { Runtime } from "./runtimes.ts";
import type { Outcome } from "./steps.ts";

export interface Difference {
  /** Names of drivers. @default all */
  readonly packages?: readonly string[];
  /** @default all */
  readonly runtimes?: readonly Runtime[];
  readonly steps: readonly StepName[];
  /** What both did, in the words of `steps.ts`. */
  readonly builtIn: RegExp;
  readonly pool: RegExp;
  readonly reason: string;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    runtimes: ["node"],
    steps: ["retry"],
    builtIn: /^a second call/,
    pool: /^one call, 2 requests$/,
    reason:
      "A reused connection that is lost fails the call on Node. The pool sends a request that may be executed twice again, once, on a new connection.",
  },
  {
    runtimes: ["deno"],
    steps: ["retry"],
    builtIn: /^one call, 2 requests$/,
    pool: /^a second call, after/,
    reason:
      "Deno sends even a POST again, although the server may have executed it. The pool leaves that to the caller.",
  },
  {
    runtimes: ["bun"],
    steps: ["retry"],
    builtIn: /^a second call, after .*The socket connection was closed unexpectedly/,
    pool: /^a second call, after .*fetch failed$/,
    reason:
      "Bun has words of its own for a lost connection. The pool's are the same everywhere; the rest is in `cause`.",
  },
  {
    runtimes: ["bun"],
    steps: ["request", "stream", "upload"],
    builtIn: /^POST with a length(;|$)/,
    pool: /^POST with a length text\/plain/,
    reason:
      "A text without a `Content-Type` is `text/plain;charset=UTF-8`, says the standard. Bun sends none.",
  },
  {
    packages: ["gaxios", "ofetch"],
    runtimes: ["bun"],
    steps: ["upload"],
    builtIn: /^POST with a length/,
    pool: /^POST chunked/,
    reason:
      "Bun finds the Blob behind the stream of a Blob. Node, Deno and the pool see a stream of unknown length.",
  },
  {
    packages: ["graphql-request"],
    runtimes: ["bun"],
    steps: ["error"],
    builtIn: /"transfer-encoding":"chunked"/,
    pool: /^ClientError Error: teapot/,
    reason:
      "The text of its errors holds all headers of the response. The pool's has no `Transfer-Encoding`, which was for the connection.",
  },
  {
    packages: ["redaxios"],
    runtimes: ["bun"],
    steps: ["error"],
    builtIn: /^Object 400: .*"type":"default"/,
    pool: /^Object 400: .*"type":"basic"/,
    reason:
      "Its errors are copies of the response. The pool's is of type `basic`, as the standard says, and has no `Transfer-Encoding`.",
  },
  {
    steps: ["upload"],
    builtIn: /^(POST|PUT|PATCH) chunked/,
    pool: /^(POST|PUT|PATCH) with a length/,
    reason:
      "A body that lies in memory is sent with its length, also when it comes as a stream of a `Request`: many servers refuse chunked uploads, and the request can be sent again.",
  },
];

/** Types that do not fit, and why. */
export interface TypeDifference {
  /** The names of their files. */
  readonly packages: readonly string[];
  /** A name of `CHECKS` in `types.ts`. */
  readonly check: string;
  readonly reason: string;
}

export const TYPE_DIFFERENCES: readonly TypeDifference[] = [
  {
    packages: ["trpc"],
    check: "Bun",
    reason:
      "Bun's own `fetch` does not fit the package's `FetchEsque` either: `getReader()` of Bun's types wants an argument.",
  },
];

/** The row that explains a difference, if there is one. */
export function explained(
  name: string,
  runtime: Runtime,
  step: StepName,
  [builtIn, pool]: readonly [Outcome, Outcome],
): Difference | undefined {
  return DIFFERENCES.find(
    (row) =>
      row.steps.includes(step) &&
      (row.packages?.includes(name) ?? true) &&
      (row.runtimes?.includes(runtime) ?? true) &&
      row.builtIn.test(builtIn.saw) &&
      row.pool.test(pool.saw),
  );
}
