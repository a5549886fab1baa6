/**
 * Floor: where every connection and waiter of the pool stands, and how many there are of each.
 * It keeps the books and decides nothing; each operation costs the same however full the origins is.
 */

import type { Origin } from "../../contract/origin.ts";
import type { Occupancy } from "../../rules/admission.ts";
import { Deadlines } from "./deadlines.ts";
import { List } from "./list.ts";
import {
  addCounters,
  ConnectionRecord,
  type Counters,
  OriginRecord,
  type Waiter,
  zeroCounters,
} from "./records.ts";
import type { State } from "./state.ts";

/** Origins without a connection that are still remembered, for their counters and what was learned of them. */
const MAX_UNUSED_ORIGINS = 10_000;

/** All connections, waiters and origins of one pool. */
export class OriginTable<C, W> {
  /** Connecting, idle, active and draining connections of all origins. */
  open = 0;
  connecting = 0;
  active = 0;
  /** Waiters without a dial under way for them: the queue that `maxQueue` bounds. */
  waitersWithoutAttempt = 0;
  /** Idle connections of all origins, the stalest first. */
  readonly idle: List<ConnectionRecord<C, W>> = new List();
  /** Active connections of all origins whose exchange lingers, in the order in which that began. */
  readonly lingering: List<ConnectionRecord<C, W>> = new List();
  /** All waiters, in order of arrival. */
  readonly queue: List<Waiter<C, W>> = new List();
  /** Origins whose waiters only the total limit keeps out; each gets its turn. */
  readonly blocked: List<OriginRecord<C, W>> = new List();
  readonly deadlines: Deadlines<ConnectionRecord<C, W>> = new Deadlines();
  /** What was counted for origins that have been forgotten. */
  readonly forgotten: Counters = zeroCounters();
  readonly #entries: Map<string, OriginRecord<C, W>> = new Map();
  readonly #unused: List<OriginRecord<C, W>> = new List();
  #lastId = 0;

  records(): IterableIterator<OriginRecord<C, W>> {
    return this.#entries.values();
  }

  find(key: string): OriginRecord<C, W> | undefined {
    return this.#entries.get(key);
  }

  /** The record of an origin; made when there is none. */
  recordOf(origin: Origin): OriginRecord<C, W> {
    let entry = this.#entries.get(origin.key);
    if (entry === undefined) {
      entry = new OriginRecord(origin);
      this.#entries.set(origin.key, entry);
      this.#noteUse(entry);
    }
    return entry;
  }

  occupancy(entry: OriginRecord<C, W>): Occupancy {
    return {
      originOpen: entry.connections.size,
      originIdle: entry.idle.size + entry.lingering.size,
      totalOpen: this.open,
      totalIdle: this.idle.size + this.lingering.size,
    };
  }

  /** The first waiter of the connection's origin that may have it. */
  waiterFor(connection: ConnectionRecord<C, W>): Waiter<C, W> | undefined {
    const { waiters } = connection.originRecord;
    if (connection.requests === 0 || waiters.first?.fresh !== true) return waiters.first;
    for (const waiter of waiters) if (!waiter.fresh) return waiter;
    return undefined;
  }

  /** Queues a waiter; `first` before all others of its origin, though among all by the time it came. */
  enqueue(waiter: Waiter<C, W>, entry: OriginRecord<C, W>, first: boolean): void {
    const before = uncovered(entry);
    waiter.originRecord = entry;
    if (first) entry.waiters.unshift(waiter.originNode);
    else entry.waiters.push(waiter.originNode);
    this.queue.insert(waiter.queueNode, first ? this.#laterThan(waiter.askedAt)?.queueNode : undefined);
    this.#changed(entry, before);
  }

  #laterThan(since: number): Waiter<C, W> | undefined {
    for (const waiter of this.queue) if (waiter.askedAt > since) return waiter;
    return undefined;
  }

  /** Takes a waiter out of the queue; does nothing when it is not there. */
  dequeue(waiter: Waiter<C, W>): void {
    const { originRecord } = waiter;
    if (originRecord === undefined) return;
    const before = uncovered(originRecord);
    waiter.originRecord = undefined;
    originRecord.waiters.remove(waiter.originNode);
    this.queue.remove(waiter.queueNode);
    this.#changed(originRecord, before);
  }

  /** Lists an origin while it has waiters that nothing is being opened for, if only the total limit is to blame. */
  setBlocked(entry: OriginRecord<C, W>, byTotal: boolean): void {
    const blocked = byTotal && uncovered(entry) > 0;
    if (blocked === entry.blockedNode.listed) return;
    if (blocked) this.blocked.push(entry.blockedNode);
    else this.blocked.remove(entry.blockedNode);
  }

