/**
 * Core: the pool as a value. `step(input, now)` takes what happened and answers with what to do;
 * `wakeAt()` says when to step again though nothing happens. No socket, timer, promise or clock.
 *
 * Order within a step: retire what has expired, apply the input, serve waiters, trim the idle. What waits and
 * what is at hand is in {@linkcode OriginTable}; this file holds what each input means.
 *
 * After every step no waiter could be served by an idle connection, save unsafe ones that have a dial under way. So
 * a new request may take an idle connection without looking at the queue, and still nobody is overtaken.
 */

import type { Origin } from "../../contract/origin.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import { admit } from "../../rules/admission.ts";
import { chooseIdle } from "../../rules/idle-choice.ts";
import type { Rules } from "../../rules/rules.ts";
import { expiry, type Verdict, verdict } from "../../rules/verdict.ts";
import type { Effect, Input, RejectReason } from "./effects.ts";
import { Fairness } from "./fairness.ts";
import { IdleLimitLearner } from "./idle-limit-learner.ts";
import { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord, Waiter } from "./records.ts";
import { Retirement } from "./retirement.ts";

/** What the core is built with. */
export interface CoreOptions {
  readonly rules: Rules;
  /** Longest time in the queue; `Infinity` is off. */
  readonly acquireTimeoutMs: number;
}

/** The effects of a step that has none. Never written to. */
const NOTHING: never[] = [];

/** The sans-I/O pool. `C` and `W` are what the shell attaches to connections and waiters. */
export class PoolCore<C, W> {
  readonly origins: OriginTable<C, W> = new OriginTable();
  readonly #rules: Rules;
  readonly #acquireTimeoutMs: number;
  #closing = false;
  readonly #retirement: Retirement<C, W>;
  readonly #fairness: Fairness<C, W>;
  readonly #learner: IdleLimitLearner<C, W>;
  #effects: Effect<C, W>[] = NOTHING;

  constructor(options: CoreOptions) {
    this.#rules = options.rules;
    this.#acquireTimeoutMs = options.acquireTimeoutMs;
    const emit = (effect: Effect<C, W>) => this.#emit(effect);
    this.#fairness = new Fairness(this.origins, options.rules);
    this.#retirement = new Retirement(this.origins, options.rules, emit);
    this.#learner = new IdleLimitLearner(this.origins, options.rules, emit);
  }

  /** Whether `close` was an input. */
  get closing(): boolean {
    return this.#closing;
  }

  /** When to send the next `tick` at the latest; `Infinity` when nothing is due. */
  wakeAt(): number {
    const first = this.origins.queue.first;
    const timeout = first === undefined ? Infinity : first.askedAt + this.#acquireTimeoutMs;
    return Math.min(this.origins.deadlines.next(), timeout);
  }

