/** Retirement: every way in which a connection is retired, and what is retired when nobody asked for it. */

import type { RetireReason } from "../../contract/reasons.ts";
import { chooseEvicted } from "../../rules/idle-choice.ts";
import { verdict } from "../../rules/verdict.ts";
import { noteEnd } from "../../rules/warm.ts";
import type { Effect } from "./effects.ts";
import type { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";
import type { State } from "./state.ts";

/** Ends the connections of one pool. */
export class Retirement<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #emit: (effect: Effect<C, W>) => void;

  constructor(origins: OriginTable<C, W>, emit: (effect: Effect<C, W>) => void) {
    this.#origins = origins;
    this.#emit = emit;
  }

  /** Retires a connection: an active one closes with its last lease, unless it lingers; any other closes now. */
  retire(
    connection: ConnectionRecord<C, W>,
    reason: RetireReason,
    now: number,
    step: "retired" | "lost" = "retired",
    error?: unknown,
  ): void {
    if (connection.state === "closed") return;
    const from = connection.state;
    if (from === "active") connection.retireReason = reason;
    if (this.#origins.retire(connection, step) !== "closed") {
      // An exchange lingers only so that its connection can be used again.
      if (!connection.lingers) return this.#leftPlace(connection.originRecord);
      this.#origins.release(connection);
    }
    const { warm } = connection.originRecord;
    if (warm !== undefined) noteEnd(warm, connection, reason, now);
    this.close(connection, reason, from, from === "idle" ? now - connection.idleSince : 0, error);
  }

  /** A connection that drains may have left its place to another. The end of the step connects for its origin. */
  #leftPlace(origin: OriginRecord<C, W>): void {
    this.#origins.setBlocked(origin, origin.counted < origin.rules.maxConnectionsPerOrigin);
  }

  /**
   * The only exchange of a connection lingers from now on. One of several is not noted: the others need the connection.
   * If the connection is draining there is nothing to linger for, and it closes.
   */
  linger(connection: ConnectionRecord<C, W>, now: number): void {
    if (connection.furtherLeases > 0) return;
    this.#origins.linger(connection);
    if (connection.state === "draining")
      this.retire(connection, connection.retireReason ?? "pool-closed", now);
  }

  /** The peer asks for calm. */
  calm(connection: ConnectionRecord<C, W>, now: number): void {
    connection.originRecord.calmed += 1;
    this.#emit({ type: "calmed", connection });
    this.retire(connection, "calm", now);
  }

  /** A connect attempt came to nothing. `endedBy`: its connection was open, and the peer ended it before it was used. */
  unopened(
    connection: ConnectionRecord<C, W>,
    endedBy: RetireReason | undefined,
    now: number,
    error: unknown,
  ): void {
    if (endedBy === undefined) connection.originRecord.reach.failedAt = now;
    if (endedBy === "calm") this.calm(connection, now);
    else this.retire(connection, endedBy ?? "connect-failed", now, "lost", error);
  }

  /** Retires the connections of one origin, or of all. */
  drain(key: string | undefined, reason: RetireReason, now: number): void {
    const origins = key === undefined ? this.#origins.records() : [this.#origins.find(key)];
    for (const origin of origins) {
      for (const connection of origin?.connections ?? []) {
        // One that is being opened is as new as what would replace it.
        if (connection.state !== "connecting") this.retire(connection, reason, now);
      }
    }
  }

  /** Counts a connection whose state is closed, and has its socket closed. */
  close(
    connection: ConnectionRecord<C, W>,
    reason: RetireReason,
    from: State,
    idleMs: number,
    error?: unknown,
  ): void {
    const { retired } = connection.originRecord.counters;
    retired[reason] = (retired[reason] ?? 0) + 1;
    this.#origins.forget(connection);
    this.#emit({ type: "close", connection, reason, from, idleMs, error });
  }

  /** Retires the idle connections whose time is over. */
  expire(now: number): void {
    const { deadlines } = this.#origins;
    for (let due = deadlines.expired(now); due !== undefined; due = deadlines.expired(now)) {
      const answer = verdict(due, due.rules, now);
      if (!answer.keep) this.retire(due, answer.reason, now);
    }
  }

  /** Retires idle connections above the idle limits, when one has just been parked. */
  trim(origin: OriginRecord<C, W>, now: number): void {
    const { maxIdle, maxIdlePerOrigin, evictPerOrigin, evictInAll } = origin.rules;
    const ofOrigin =
      origin.idle.size > maxIdlePerOrigin ? chooseEvicted(origin.idle, evictPerOrigin) : undefined;
    if (ofOrigin !== undefined) this.retire(ofOrigin, "max-idle", now);
    const { idle } = this.#origins;
    const ofAll = idle.size > maxIdle ? chooseEvicted(idle, evictInAll) : undefined;
    if (ofAll !== undefined) this.retire(ofAll, "max-idle", now);
  }

  /** Retires every idle connection. */
  retireIdle(reason: RetireReason, now: number): void {
    for (const connection of this.#origins.idle) this.retire(connection, reason, now);
  }
}
