/**
 * Idle choice: which idle connection is reused, and which one is evicted when there are too many. The orders are those of
 * other clients, named at {@linkcode ReuseOrder}.
 */

import type { ConnectionFacts, ReuseOrder, Rules } from "./rules.ts";
import { isProvenFresh } from "./verdict.ts";

/** The idle connections of an origin that {@linkcode chooseIdle} chooses from: the first in each order. */
export interface IdleConnections<T extends ConnectionFacts> {
  /** Became idle last. `undefined`: no connection is idle. */
  readonly freshest: T | undefined;
  /** Became idle first. */
  readonly stalest: T | undefined;
  /** Was opened first. */
  readonly oldest: T | undefined;
  /** Became idle last, among those that have carried a request. */
  readonly freshestUsed: T | undefined;
}

/**
 * The idle connection to reuse, or `undefined` if a new one must be opened.
 *
 * 1. `reuseOrder` names a connection.
 * 2. An unsafe (non-idempotent) request takes it only if {@linkcode isProvenFresh} holds. Otherwise it takes the
 *    freshest connection, if that one is proven fresh.
 */
export function chooseIdle<T extends ConnectionFacts>(
  candidates: IdleConnections<T>,
  rules: Rules,
  unsafe: boolean,
  now: number,
): T | undefined {
  const { freshest } = candidates;
  if (freshest === undefined) return undefined;
  const first = firstBy(rules.reuseOrder, candidates) ?? freshest;
  if (!unsafe || isProvenFresh(first, rules, now)) return first;
  return isProvenFresh(freshest, rules, now) ? freshest : undefined;
}

function firstBy<T extends ConnectionFacts>(
  order: ReuseOrder,
  candidates: IdleConnections<T>,
): T | undefined {
  switch (order) {
    case "lifo":
      return candidates.freshest;
    case "fifo":
      return candidates.stalest;
    case "oldest":
      return candidates.oldest;
    case "used-first":
      return candidates.freshestUsed ?? candidates.stalest;
  }
}

/** The idle connection to evict: the first in idle order for "stalest", the last for "returned". */
export function chooseEvicted<T extends ConnectionFacts>(
  ends: { readonly first: T | undefined; readonly last: T | undefined },
  eviction: Rules["evictInAll"],
): T | undefined {
  return eviction === "stalest" ? ends.first : ends.last;
}
