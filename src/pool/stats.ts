/** Stats: counts of a pool at one moment, and since it was made. Plain numbers, safe to log. */

import type { OriginSnapshot } from "../errors.ts";
import type { RetireReason } from "../rules/reasons.ts";
import type { Floor } from "./floor.ts";
import { addCounters, type Counters, type OriginRecord, zeroCounters } from "./records.ts";

/** Counts of one origin, or of all. */
export interface OriginStats {
  /** Connecting, idle, active and draining connections. */
  readonly open: number;
  readonly active: number;
  readonly idle: number;
  readonly connecting: number;
  /** Requests that wait for a connection. */
  readonly queued: number;
  /** Connections opened so far. */
  readonly opened: number;
  /** Requests that got a connection, second attempts included. */
  readonly requests: number;
  /** Those of them that got a connection which had carried a request before. */
  readonly reused: number;
  /** Requests sent again. */
  readonly retries: number;
  /** Requests that failed or were aborted. */
  readonly failures: number;
  /** Connections retired so far, by reason. */
  readonly retired: Readonly<Partial<Record<RetireReason, number>>>;
}

/** Counts of a pool. `origins` holds those that are remembered; the totals hold all. */
export interface PoolStats extends OriginStats {
  readonly origins: Readonly<Record<string, OriginStats>>;
  /** How often an event listener threw. */
  readonly listenerErrors: number;
  /** How often the store for learned limits failed, or held something else. */
  readonly storeErrors: number;
}

/** The counts of everything on the floor. */
export function poolStats(
  floor: Floor<unknown, unknown>,
  listenerErrors: number,
  storeErrors = 0,
): PoolStats {
  const origins: Record<string, OriginStats> = {};
  const totals = zeroCounters();
  addCounters(totals, floor.forgotten);
  for (const entry of floor.entries()) {
    origins[entry.origin.key] = originStats(entry);
    addCounters(totals, entry.counters);
  }
  const { open, active, connecting } = floor;
  const now = { open, active, connecting, idle: floor.lru.size, queued: floor.queue.size };
  return { ...now, ...totals, origins, listenerErrors, storeErrors };
}

function originStats(entry: OriginRecord<unknown, unknown>): OriginStats {
  const { connections, active, idle, connecting, waiters } = entry;
  const counters: Counters = zeroCounters();
  addCounters(counters, entry.counters);
  return { open: connections.size, active, idle: idle.size, connecting, queued: waiters.size, ...counters };
}

/** What an error tells of its origin. */
export function originSnapshot(floor: Floor<unknown, unknown>, origin: string): OriginSnapshot {
  const entry = floor.find(origin);
  return {
    active: entry?.active ?? 0,
    idle: entry?.idle.size ?? 0,
    connecting: entry?.connecting ?? 0,
    queued: entry?.waiters.size ?? 0,
  };
}
