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
  readonly step: StepName;
  /** What both did: the beginning of their words, or a pattern. */
  readonly builtIn: RegExp;
  readonly pool: RegExp;
  readonly reason: string;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    step: "retry",
    builtIn: /^a second call/,
    pool: /^one call, 2 requests$/,
    reason:
      "A reused connection that is lost fails the call on Node. The pool sends a request that may be executed twice again, once, on a new connection.",
  },
  {
    step: "upload",
    builtIn: /^(POST|PUT|PATCH) chunked/,
    pool: /^(POST|PUT|PATCH) with a length/,
    reason:
      "A body that lies in memory is sent with its length, also when it comes as a stream of a `Request`: many servers refuse chunked uploads, and the request can be sent again.",
  },
];

/** Types that do not fit, and why. */
export interface TypeDifference {
  readonly packages: readonly string[];
  /** A name of `CHECKS` in `types.ts`. */
  readonly check: string;
  readonly reason: string;
}

export const TYPE_DIFFERENCES: readonly TypeDifference[] = [
  {
    packages: ["stripe"],
    check: "Bun",
    reason: "to be mended, issue 13: Bun's `typeof fetch` has `preconnect`, which the pool's lacks",
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
      row.step === step &&
      (row.packages?.includes(name) ?? true) &&
      (row.runtimes?.includes(runtime) ?? true) &&
      row.builtIn.test(builtIn.saw) &&
      row.pool.test(pool.saw),
  );
}
