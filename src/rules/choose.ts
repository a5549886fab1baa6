/** Choose: which idle connection to reuse. */

import type { ConnectionFacts, ReuseOrder, Rules } from "./rules.ts";
import { isProvenFresh } from "./verdict.ts";

/** An origin's idle connections, by the orders in which they can be asked for. */
export interface IdleConnections<T extends ConnectionFacts> {
  /** Became idle last. `undefined` when there is none at all. */
  readonly freshest: T | undefined;
  /** Became idle first. */
  readonly stalest: T | undefined;
  /** Was opened first. */
  readonly oldest: T | undefined;
  /** Became idle last of those that have carried a request. */
  readonly freshestUsed: T | undefined;
}

/**
 * The idle connection to reuse, or `undefined` to open another.
 *
 * 1. The one that `reuseOrder` names.
 * 2. A non-idempotent request takes it only if it is proven fresh, else the freshest if that one is.
 */
export function chooseIdle<T extends ConnectionFacts>(
  shelf: IdleConnections<T>,
  rules: Rules,
  unsafe: boolean,
  now: number,
): T | undefined {
  const { freshest } = shelf;
  if (freshest === undefined) return undefined;
  const first = firstBy(rules.reuseOrder, shelf) ?? freshest;
  if (!unsafe || isProvenFresh(first, rules, now)) return first;
  return isProvenFresh(freshest, rules, now) ? freshest : undefined;
}

function firstBy<T extends ConnectionFacts>(order: ReuseOrder, shelf: IdleConnections<T>): T | undefined {
  switch (order) {
    case "lifo":
      return shelf.freshest;
    case "fifo":
      return shelf.stalest;
    case "oldest":
      return shelf.oldest;
    case "used-first":
      return shelf.freshestUsed ?? shelf.stalest;
  }
}

/** Which of those too many goes. "Returned" is the one that became idle last. */
export function chooseEvicted<T extends ConnectionFacts>(
  ends: { readonly first: T | undefined; readonly last: T | undefined },
  eviction: Rules["evictInAll"],
): T | undefined {
  return eviction === "stalest" ? ends.first : ends.last;
}
