/** Choose: which idle connection to reuse. Which one to evict needs no choice: always the stalest. */

import type { ConnectionFacts, Rules } from "./rules.ts";
import { isProvenFresh } from "./verdict.ts";

/** The two ends of an origin's idle connections, ordered by the time they became idle. */
export interface IdleEnds<T extends ConnectionFacts> {
  readonly freshest: T;
  readonly stalest: T;
}

/**
 * The idle connection to reuse, or `undefined` to open another.
 *
 * 1. The end that `reuseOrder` names.
 * 2. A non-idempotent request takes it only if it is proven fresh, else the freshest if that one is.
 */
export function chooseIdle<T extends ConnectionFacts>(
  ends: IdleEnds<T>,
  rules: Rules,
  unsafe: boolean,
  now: number,
): T | undefined {
  const first = rules.reuseOrder === "lifo" ? ends.freshest : ends.stalest;
  if (!unsafe || isProvenFresh(first, rules, now)) return first;
  return isProvenFresh(ends.freshest, rules, now) ? ends.freshest : undefined;
}
