/**
 * Succession: opens the connection that will follow one that takes several leases, before that one takes no more. `rules/near-end.ts`
 * says when it is due.
 *
 * - A connection has one successor at most, whether or not that one could be opened.
 * - None is opened while the origin has another connection that would take the requests, or is opening one.
 * - An origin may have one connection more than its limit that way, as long as the old one has leases; the total is kept.
 */

import { isNearEnd } from "../../rules/near-end.ts";
import type { Effect } from "./effects.ts";
import type { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";
import type { Sharing } from "./sharing.ts";

/** Opens the successors of one pool's connections. */
export class Succession<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #sharing: Sharing<C, W>;
  readonly #emit: (effect: Effect<C, W>) => void;

  constructor(origins: OriginTable<C, W>, sharing: Sharing<C, W>, emit: (effect: Effect<C, W>) => void) {
    this.#origins = origins;
    this.#sharing = sharing;
    this.#emit = emit;
  }

  /** A connection has one lease more. */
  leased(connection: ConnectionRecord<C, W>, now: number): void {
    if (!connection.succeeded && this.#isNearEnd(connection, now)) this.#succeed(connection, now);
  }

  /** A connection with leases takes no more, as the peer wants it. A request that came alone was no traffic. */
  ended(connection: ConnectionRecord<C, W>, now: number): void {
    const { succeeded, capacity, requests } = connection;
    if (!succeeded && capacity > 1 && requests > 1) this.#succeed(connection, now);
  }

  /** Whether a connection has a successor, and the origin has one connection too many since. */
  isBeyondLimit({ succeeded, originRecord }: ConnectionRecord<C, W>): boolean {
    return succeeded && originRecord.counted > originRecord.rules.maxConnectionsPerOrigin;
  }

  #isNearEnd(connection: ConnectionRecord<C, W>, now: number): boolean {
    return isNearEnd(connection, this.#sharing.mostRequests(connection.originRecord), now);
  }

  #succeed(connection: ConnectionRecord<C, W>, now: number): void {
    const { originRecord: origin } = connection;
    if (origin.connecting > 0 || origin.idle.size > 0 || !this.#hasPlace(origin)) return;
    for (const other of origin.room) if (other !== connection && !this.#isNearEnd(other, now)) return;
    connection.succeeded = true;
    this.#emit({ type: "connect", connection: this.#origins.startConnecting(origin, now) });
  }

  #hasPlace(origin: OriginRecord<C, W>): boolean {
    const { maxConnections, maxConnectionsPerOrigin } = origin.rules;
    if (this.#origins.blocked.size > 0 || this.#origins.open >= maxConnections) return false;
    return origin.connections.size <= maxConnectionsPerOrigin;
  }
}
