/**
 * Core: the pool as a value. `step(input, now)` takes what happened and answers with what to do;
 * `wakeAt()` says when to step again though nothing happens. No socket, timer, promise or clock.
 *
 * Order within a step: retire what has expired, apply the input, connect for origins that waited for room.
 * {@linkcode OriginTable} keeps the connections and waiters; this file says what each input means.
 *
 * A request takes the fullest active connection with room that it may share, else an idle one, else one that is opened
 * for it. After every step no waiter could be served by a connection with room, nor by an idle one, except unsafe
 * waiters that have a connect attempt under way. Therefore a new request may take such a connection without checking the
 * queue, and overtakes no waiter.
 */

import type { LimitMemory } from "../../contract/limit-store.ts";
import type { Origin } from "../../contract/origin.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import { MAX_UNPROCESSED_RESENDS } from "../../rules/retry.ts";
import type { Rules } from "../../rules/rules.ts";
import { expiry, spentReason, type Verdict, verdict } from "../../rules/verdict.ts";
import { noteUse } from "../../rules/warm.ts";
import { chooseFor, wantsPlaceAlone } from "./choice.ts";
import type { Effect, Input, RejectReason } from "./effects.ts";
import { Fairness } from "./fairness.ts";
import { IdleLimitLearner } from "./idle-limit-learner.ts";
import { Opening } from "./opening.ts";
import { OriginTable, waitersWithoutAttempt } from "./origin-table.ts";
import { keyOf, QueueLimits } from "./queue-limits.ts";
import type { ConnectionRecord, OriginRecord, Waiter } from "./records.ts";
import { RequestLimitLearner } from "./request-limit-learner.ts";
import { Retirement } from "./retirement.ts";
import { Sharing } from "./sharing.ts";
import { Succession } from "./succession.ts";
import { Warmth } from "./warmth.ts";

/** What the core is built with. */
export interface CoreOptions {
  readonly rules: Rules;
  /** The rules of an origin with rules of its own: by default all have the same. Asked once, before its first request. */
  readonly rulesOf?: ((origin: Origin) => Rules) | undefined;
  /** Longest time in the queue; `Infinity` is off. */
  readonly acquireTimeoutMs: number;
  /**
   * How many leases connections of an origin are expected to take at a time, while none is open to tell: 1 by default. With
   * `Infinity`, one connect attempt is for all requests that come until it shows what the origin speaks.
   */
  readonly expected?: ((origin: Origin) => number) | undefined;
}

/** The effects of a step that has none. Never written to. */
const NOTHING: never[] = [];

/** The sans-I/O pool. `C` and `W` are what the shell attaches to connections and waiters. */
export class PoolCore<C, W> {
  readonly origins: OriginTable<C, W>;
  readonly #queueLimits: QueueLimits<C, W>;
  #closing = false;
  readonly #retirement: Retirement<C, W>;
  readonly #opening: Opening<C, W>;
  readonly #fairness: Fairness<C, W>;
  readonly #learner: IdleLimitLearner<C, W>;
  readonly #requestLearner: RequestLimitLearner<C, W>;
  readonly #sharing: Sharing<C, W>;
  readonly #succession: Succession<C, W>;
  readonly #warmth: Warmth<C, W>;
  #effects: Effect<C, W>[] = NOTHING;

