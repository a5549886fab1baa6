/**
 * Origin table: every connection and waiter of the pool, by origin, and how many there are of each. It keeps the lists
 * and the counts consistent and decides nothing. Each operation costs the same however full the table is.
 */

import type { Origin } from "../../contract/origin.ts";
import type { Occupancy } from "../../rules/admission.ts";
import type { Rules } from "../../rules/rules.ts";
import { Deadlines } from "./deadlines.ts";
import { List, listNode } from "./list.ts";
import {
  addCounters,
  ConnectionRecord,
  type Counters,
  OriginRecord,
  OwnWaiter,
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
  /** Connections that have a lease, draining ones included. */
  active = 0;
  draining = 0;
  /** Waiters that no connect attempt is under way for: the queue that `maxQueue` bounds. */
  waitersWithoutAttempt = 0;
  /** Idle connections of all origins, the stalest first. */
  readonly idle: List<ConnectionRecord<C, W>> = new List();
  /** Active connections of all origins that linger, in the order in which that began. */
  readonly lingering: List<ConnectionRecord<C, W>> = new List();
  /** All waiters with the time limit of the pool, the one that asked first at the front. */
  readonly queue: List<Waiter<C, W>> = new List();
  /** The others, by the end of their time. */
  readonly timed: Deadlines<OwnWaiter<C, W>> = new Deadlines();
  /** Origins that are kept warm, of which something changed within the present step. */
  readonly touched: Set<OriginRecord<C, W>> = new Set();
  /** Origins that only the total limit keeps from connecting, in the order in which they get their turn. */
  readonly blocked: List<OriginRecord<C, W>> = new List();
  readonly deadlines: Deadlines<ConnectionRecord<C, W>> = new Deadlines();
  /** Sums of the counters of origins that have been forgotten. */
  readonly forgotten: Counters = zeroCounters();
  readonly #expected: (origin: Origin) => number;
  readonly #rulesOf: (origin: Origin) => Rules;
  readonly #records: Map<string, OriginRecord<C, W>> = new Map();
  readonly #unused: List<OriginRecord<C, W>> = new List();
  /** That of the last request. */
  #last: OriginRecord<C, W> | undefined = undefined;
  #lastId = 0;
  /** Waiters that were queued so far. */
  #arrivals = 0;
  #timedCount = 0;

  /** `expected`: how many leases a connection of an origin takes at a time, while none is open to tell. */
  constructor(rulesOf: (origin: Origin) => Rules, expected: (origin: Origin) => number = () => 1) {
    this.#rulesOf = rulesOf;
    this.#expected = expected;
  }

  records(): IterableIterator<OriginRecord<C, W>> {
    return this.#records.values();
  }

  find(key: string): OriginRecord<C, W> | undefined {
    return this.#records.get(key);
  }

  /** The record of an origin; made when there is none. */
  recordOf(origin: Origin): OriginRecord<C, W> {
    // Fast path: a connection or a waiter keeps the record from being forgotten.
    const last = this.#last;
    if (last?.origin === origin && last.connections.size > 0) return last;
    let record = this.#records.get(origin.key);
    if (record === undefined) {
      record = new OriginRecord(origin, this.#expected(origin), this.#rulesOf(origin));
      this.#records.set(origin.key, record);
      this.#noteUse(record);
    }
    this.#last = record;
    return record;
  }

  occupancy(origin: OriginRecord<C, W>): Occupancy {
    return {
      originOpen: origin.counted,
      originIdle: origin.idle.size + origin.lingering.size,
      totalOpen: this.open,
      totalIdle: this.idle.size + this.lingering.size,
    };
  }

  // Waiters

  /** How many there are. */
  get waiting(): number {
    return this.queue.size + this.#timedCount;
  }

  /** All of them. Each may leave when its turn has come. */
  *waiters(): Generator<Waiter<C, W>> {
    yield* this.queue;
    for (const origin of this.#records.values()) yield* origin.waiters;
  }

  /** The first waiter that may have a connection without a lease, which was just opened or released. */
  waiterFor(connection: ConnectionRecord<C, W>): Waiter<C, W> | undefined {
    const { waiters } = connection.originRecord;
    if (connection.requests === 0 || waiters.first?.fresh !== true) return waiters.first;
    for (const waiter of waiters) if (!waiter.fresh) return waiter;
    return undefined;
  }

  /** Queues a waiter. `first` puts it before the others of its origin; among all it stands by the time it asked. */
  enqueue(waiter: Waiter<C, W>, origin: OriginRecord<C, W>, first: boolean): void {
    const before = waitersWithoutAttempt(origin);
    waiter.originRecord = origin;
    if (!first) waiter.arrival = ++this.#arrivals;
    if (first) origin.waiters.unshift(waiter.originNode);
    else origin.waiters.push(waiter.originNode);
    if (origin.warm !== undefined) this.touched.add(origin);
    if (waiter instanceof OwnWaiter) this.#watch(waiter);
    else this.queue.insert(waiter.queueNode, first ? this.#askedAfter(waiter.askedAt)?.queueNode : undefined);
    this.#changed(origin, before);
  }

  #watch(waiter: OwnWaiter<C, W>): void {
    this.#timedCount += 1;
    waiter.retireAt = waiter.askedAt + waiter.timeoutMs;
    this.timed.watch(waiter);
  }

  #askedAfter(askedAt: number): Waiter<C, W> | undefined {
    for (const waiter of this.queue) if (waiter.askedAt > askedAt) return waiter;
    return undefined;
  }

  /** Takes a waiter out of the queue; does nothing when it is not there. */
  dequeue(waiter: Waiter<C, W>): void {
    const { originRecord: origin } = waiter;
    if (origin === undefined) return;
    const before = waitersWithoutAttempt(origin);
    waiter.originRecord = undefined;
    origin.waiters.remove(waiter.originNode);
    if (waiter instanceof OwnWaiter) {
      this.#timedCount -= 1;
      this.timed.forget(waiter);
    } else this.queue.remove(waiter.queueNode);
    this.#changed(origin, before);
  }

  /** Lists an origin that has waiters without a connect attempt if only the total limit is to blame. */
  setBlocked(origin: OriginRecord<C, W>, byTotal: boolean): void {
    const blocked = byTotal && waitersWithoutAttempt(origin) > 0;
    if (blocked === origin.blockedNode.listed) return;
    if (blocked) this.blocked.push(origin.blockedNode);
    else this.blocked.remove(origin.blockedNode);
  }

  /** Puts a blocked origin behind the others. */
  moveBehind(origin: OriginRecord<C, W>): void {
    this.blocked.remove(origin.blockedNode);
    this.blocked.push(origin.blockedNode);
  }

  // Connections, in the order of their lives

  /** A record of a connection that is being opened. */
  startConnecting(origin: OriginRecord<C, W>, now: number): ConnectionRecord<C, W> {
    const before = waitersWithoutAttempt(origin);
    this.#lastId += 1;
    const connection = new ConnectionRecord<C, W>(this.#lastId, origin, now);
    origin.connections.push(connection.originNode);
    origin.connecting += 1;
    this.connecting += 1;
    this.open += 1;
    this.#changed(origin, before);
    return connection;
  }

  /** Each connect attempt of an origin is for so many waiters from now on. */
  expectCapacity(origin: OriginRecord<C, W>, capacity: number): void {
    if (capacity === origin.capacity) return;
    const before = waitersWithoutAttempt(origin);
    origin.capacity = capacity;
    this.#changed(origin, before);
  }

  /** Connecting to idle. It is not listed as idle yet: it may be leased at once. */
  connected(connection: ConnectionRecord<C, W>): void {
    const { originRecord: origin } = connection;
    const before = waitersWithoutAttempt(origin);
    connection.move("connected");
    if (origin.warm !== undefined) this.touched.add(origin);
    origin.connecting -= 1;
    this.connecting -= 1;
    this.#changed(origin, before);
  }

  /** Adds a lease. The first one makes an idle connection, listed or not, active. */
  lease(connection: ConnectionRecord<C, W>): void {
    connection.requests += 1;
    if (connection.state === "active") return this.#leaseFurther(connection);
    connection.teaches = connection.requests > 1;
    connection.move("leased");
    this.#unlistIdle(connection);
    if (connection.originRecord.warm !== undefined) this.touched.add(connection.originRecord);
    connection.originRecord.active += 1;
    this.active += 1;
  }

  #leaseFurther(connection: ConnectionRecord<C, W>): void {
    connection.furtherLeases += 1;
    connection.originRecord.furtherLeases += 1;
    if (connection.lingers) this.#endLinger(connection);
  }

  /** Ends a lease. The last one makes an active connection idle, though not listed yet, and a draining one closed. */
  release(connection: ConnectionRecord<C, W>): void {
    if (connection.furtherLeases > 0) {
      connection.furtherLeases -= 1;
      connection.originRecord.furtherLeases -= 1;
      return;
    }
    connection.move("released");
    if (connection.lingers) this.#endLinger(connection);
    if (connection.roomNode !== undefined) this.setRoom(connection, false);
    connection.originRecord.active -= 1;
    this.active -= 1;
  }

  /** Lists an active connection by its leases among those of its origin that have room, or takes it out. */
  setRoom(connection: ConnectionRecord<C, W>, hasRoom: boolean): void {
    const { room, warm } = connection.originRecord;
    if (warm !== undefined) this.touched.add(connection.originRecord);
    if (hasRoom) {
      connection.roomNode ??= listNode(connection);
      room.place(connection.roomNode, isFuller);
    } else if (connection.roomNode !== undefined) room.remove(connection.roomNode);
  }

  /** Lists an active connection as one that may be closed to make room. */
  linger(connection: ConnectionRecord<C, W>): void {
    const [ofOrigin, ofAll] = connection.lingerNodes;
    connection.lingers = true;
    connection.originRecord.lingering.push(ofOrigin);
    this.lingering.push(ofAll);
  }

  #endLinger(connection: ConnectionRecord<C, W>): void {
    const [ofOrigin, ofAll] = connection.lingerNodes;
    connection.lingers = false;
    connection.originRecord.lingering.remove(ofOrigin);
    this.lingering.remove(ofAll);
  }

  /** The connection to close first when room is needed, of one origin or of all: one that lingers, else the stalest. */
  firstEvictable(origin?: OriginRecord<C, W>): ConnectionRecord<C, W> | undefined {
    return (origin ?? this).lingering.first ?? (origin ?? this).idle.first;
  }

  /** Lists a connection as idle until `retireAt`. */
  park(connection: ConnectionRecord<C, W>, retireAt: number): void {
    connection.retireAt = retireAt;
    if (connection.originRecord.warm !== undefined) this.touched.add(connection.originRecord);
    connection.originRecord.idle.push(connection.originIdleNode);
    this.idle.push(connection.idleNode);
    this.deadlines.watch(connection);
  }

  /** Moves a connection by `step` and answers with its new state. */
  retire(connection: ConnectionRecord<C, W>, step: "retired" | "lost"): State {
    const { originRecord: origin, state } = connection;
    const before = waitersWithoutAttempt(origin);
    connection.move(step);
    this.#unlistIdle(connection);
    this.setRoom(connection, false);
    if (state === "active") this.#drains(connection);
    if (state === "connecting") {
      origin.connecting -= 1;
      this.connecting -= 1;
      this.#changed(origin, before);
    }
    return connection.state;
  }

  #drains(connection: ConnectionRecord<C, W>): void {
    this.draining += 1;
    if (isShareable(connection)) connection.originRecord.leaving += 1;
  }

  /** Forgets a connection that is closed. */
  forget(connection: ConnectionRecord<C, W>): void {
    const { originRecord: origin } = connection;
    origin.connections.remove(connection.originNode);
    this.deadlines.forget(connection);
    if (origin.warm !== undefined) this.touched.add(origin);
    this.open -= 1;
    // Set when it began to drain, and only then.
    if (connection.retireReason !== undefined) this.draining -= 1;
    if (connection.retireReason !== undefined && isShareable(connection)) origin.leaving -= 1;
    this.#noteUse(origin);
  }

  #unlistIdle(connection: ConnectionRecord<C, W>): void {
    connection.retireAt = Infinity;
    connection.originRecord.idle.remove(connection.originIdleNode);
    this.idle.remove(connection.idleNode);
  }

  #changed(origin: OriginRecord<C, W>, waitersWithoutAttemptBefore: number): void {
    this.waitersWithoutAttempt += waitersWithoutAttempt(origin) - waitersWithoutAttemptBefore;
    this.#noteUse(origin);
  }

  /** Remembers a bounded number of origins that nobody uses; the one unused for longest is forgotten. */
  #noteUse(origin: OriginRecord<C, W>): void {
    const unused = origin.connections.size === 0 && origin.waiters.size === 0;
    if (unused === origin.unusedNode.listed) return;
    if (!unused) return this.#unused.remove(origin.unusedNode);
    this.#unused.push(origin.unusedNode);
    const oldest = this.#unused.size > MAX_UNUSED_ORIGINS ? this.#unused.first : undefined;
    if (oldest === undefined) return;
    this.#unused.remove(oldest.unusedNode);
    this.#records.delete(oldest.origin.key);
    addCounters(this.forgotten, oldest.counters);
  }
}

/** Waiters of an origin that none of its connect attempts is for. */
export function waitersWithoutAttempt(origin: {
  readonly waiters: { readonly size: number };
  readonly connecting: number;
  readonly capacity: number;
}): number {
  const { waiters, connecting, capacity } = origin;
  // An infinite capacity times no attempt would be NaN.
  return connecting === 0 ? waiters.size : Math.max(0, waiters.size - connecting * capacity);
}

/** Whether a connection takes several leases, or did when its successor was opened. It stays so while it drains. */
function isShareable({
  capacity,
  succeeded,
}: {
  readonly capacity: number;
  readonly succeeded: boolean;
}): boolean {
  return capacity > 1 || succeeded;
}

function isFuller(one: { readonly leases: number }, other: { readonly leases: number }): boolean {
  return one.leases > other.leases;
}