  /** What to do about `input` at `now`. Effects are in the order in which they must be done. */
  step(input: Input<C, W>, now: number): readonly Effect<C, W>[] {
    this.#effects = NOTHING;
    // Before any time-out: who has left gets no answer.
    if (input.type === "cancel") this.#cancel(input.waiter);
    this.#retirement.expire(now);
    this.#giveUpWaiting(now);
    this.#apply(input, now);
    // What was learned just now may have overtaken what is parked.
    if (this.origins.deadlines.next() <= now) this.#retirement.expire(now);
    this.#serveBlocked(now);
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
        return this.#preconnect(this.origins.recordOf(input.origin), input.count, now);
      case "connected":
        return this.#connected(input.connection, input.random, now);
      case "connect-failed":
        return this.#connectFailed(input.connection, input.error, now);
      case "release":
        input.connection.hints = input.hints;
        this.#learner.released(input.connection, input.answered, now);
        return this.#release(input.connection, input.reason, now);
      case "linger":
        this.#retirement.linger(input.connection, now);
        return this.#dial(input.connection.originRecord, now);
      case "lost":
        if (input.reason === "peer-closed") this.#learner.closed(input.connection, input.late !== true, now);
        return this.#retirement.retire(input.connection, input.reason, now, "lost");
      case "restore":
        return this.#learner.restored(this.origins.recordOf(input.origin), input.memory, now);
      case "cancel":
      case "tick":
        return;
      case "retire":
        for (const connection of input.connections) this.#retirement.retire(connection, input.reason, now);
        return;
      case "drain":
        return this.#drain(input.origin, input.reason, now);
      case "slept":
        return this.#retirement.retireIdle("slept", now);
      case "close":
        return this.#close(now);
    }
  }

  // Requests

  #acquire(waiter: Waiter<C, W>, origin: Origin, again: boolean, now: number): void {
    if (!again) waiter.askedAt = now;
    if (this.#closing) return this.#reject(waiter, origin.key, "pool-closed", now);
    const entry = this.origins.recordOf(origin);
    const idle = waiter.fresh ? undefined : chooseIdle(entry, this.#rules, waiter.unsafe, now);
    if (idle !== undefined) return this.#grant(waiter, idle, now);
    if (this.#isTimeOver(waiter, now)) return this.#reject(waiter, origin.key, "acquire-timeout", now);
    this.origins.enqueue(waiter, entry, again);
    this.#dial(entry, now);
    if (again) return;
    if (entry.waiters.size > entry.connecting && this.origins.waitersWithoutAttempt > this.#rules.maxQueue)
      return this.#reject(waiter, origin.key, "queue-full", now);
    this.#emit({ type: "queue", waiter, origin: origin.key, queued: entry.waiters.size });
  }

  #grant(waiter: Waiter<C, W>, connection: ConnectionRecord<C, W>, now: number): void {
    const idleMs = now - connection.idleSince;
    this.origins.dequeue(waiter);
    this.origins.lease(connection);
    connection.leasedIdleMs = idleMs;
    this.#emit({ type: "grant", waiter, connection, idleMs, waitedMs: now - waiter.askedAt });
  }

  #reject(waiter: Waiter<C, W>, origin: string, why: RejectReason, now: number, error?: unknown): void {
    this.#cancel(waiter);
    this.#emit({ type: "reject", waiter, origin, why, waitedMs: now - waiter.askedAt, error });
  }

  #cancel(waiter: Waiter<C, W>): void {
    const { originRecord } = waiter;
    this.origins.dequeue(waiter);
    if (originRecord !== undefined) this.#fairness.updateBlocked(originRecord);
  }

  // Opening

  /** Opens a connection for each waiter that has none under way, as far as the limits allow. */
  #dial(entry: OriginRecord<C, W>, now: number): void {
    while (entry.waiters.size > entry.connecting && !this.#fairness.mustQueue(entry)) {
      if (!this.#open(entry, now)) break;
    }
    this.#fairness.updateBlocked(entry);
  }

  #open(entry: OriginRecord<C, W>, now: number): boolean {
    const admission = admit(this.origins.occupancy(entry), this.#rules);
    if (admission === "wait") return false;
    const evicted = this.origins.firstEvictable(admission === "evict-own" ? entry : undefined);
    if (admission !== "connect" && evicted !== undefined) this.#retirement.retire(evicted, "make-room", now);
    this.#emit({ type: "connect", connection: this.origins.startConnecting(entry, now) });
    return true;
  }

  #preconnect(entry: OriginRecord<C, W>, count: number, now: number): void {
    if (this.#closing) return;
    const { maxIdle, maxIdlePerOrigin } = this.#rules;
    const coming = Math.max(0, entry.connecting - entry.waiters.size);
    const wanted = Math.min(count, maxIdle, maxIdlePerOrigin) - entry.idle.size - coming;
    for (let opened = 0; opened < wanted; opened++) {
      if (admit(this.origins.occupancy(entry), this.#rules) !== "connect") return;
      this.#open(entry, now);
    }
  }

  #connected(connection: ConnectionRecord<C, W>, random: number, now: number): void {
    if (connection.state === "closed") return;
    connection.roundTripMs = now - connection.openedAt;
    connection.originRecord.roundTripMs = Math.min(
      connection.originRecord.roundTripMs,
      connection.roundTripMs,
    );
    connection.expiresAt = expiry(this.#rules, now, random);
    connection.openedAt = now;
    connection.idleSince = now;
    connection.originRecord.counters.opened += 1;
    this.origins.connected(connection);
    if (this.#passOn(connection, now)) return;
    const answer = verdict(connection, this.#rules, now);
    if (answer.keep) this.#park(connection, answer.until, now);
    else this.#retirement.retire(connection, answer.reason, now);
  }

  #connectFailed(connection: ConnectionRecord<C, W>, error: unknown, now: number): void {
    if (connection.state === "closed") return;
    const { originRecord } = connection;
    this.#retirement.retire(connection, "connect-failed", now, "lost", error);
    const waiter = originRecord.waiters.first;
    if (waiter === undefined || originRecord.waiters.size <= originRecord.connecting) return;
    // Who came after the dial began did not have its time: the next one is theirs.
    if (waiter.askedAt > connection.openedAt) this.#dial(originRecord, now);
    else this.#reject(waiter, originRecord.origin.key, "connect-failed", now, error);
  }

  // Ending an exchange

  #release(connection: ConnectionRecord<C, W>, reason: RetireReason | undefined, now: number): void {
    const { originRecord } = connection;
    connection.idleSince = now;
    this.origins.release(connection);
    if (connection.state === "closed") {
      this.#retirement.close(connection, connection.retireReason ?? "pool-closed", "draining", 0);
    } else {
      const answer: Verdict =
        reason === undefined ? verdict(connection, this.#rules, now) : { keep: false, reason };
      if (answer.keep && !this.#fairness.mustYield(originRecord)) {
        if (!this.#passOn(connection, now)) this.#park(connection, answer.until, now);
        return;
      }
      this.#retirement.retire(connection, answer.keep ? "make-room" : answer.reason, now);
    }
    this.#dial(originRecord, now);
  }

  /** Gives an idle connection to the first waiter that may have it. Answers whether there is one. */
  #passOn(connection: ConnectionRecord<C, W>, now: number): boolean {
    const waiter = this.origins.waiterFor(connection);
    if (waiter === undefined) return false;
    this.#grant(waiter, connection, now);
    this.#dial(connection.originRecord, now);
    return true;
  }

  #park(connection: ConnectionRecord<C, W>, until: number, now: number): void {
    this.origins.park(connection, until);
    this.#emit({ type: "park", connection });
    this.#retirement.trim(connection.originRecord, now);
    if (connection.originRecord.waiters.size > 0) this.#dial(connection.originRecord, now);
  }

  /** Serves origins that the total limit kept out, each in turn, while there is room. */
  #serveBlocked(now: number): void {
    const { blocked } = this.origins;
    for (let entry = blocked.first; entry !== undefined; entry = blocked.first) {
      if (!this.#open(entry, now)) return;
      blocked.remove(entry.blockedNode);
      this.#fairness.updateBlocked(entry);
    }
  }

  // Ending

  #isTimeOver(waiter: Waiter<C, W>, now: number): boolean {
    return now >= waiter.askedAt + this.#acquireTimeoutMs;
  }

  #giveUpWaiting(now: number): void {
    const { queue } = this.origins;
    for (let first = queue.first; first !== undefined; first = queue.first) {
      if (!this.#isTimeOver(first, now)) return;
      this.#reject(first, first.originRecord?.origin.key ?? "", "acquire-timeout", now);
    }
  }

  #drain(origin: string | undefined, reason: RetireReason, now: number): void {
    const entries = origin === undefined ? this.origins.records() : [this.origins.find(origin)];
    for (const entry of entries) {
      for (const connection of entry?.connections ?? []) {
        // One that is being opened is no older than one that would replace it.
        if (connection.state !== "connecting") this.#retirement.retire(connection, reason, now);
      }
    }
  }

  #close(now: number): void {
    this.#closing = true;
    for (const waiter of this.origins.queue)
      this.#reject(waiter, waiter.originRecord?.origin.key ?? "", "pool-closed", now);
    for (const entry of this.origins.records()) {
      for (const connection of entry.connections) this.#retirement.retire(connection, "pool-closed", now);
    }
  }
}
