/**
 * Sharing: several leases on one connection, as HTTP/2 allows. Keeps each origin's list of active connections with
 * room and chooses from it. A connection whose capacity is 1 is never in such a list.
 *
 * What several leases mean for the rest of the core:
 *
 * - `active` and all limits count connections. `requests` counts leases: at `maxRequests`, and beyond its lifetime, a
 *   connection takes no further lease, and it is retired with the end of the last.
 * - Idle time is time without a lease. It says nothing about the age of a lease that joins others.
 * - A lease that ends with a reason to retire the connection, or with a server's `close`, makes it drain.
 * - The first exchange that ends after idle time is what is learned from: its response proves the idle time, its failure
 *   blames it. The others of that time add nothing.
 * - A connection lingers only while its one lease does.
 * - A connect attempt is for as many waiters as the origin's latest connection takes leases, and fails all of them.
 * - A shared connection never comes free under load. It drains when another origin has the better claim to its place.
 */

import { mayShare, type Proof } from "../../rules/share-choice.ts";
import { isProvenFresh, spentReason } from "../../rules/verdict.ts";
import type { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord, Waiter } from "./records.ts";

/** The active connections of one pool that have room for another lease. */
export class Sharing<C, W> {
  readonly #origins: OriginTable<C, W>;

  constructor(origins: OriginTable<C, W>) {
    this.#origins = origins;
  }

  /** Connect attempts of the origin are for so many waiters each from now on. */
  expect(origin: OriginRecord<C, W>, capacity: number): void {
    this.#origins.expectCapacity(origin, Math.min(capacity, this.mostRequests(origin)));
  }

  /** How many requests a connection of the origin carries in all. */
  mostRequests({ rules, learnedRequests }: OriginRecord<C, W>): number {
    const reuses = rules.maxIdle > 0 && rules.maxIdlePerOrigin > 0;
    return Math.min(reuses ? rules.maxRequests : 1, learnedRequests);
  }

  /** A connection has one lease more. */
  leased(connection: ConnectionRecord<C, W>, now: number): void {
    if (connection.furtherLeases === 0) connection.proof = this.#proofOf(connection, now);
    this.update(connection);
  }

  #proofOf(connection: ConnectionRecord<C, W>, now: number): Proof {
    if (connection.requests === 1 && connection.leasedIdleMs === 0) return "alive";
    return isProvenFresh(connection, connection.rules, now) ? "within-limit" : "none";
  }

  /** A connection has one lease less, and others still. */
  released(connection: ConnectionRecord<C, W>, answered: boolean): void {
    if (answered) connection.proof = "alive";
    this.update(connection);
  }

  /** Nothing came through for a while: what is under way on the connections of an origin may be stuck. */
  wasOut(origin: OriginRecord<C, W>, now: number): void {
    for (const connection of origin.room) if (connection.openedAt < now) connection.proof = "none";
  }

  /** The peer changed its limit. While it was 1 there was no proof to keep. */
  setCapacity(connection: ConnectionRecord<C, W>, capacity: number): void {
    if (connection.capacity === 1) connection.proof = "none";
    connection.capacity = capacity;
    this.update(connection);
  }

  /** Lists a connection whose leases or limits changed among those with room, or takes it out. */
  update(connection: ConnectionRecord<C, W>): void {
    const { state, leases, capacity } = connection;
    const hasRoom =
      state === "active" && leases < capacity && spentReason(connection, connection.rules) === undefined;
    this.#origins.setRoom(connection, hasRoom);
  }

  /**
   * The fullest connection with room that the request may share: filling one up lets the others go idle. Where load is spread, the
   * emptiest.
   */
  choose(origin: OriginRecord<C, W>, waiter: Waiter<C, W>, now: number): ConnectionRecord<C, W> | undefined {
    if (origin.rules.spread === "all")
      return origin.room.findLast((connection) => this.#mayTake(connection, waiter, now));
    const fullest = origin.room.first;
    if (fullest !== undefined && this.#mayTake(fullest, waiter, now)) return fullest;
    for (const connection of origin.room) if (this.#mayTake(connection, waiter, now)) return connection;
    return undefined;
  }

  #mayTake(connection: ConnectionRecord<C, W>, waiter: Waiter<C, W>, now: number): boolean {
    return mayShare(connection.proof, waiter) && this.#isInTime(connection, now);
  }

  /** Whether a connection with room is within its lifetime. One that is not leaves the list. */
  #isInTime(connection: ConnectionRecord<C, W>, now: number): boolean {
    if (now < connection.expiresAt) return true;
    this.#origins.setRoom(connection, false);
    return false;
  }

  /** The waiters that may share an active connection, in their order, for as long as it has room. */
  *waitersFor(connection: ConnectionRecord<C, W>, now: number): Generator<Waiter<C, W>> {
    for (const waiter of connection.originRecord.waiters) {
      if (connection.roomNode?.listed !== true || !this.#isInTime(connection, now)) return;
      if (mayShare(connection.proof, waiter)) yield waiter;
    }
  }
}