  /** Puts an origin behind the others that wait for room. */
  moveBehind(entry: OriginRecord<C, W>): void {
    this.blocked.remove(entry.blockedNode);
    this.blocked.push(entry.blockedNode);
  }

  /** A record of a connection that is being opened. */
  startConnecting(entry: OriginRecord<C, W>, now: number): ConnectionRecord<C, W> {
    const before = uncovered(entry);
    this.#lastId += 1;
    const connection = new ConnectionRecord<C, W>(this.#lastId, entry, now);
    entry.connections.push(connection.originNode);
    entry.connecting += 1;
    this.connecting += 1;
    this.open += 1;
    this.#changed(entry, before);
    return connection;
  }

  /** Connecting to idle, though not listed as idle yet: it may be leased at once. */
  connected(connection: ConnectionRecord<C, W>): void {
    const { originRecord } = connection;
    const before = uncovered(originRecord);
    connection.move("connected");
    originRecord.connecting -= 1;
    this.connecting -= 1;
    this.#changed(originRecord, before);
  }

  /** Idle, listed or not, to active. */
  lease(connection: ConnectionRecord<C, W>): void {
    const { originRecord } = connection;
    connection.move("leased");
    this.#unlist(connection);
    originRecord.active += 1;
    this.active += 1;
    connection.requests += 1;
  }

  /** Active to idle, though not listed as idle yet; draining to closed. */
  release(connection: ConnectionRecord<C, W>): void {
    connection.move("released");
    if (connection.lingers) this.#lingered(connection);
    connection.originRecord.active -= 1;
    this.active -= 1;
  }

  /** Whom nobody would miss most, of one origin or of all. */
  firstEvictable(entry?: OriginRecord<C, W>): ConnectionRecord<C, W> | undefined {
    return (entry ?? this).lingering.first ?? (entry?.idle ?? this.idle).first;
  }

  /** Lists an active connection as one that may be ended for room. */
  linger(connection: ConnectionRecord<C, W>): void {
    const [own, any] = connection.lingerNodes;
    connection.lingers = true;
    connection.originRecord.lingering.push(own);
    this.lingering.push(any);
  }

  #lingered(connection: ConnectionRecord<C, W>): void {
    const [own, any] = connection.lingerNodes;
    connection.lingers = false;
    connection.originRecord.lingering.remove(own);
    this.lingering.remove(any);
  }

  /** Lists an idle connection until `until`. */
  park(connection: ConnectionRecord<C, W>, until: number): void {
    connection.retireAt = until;
    connection.originRecord.idle.push(connection.originIdleNode);
    this.idle.push(connection.idleNode);
    this.deadlines.watch(connection);
  }

  /** Any state to the one after `step`, which is the answer; the books follow. */
  retire(connection: ConnectionRecord<C, W>, step: "retired" | "lost"): State {
    const { originRecord, state } = connection;
    const before = uncovered(originRecord);
    connection.move(step);
    this.#unlist(connection);
    if (state === "connecting") {
      originRecord.connecting -= 1;
      this.connecting -= 1;
      this.#changed(originRecord, before);
    }
    return connection.state;
  }

  /** Forgets a connection that is closed. */
  forget(connection: ConnectionRecord<C, W>): void {
    const { originRecord } = connection;
    originRecord.connections.remove(connection.originNode);
    this.deadlines.forget(connection);
    this.open -= 1;
    this.#noteUse(originRecord);
  }

  #unlist(connection: ConnectionRecord<C, W>): void {
    connection.retireAt = Infinity;
    connection.originRecord.idle.remove(connection.originIdleNode);
    this.idle.remove(connection.idleNode);
  }

  #changed(entry: OriginRecord<C, W>, uncoveredBefore: number): void {
    this.waitersWithoutAttempt += uncovered(entry) - uncoveredBefore;
    this.#noteUse(entry);
  }

  /** Remembers a bounded number of origins that nobody uses; the one unused for longest is forgotten. */
  #noteUse(entry: OriginRecord<C, W>): void {
    const unused = entry.connections.size === 0 && entry.waiters.size === 0;
    if (unused === entry.unusedNode.listed) return;
    if (!unused) return this.#unused.remove(entry.unusedNode);
    this.#unused.push(entry.unusedNode);
    const oldest = this.#unused.size > MAX_UNUSED_ORIGINS ? this.#unused.first : undefined;
    if (oldest === undefined) return;
    this.#unused.remove(oldest.unusedNode);
    this.#entries.delete(oldest.origin.key);
    addCounters(this.forgotten, oldest.counters);
  }
}

/** Waiters of an origin for whom no connection is being opened. */
function uncovered(entry: { waiters: { size: number }; connecting: number }): number {
  return Math.max(0, entry.waiters.size - entry.connecting);
}