  constructor(options: CoreOptions) {
    const { rules, rulesOf = () => rules } = options;
    this.origins = new OriginTable(rulesOf, options.expected);
    const emit = (effect: Effect<C, W>) => this.#emit(effect);
    const limits = { maxQueue: rules.maxQueue, timeoutMs: options.acquireTimeoutMs };
    this.#queueLimits = new QueueLimits(this.origins, limits, (...rejected) => this.#reject(...rejected));
    this.#fairness = new Fairness(this.origins);
    this.#retirement = new Retirement(this.origins, emit);
    this.#opening = new Opening(this.origins, this.#fairness, this.#retirement, emit);
    this.#learner = new IdleLimitLearner(this.origins, emit);
    this.#requestLearner = new RequestLimitLearner(emit, (origin, now) => {
      this.#requestLimitChanged(origin, now);
    });
    this.#sharing = new Sharing(this.origins);
    this.#succession = new Succession(this.origins, this.#sharing, emit);
    this.#warmth = new Warmth(this.origins, this.#fairness, this.#retirement, emit);
  }

  /** Whether `close` was an input. */
  get closing(): boolean {
    return this.#closing;
  }

  /** When to send the next `tick` at the latest; `Infinity` when nothing is due. */
  wakeAt(): number {
    return Math.min(this.origins.deadlines.next(), this.#queueLimits.next(), this.#warmth.next());
  }

  /** What to do about `input` at `now`. Effects are in the order in which they must be done. */
  step(input: Input<C, W>, now: number): readonly Effect<C, W>[] {
    this.#effects = NOTHING;
    // Before any time-out: a request that was cancelled gets no answer.
    if (input.type === "cancel") this.#cancel(input.waiter);
    this.#retirement.expire(now);
    this.#queueLimits.rejectTimedOut(now);
    this.#apply(input, now);
    // A limit that was learned just now may be shorter than some connections have been idle.
    if (this.origins.deadlines.next() <= now) this.#retirement.expire(now);
    this.#opening.serveBlocked(now);
    if (this.origins.touched.size > 0 || this.#warmth.next() <= now) this.#warmth.keep(now);
    return this.#effects;
  }

  /** Most steps have one effect, and an array made for one is a third of one that grows (Node 24). */
  #emit(effect: Effect<C, W>): void {
    if (this.#effects.length === 0) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  #apply(input: Input<C, W>, now: number): void {
    switch (input.type) {
      case "acquire":
        return this.#acquire(input.waiter, input.origin, input.again === true, now);
      case "preconnect":
        if (this.#closing) return;
        return this.#opening.preconnect(this.origins.recordOf(input.origin), input.count, now);
      case "probe":
        return this.#opening.probe(input.originRecord, now);
      case "back":
        this.#sharing.wasOut(input.originRecord, now);
        return this.#opening.renew(input.originRecord, input.begunAt, now);
      case "expect":
        return this.#expect(this.origins.recordOf(input.origin), input.capacity, now);
      case "connected":
        this.#requestLearner.spoke(input.connection, input.protocol ?? "http/1.1", input.negotiated === true);
        return this.#connected(input, now);
      case "capacity":
        return this.#capacityChanged(input.connection, input.capacity, now);
      case "connect-failed":
        return this.#connectFailed(input, now);
      case "release":
        return this.#release(input, now);
      case "linger":
        this.#retirement.linger(input.connection, now);
        return this.#opening.connect(input.connection.originRecord, now);
      case "lost":
        if (input.reason === "peer-closed") this.#learner.closed(input.connection, input.late !== true, now);
        if (input.reason === "no-answer") this.#learner.vanished(input.connection, now);
        return this.#retirement.retire(input.connection, input.reason, now, "lost");
      case "calm":
        return this.#retirement.calm(input.connection, now);
      case "silent":
        return this.#learner.silent(input.connection, input.proven, now);
      case "goaway":
        return this.#goaway(input.connection, input.taken, input.late !== true, now);
      case "restore":
        return this.#restored(this.origins.recordOf(input.origin), input.memory, now);
      case "cancel":
      case "tick":
        return;
      case "retire":
        for (const connection of input.connections) this.#retirement.retire(connection, input.reason, now);
        return;
      case "drain":
        return this.#retirement.drain(input.origin, input.reason, now);
      case "slept":
        return this.#retirement.retireIdle("slept", now);
      case "close":
        return this.#close(now);
    }
  }

  // Requests

  #acquire(waiter: Waiter<C, W>, to: Origin, again: boolean, now: number): void {
    if (!again) waiter.askedAt = now;
    if (this.#closing) return this.#reject(waiter, to.key, "pool-closed", now);
    const origin = this.origins.recordOf(to);
    const connection = chooseFor(origin, waiter, this.#sharing, now);
    if (connection !== undefined) {
      this.#grant(waiter, connection, now);
      if (connection.capacity > 1) this.#shareWithWaiters(connection, now);
      return;
    }
    if (now >= this.#queueLimits.endOf(waiter)) return this.#queueLimits.timeOut(waiter, to.key, now);
    this.origins.enqueue(waiter, origin, again);
    this.#opening.connect(origin, now);
    if (again) return;
    const full = this.#queueLimits.passed(origin);
    if (full !== undefined) return this.#reject(waiter, to.key, "queue-full", now, { limit: full });
    this.#emit({ type: "queue", waiter, origin: to.key, queued: origin.waiters.size });
  }

  #grant(waiter: Waiter<C, W>, connection: ConnectionRecord<C, W>, now: number): void {
    let idleMs = 0;
    if (connection.state !== "active") {
      idleMs = now - connection.idleSince;
      connection.leasedIdleMs = idleMs;
    }
    this.origins.dequeue(waiter);
    const { warm } = connection.originRecord;
    if (warm !== undefined) noteUse(warm, connection, now);
    // Whatever its peer allows: it is not shared, and leaves no place to a successor.
    if (waiter.alone) connection.capacity = 1;
    this.origins.lease(connection);
    if (connection.capacity > 1) this.#sharing.leased(connection, now);
    const requestNumber = connection.requests;
    this.#emit({ type: "grant", waiter, connection, requestNumber, idleMs, waitedMs: now - waiter.askedAt });
    if (connection.capacity > 1 && !this.#closing) this.#succession.leased(connection, now);
    if (waiter.alone) this.#retirement.retire(connection, "single-use", now);
  }

  #reject(
    waiter: Waiter<C, W>,
    origin: string,
    why: RejectReason,
    now: number,
    more?: { readonly limit?: number; readonly error?: unknown },
  ): void {
    this.#cancel(waiter);
    this.#emit({ type: "reject", waiter, origin, why, waitedMs: now - waiter.askedAt, ...more });
  }

  #cancel(waiter: Waiter<C, W>): void {
    const { originRecord } = waiter;
    this.origins.dequeue(waiter);
    if (originRecord !== undefined) this.#fairness.updateBlocked(originRecord);
  }

  /** Gives a connection without a lease to the waiters that may have it. Answers whether there is one. */
  #serveWaiters(connection: ConnectionRecord<C, W>, now: number): boolean {
    const waiter = this.origins.waiterFor(connection);
    if (waiter === undefined) return false;
    this.#grant(waiter, connection, now);
    if (connection.capacity > 1) this.#shareWithWaiters(connection, now);
    this.#opening.connect(connection.originRecord, now);
    return true;
  }

  /** Gives an active connection to the waiters that may share it, as far as it has room. */
  #shareWithWaiters(connection: ConnectionRecord<C, W>, now: number): void {
    for (const waiter of this.#sharing.waitersFor(connection, now)) this.#grant(waiter, connection, now);
  }

  // Opening

  #expect(origin: OriginRecord<C, W>, capacity: number, now: number): void {
    this.#sharing.expect(origin, capacity);
    this.#opening.connect(origin, now);
  }

  #connected(input: Input<C, W> & { type: "connected" }, now: number): void {
    const { connection, capacity = 1, random, readyAt = now } = input;
    if (connection.state === "closed") return;
    const { originRecord: origin } = connection;
    this.#requestLearner.review(origin, now);
    connection.capacity = capacity;
    connection.roundTripMs = readyAt - connection.openedAt;
    origin.roundTripMs = Math.min(origin.roundTripMs, connection.roundTripMs);
    connection.expiresAt = expiry(origin.rules, readyAt, random);
    connection.openedAt = readyAt;
    connection.idleSince = readyAt;
    origin.endedUnused = 0;
    origin.counters.opened += 1;
    this.origins.connected(connection);
    this.#sharing.expect(origin, capacity);
    if (this.#serveWaiters(connection, now)) return;
    const answer = verdict(connection, origin.rules, now);
    if (answer.keep) this.#park(connection, answer.until, now);
    else this.#retirement.retire(connection, answer.reason, now);
  }

  #capacityChanged(connection: ConnectionRecord<C, W>, capacity: number, now: number): void {
    // A draining one takes no lease any more, whatever its capacity.
    if (connection.state === "closed" || connection.state === "draining") return;
    this.#sharing.setCapacity(connection, capacity);
    this.#shareWithWaiters(connection, now);
    this.#expect(connection.originRecord, capacity, now);
  }

  #restored(origin: OriginRecord<C, W>, memory: LimitMemory, now: number): void {
    this.#learner.restored(origin, memory, now);
    const capacity = this.#requestLearner.restored(origin, memory, now);
    if (capacity !== undefined) this.#expect(origin, capacity, now);
  }

  /** The learned number of requests counts for the present connections, too. */
  #requestLimitChanged(origin: OriginRecord<C, W>, now: number): void {
    this.#expect(origin, origin.capacity, now);
    for (const connection of origin.connections) {
      if (connection.originIdleNode.listed) {
        const spent = spentReason(connection, connection.rules);
        if (spent !== undefined) this.#retirement.retire(connection, spent, now);
      } else if (connection.state === "active") {
        this.#sharing.update(connection);
        this.#shareWithWaiters(connection, now);
      }
    }
  }

  /** The peer takes no further request on a connection, which says something about its limits. */
  #goaway(
    connection: ConnectionRecord<C, W>,
    taken: number | undefined,
    watched: boolean,
    now: number,
  ): void {
    if (connection.state === "closed") return;
    connection.saidGoaway = true;
    if (connection.state === "idle") this.#learner.closed(connection, watched, now);
    this.#requestLearner.saidGoaway(connection, taken, now);
    this.#retirement.retire(connection, "goaway", now);
    if (connection.state === "draining" && !this.#closing) this.#succession.ended(connection, now);
  }

  /**
   * The waiters that a connect attempt was for fail with it, one per lease that it was expected to have. If the peer ended what
   * was open, nothing of them was written, and they get another one, as often as a request is sent again that no server processed.
   */
  #connectFailed(input: Input<C, W> & { type: "connect-failed" }, now: number): void {
    const { connection, error, endedBy } = input;
    if (connection.state === "closed") return;
    const { originRecord: origin } = connection;
    this.#retirement.unopened(connection, endedBy, now, error);
    if (endedBy !== undefined && ++origin.endedUnused <= MAX_UNPROCESSED_RESENDS)
      return this.#opening.connect(origin, now);
    origin.endedUnused = 0;
    let failing = Math.min(waitersWithoutAttempt(origin), origin.capacity);
    for (; failing > 0; failing--) {
      const waiter = origin.waiters.first;
      if (waiter === undefined) return;
      // A waiter that came after the attempt began did not have its full time: it gets the next attempt.
      if (waiter.askedAt > connection.openedAt) return this.#opening.connect(origin, now);
      this.#reject(waiter, origin.origin.key, "connect-failed", now, { error });
    }
  }

  // Ending an exchange

  #release(input: Input<C, W> & { type: "release" }, now: number): void {
    const { connection, reason, answered, hints } = input;
    connection.hints = hints;
    this.#learner.released(connection, answered, now);
    if (connection.furtherLeases === 0) this.#releaseLast(connection, reason, now);
    else this.#releaseOne(connection, reason, answered === true, now);
  }

  /** Ends one of several leases. */
  #releaseOne(
    connection: ConnectionRecord<C, W>,
    reason: RetireReason | undefined,
    answered: boolean,
    now: number,
  ): void {
    const { originRecord: origin } = connection;
    this.origins.release(connection);
    if (connection.state !== "active") return;
    const ending = reason ?? this.#whyNotShared(connection, now);
    if (ending === undefined) {
      this.#sharing.released(connection, answered);
      this.#shareWithWaiters(connection, now);
    } else this.#retirement.retire(connection, ending, now);
    this.#opening.connect(origin, now);
  }

  /** Why an active connection takes no further lease, though there is nothing wrong with it. */
  #whyNotShared(connection: ConnectionRecord<C, W>, now: number): RetireReason | undefined {
    const spent = spentReason(connection, connection.rules);
    if (spent !== undefined) return spent;
    if (now >= connection.expiresAt) return "max-lifetime";
    const { originRecord: origin } = connection;
    return wantsPlaceAlone(origin) || this.#fairness.mustDrain(origin, now) ? "make-room" : undefined;
  }

  /** Ends the only lease. */
  #releaseLast(connection: ConnectionRecord<C, W>, reason: RetireReason | undefined, now: number): void {
    const { originRecord: origin } = connection;
    connection.idleSince = now;
    if (origin.warm !== undefined) origin.warm.usedAt = now;
    this.origins.release(connection);
    if (connection.requests >= origin.learnedRequests) this.#requestLearner.ended(connection, reason, now);
    if (connection.state === "closed") {
      this.#retirement.close(connection, connection.retireReason ?? "pool-closed", "draining", 0);
    } else {
      const answer: Verdict =
        reason === undefined ? verdict(connection, origin.rules, now) : { keep: false, reason };
      if (answer.keep && !this.#mustLeave(connection)) {
        if (!this.#serveWaiters(connection, now)) this.#park(connection, answer.until, now);
        return;
      }
      this.#retirement.retire(connection, answer.keep ? "make-room" : answer.reason, now);
    }
    this.#opening.connect(origin, now);
  }

  /**
   * Whether a connection that has no lease any more is in the way of another: of its successor, of one that a request wants to
   * have alone, or of another origin.
   */
  #mustLeave(connection: ConnectionRecord<C, W>): boolean {
    const { originRecord: origin } = connection;
    if (wantsPlaceAlone(origin)) return true;
    return this.#succession.isBeyondLimit(connection) || this.#fairness.mustYield(origin);
  }

  #park(connection: ConnectionRecord<C, W>, until: number, now: number): void {
    const { originRecord: origin } = connection;
    this.origins.park(connection, until);
    this.#emit({ type: "park", connection });
    this.#retirement.trim(origin, now);
    if (origin.waiters.size > 0) this.#opening.connect(origin, now);
  }

  // The end of the pool

  #close(now: number): void {
    this.#closing = true;
    this.#warmth.stop();
    for (const waiter of this.origins.waiters()) this.#reject(waiter, keyOf(waiter), "pool-closed", now);
    for (const origin of this.origins.records()) {
      for (const connection of origin.connections) this.#retirement.retire(connection, "pool-closed", now);
    }
  }
}
