/**
 * Admission: what to do for a request that found no idle connection. Clients ought to limit their connections to a server
 * (RFC 9112 §9.4). All functions are pure arithmetic on counts.
 */

import type { Limits } from "./rules.ts";

/**
 * Counts of connections. "Open" includes connecting, idle, active and draining connections. "Idle" includes every
 * connection that can be closed without harm: idle ones, and active ones that linger.
 */
export interface Occupancy {
  readonly originOpen: number;
  readonly originIdle: number;
  readonly totalOpen: number;
  readonly totalIdle: number;
}

/**
 * - `"connect"`: there is room for another connection.
 * - `"evict-own"`: there is room only after closing an idle or lingering connection of the same origin (one that this
 *   request may not use).
 * - `"evict-any"`: there is room only after closing an idle or lingering connection of any origin.
 * - `"wait"`: every connection is in use.
 */
export type Admission = "connect" | "evict-own" | "evict-any" | "wait";

/** Whether another connection to an origin may be opened, and what must be closed first. */
export function admit(counts: Occupancy, limits: Limits): Admission {
  if (counts.originOpen >= limits.maxConnectionsPerOrigin)
    return counts.originIdle > 0 ? "evict-own" : "wait";
  if (counts.totalOpen < limits.maxConnections) return "connect";
  return counts.totalIdle > 0 ? "evict-any" : "wait";
}

/** One side of the comparison in {@linkcode yieldsTo}: an origin at the total limit. */
export interface Contender {
  /** Connections the origin has open. */
  readonly open: number;
  /** When its oldest waiter was queued, or `Infinity` if none waits. */
  readonly waitingSince: number;
  /** Its number in the order of arrival. It decides where the clock says the same, as one that counts whole milliseconds may. */
  readonly arrival: number;
}

/**
 * Whether a connection that was just released should be closed to make room for the origin `other`, instead of serving
 * the next waiter of its own origin. Both wait at the total limit.
 *
 * Each of the `contenders` origins has an equal share of the total. An origin above its share gives room to one below.
 * This reaches a steady state, whereas plain order of arrival would close and reconnect forever. With more origins than
 * connections the share is below one; then an origin without connections is served by order of arrival, so that no
 * origin starves.
 */
export function yieldsTo(own: Contender, other: Contender, contenders: number, limits: Limits): boolean {
  if (own.waitingSince === Infinity) return true;
  const share = Math.floor(limits.maxConnections / contenders);
  if (other.open < share && own.open > share) return true;
  return other.open === 0 && isBefore(other, own);
}

function isBefore(one: Contender, other: Contender): boolean {
  if (one.waitingSince !== other.waitingSince) return one.waitingSince < other.waitingSince;
  return one.arrival < other.arrival;
}
