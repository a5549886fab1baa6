/** Limits: what to do for a request that found no idle connection. Pure arithmetic on counts. */

import type { Limits } from "./rules.ts";

/**
 * How many there are now. "Open" counts connecting, idle, active and draining ones. "Idle" counts
 * whatever nobody would miss: active ones that linger, whose caller has all it wants, as well.
 */
export interface Occupancy {
  readonly originOpen: number;
  readonly originIdle: number;
  readonly totalOpen: number;
  readonly totalIdle: number;
}

/**
 * - `"connect"`: there is room for another connection.
 * - `"evict-own"`: room only if one of the origin's own goes that lingers or is idle (and that the request may not use).
 * - `"evict-any"`: room only if one of any origin goes that lingers or is idle.
 * - `"wait"`: every connection is at work.
 */
export type Admission = "connect" | "evict-own" | "evict-any" | "wait";

/** Whether and how another connection to an origin may be opened. */
export function admit(counts: Occupancy, limits: Limits): Admission {
  if (counts.originOpen >= limits.maxConnectionsPerOrigin)
    return counts.originIdle > 0 ? "evict-own" : "wait";
  if (counts.totalOpen < limits.maxConnections) return "connect";
  return counts.totalIdle > 0 ? "evict-any" : "wait";
}

/** How an origin that waits at the total limit compares with the one whose connection just came free. */
export interface Contender {
  /** Connections the origin has open. */
  readonly open: number;
  /** When its oldest waiter came, or `Infinity` if none waits. */
  readonly waitingSince: number;
}

/**
 * Whether a connection that just came free should make room for `other`, which waits at the total limit,
 * rather than serve its own origin.
 *
 * Each of `contenders` origins has a share of the total. One below its share gets room from one above; this
 * settles, where plain order of arrival would close and redial for ever. With more origins than connections
 * a share is less than one, and the origin without any goes by order of arrival: nobody starves.
 */
export function yieldsTo(own: Contender, other: Contender, contenders: number, limits: Limits): boolean {
  if (own.waitingSince === Infinity) return true;
  const share = Math.floor(limits.maxConnections / contenders);
  if (other.open < share && own.open > share) return true;
  return other.open === 0 && other.waitingSince < own.waitingSince;
}
