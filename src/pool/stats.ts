/** Stats: counts of a pool, as things stand and since it was made. Plain numbers, safe to log. */

import type { OriginSnapshot } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { WireProtocol } from "../contract/wire-protocol.ts";
import type { OriginTable } from "./core/origin-table.ts";
import { addCounters, type Counters, type OriginRecord, zeroCounters } from "./core/records.ts";

/** Counts of one origin, or of all origins together. */
export interface OriginStats {
  /** What the latest connection of the origin speaks, once there was one. */
  readonly protocol?: WireProtocol;
  /** Connecting, idle, active and draining connections. */
  readonly open: number;
  /** Connections with an exchange. */
  readonly active: number;
  /** Connections that wait for a request. */
  readonly idle: number;
  /** Connections that are being opened. */
  readonly connecting: number;
  /** Requests that have a connection: as many as `active`, or more where connections carry several at a time (HTTP/2). */
  readonly streams: number;
  /** Requests that wait for a connection. */
  readonly queued: number;
  /** Connections opened so far. */
  readonly opened: number;
  /** Requests that got a connection. A resend counts again. */
  readonly requests: number;
  /** Requests that got a connection which had carried a request before. */
  readonly reused: number;
  /** Resends: requests that were sent a second time. */
  readonly retries: number;
  /** Requests that failed or were aborted. */
  readonly failures: number;
  /** Connections retired so far, by reason. */
  readonly retired: Readonly<Partial<Record<RetireReason, number>>>;
}

/** Counts of a pool. `origins` has the origins that are still remembered; the totals include the others. */
export interface PoolStats extends OriginStats {
  /** By origin, such as `"https://api.example.com"`. */
  readonly origins: Readonly<Record<string, OriginStats>>;
  /** How often an event listener threw. */
  readonly listenerErrors: number;
  /** How often the store for learned limits failed, or held something that is no stored limit. */
  readonly storeErrors: number;
}

/** The counts of all origins. */
export function poolStats(
  table: OriginTable<unknown, unknown>,
  listenerErrors: number,
  storeErrors = 0,
): PoolStats {
  const origins: Record<string, OriginStats> = {};
  const totals = zeroCounters();
  addCounters(totals, table.forgotten);
  for (const entry of table.records()) {
    origins[entry.origin.key] = originStats(entry);
    addCounters(totals, entry.counters);
  }
  const { open, active, connecting } = table;
  let streams = active;
  for (const { furtherLeases } of table.records()) streams += furtherLeases;
  const now = { open, active, connecting, streams, idle: table.idle.size, queued: table.waiting };
  return { ...now, ...totals, origins, listenerErrors, storeErrors };
}

function originStats(entry: OriginRecord<unknown, unknown>): OriginStats {
  const { connections, active, furtherLeases, idle, connecting, waiters, protocol } = entry;
  const counters: Counters = zeroCounters();
  addCounters(counters, entry.counters);
  const spoken = protocol === undefined ? undefined : { protocol };
  const now = { open: connections.size, active, idle: idle.size, connecting, queued: waiters.size };
  return { ...now, streams: active + furtherLeases, ...spoken, ...counters };
}

/** The counts of an origin that an error carries. */
export function originSnapshot(table: OriginTable<unknown, unknown>, origin: string): OriginSnapshot {
  const entry = table.find(origin);
  return {
    active: entry?.active ?? 0,
    idle: entry?.idle.size ?? 0,
    connecting: entry?.connecting ?? 0,
    queued: entry?.waiters.size ?? 0,
  };
}
