/**
 * Idle-limit learner: keeps what is known of each origin's idle limit, and applies a new limit to connections that are
 * parked already. `rules/learned-limit.ts` draws the conclusions.
 */

import type { LimitMemory } from "../../contract/limit-store.ts";
import { learnedLimit, sawClose, sawReuse, sawSilence, WORKED_FRESH_MS } from "../../rules/learned-limit.ts";
import { diedAlone } from "../../rules/outage.ts";
import { keepUntil } from "../../rules/verdict.ts";
import type { Effect } from "./effects.ts";
import type { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";

/** Learns the idle limits of one pool's origins. */
export class IdleLimitLearner<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #emit: (effect: Effect<C, W>) => void;

  constructor(origins: OriginTable<C, W>, emit: (effect: Effect<C, W>) => void) {
    this.#origins = origins;
    this.#emit = emit;
  }

  /** The peer closed a connection. `watched`: it is seen as it happens. */
  closed(connection: ConnectionRecord<C, W>, watched: boolean, now: number): void {
    if (!connection.rules.learn || connection.state !== "idle" || connection.requests === 0) return;
    const { originRecord: origin } = connection;
    this.#learn(origin, sawClose(origin.memory, now - connection.idleSince, watched, now), now);
  }

  /** An idle connection has died without a word, some time ago. It teaches nothing if its whole origin may have been out of reach. */
  vanished(connection: ConnectionRecord<C, W>, now: number): void {
    if (!connection.rules.learn || connection.state !== "idle" || connection.requests === 0) return;
    const { originRecord: origin, idleSince } = connection;
    if (!diedAlone(origin.reach, now)) return;
    origin.requestsWhenSilent = origin.counters.requests;
    this.#learn(origin, sawSilence(origin.memory, now - idleSince, true, now), now);
  }

  /** A lease ends. `answered`: whether a response came. */
  released(connection: ConnectionRecord<C, W>, answered: boolean | undefined, now: number): void {
    if (!connection.rules.learn || answered === undefined) return;
    const { originRecord: origin } = connection;
    const memory = this.#afterExchange(connection, answered, now);
    // Where the limit lets no connection be used twice, only the time of a response makes the origin be reviewed.
    if (memory !== origin.memory || now >= origin.reviewAt) this.#learn(origin, memory, now);
  }

  /**
   * What the end of an exchange adds to the memory. Its connection must have been idle before. Where several share the
   * connection, the first of them that ends answers for its idle time, and the others say nothing more about it.
   */
  #afterExchange(connection: ConnectionRecord<C, W>, answered: boolean, now: number): LimitMemory {
    const { originRecord: origin, leasedIdleMs } = connection;
    if (!connection.teaches) return origin.memory;
    connection.teaches = false;
    if (!answered) return sawClose(origin.memory, leasedIdleMs, false, now);
    // Where nobody was silent, a reuse below the limit that was seen is no news, and must not make a close look doubtful.
    const knownMs = origin.silentMs === Infinity ? origin.workedIdleMs : origin.aliveMs;
    if (leasedIdleMs > knownMs) return sawReuse(origin.memory, leasedIdleMs, now);
    // It is news for doubts, until something else is learned.
    origin.aliveMs = Math.max(origin.aliveMs, leasedIdleMs);
    return origin.memory;
  }

  /** A connection gave no answer after its idle time. `proven`: it was dead. Otherwise the server may have been slow. */
  silent(connection: ConnectionRecord<C, W>, proven: boolean, now: number): void {
    const { originRecord: origin, leasedIdleMs, teaches } = connection;
    if (!origin.rules.learn || !teaches) return;
    // A slow answer may still come, and says more.
    connection.teaches = !proven;
    if (proven) origin.requestsWhenSilent = origin.counters.requests;
    this.#learn(origin, sawSilence(origin.memory, leasedIdleMs, proven, now), now);
  }

  /** A memory that was kept elsewhere. Its closes are ignored if some were seen here meanwhile. */
  restored(origin: OriginRecord<C, W>, memory: LimitMemory, now: number): void {
    if (!origin.rules.learn || origin.memory.closes.length > 0) return;
    const { closes, workedMs, workedAt, burstUntil } = memory;
    origin.requestsWhenSilent = origin.counters.requests;
    this.#learn(origin, { ...origin.memory, closes, workedMs, workedAt, burstUntil }, now);
  }

  #learn(origin: OriginRecord<C, W>, memory: LimitMemory, now: number): void {
    const closes = memory.closes !== origin.memory.closes;
    const roundTripMs = origin.roundTripMs === Infinity ? 0 : origin.roundTripMs;
    const requestsSince = origin.counters.requests - origin.requestsWhenSilent;
    const learned = learnedLimit(memory, roundTripMs, now, requestsSince);
    const { idleMs, provenMs, aliveMs, silentMs, reviewAt } = learned;
    const previousMs = origin.learnedIdleMs;
    origin.memory = memory;
    origin.learnedIdleMs = idleMs;
    origin.workedIdleMs = provenMs;
    origin.aliveMs = aliveMs;
    origin.silentMs = silentMs;
    origin.reviewAt = Math.min(reviewAt, memory.workedAt + WORKED_FRESH_MS + 1);
    if (origin.reviewAt <= now) origin.reviewAt = reviewAt;
    if (idleMs !== previousMs) this.#applyToIdle(origin);
    const { learnedRequests: requests } = origin;
    if (closes || idleMs !== previousMs)
      this.#emit({
        type: "learned",
        originRecord: origin,
        idleMs,
        previousMs,
        requests,
        previousRequests: requests,
      });
  }

  /** Applies a new limit to parked connections. The step retires those that have been idle for longer. */
  #applyToIdle(origin: OriginRecord<C, W>): void {
    for (const connection of origin.idle) {
      connection.retireAt = keepUntil(connection, origin.rules);
      this.#origins.deadlines.watch(connection);
    }
  }
}
