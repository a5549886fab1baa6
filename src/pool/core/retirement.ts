/** Exits: every way in which a connection is retired, and what is retired when nobody asked for it. */

import type { RetireReason } from "../../contract/reasons.ts";
import { chooseEvicted } from "../../rules/idle-choice.ts";
import type { Rules } from "../../rules/rules.ts";
import { verdict } from "../../rules/verdict.ts";
import type { Effect } from "./effects.ts";
import type { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";
import type { State } from "./state.ts";

/** What is left of the core's work once a connection has no future. */
export class Retirement<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #rules: Rules;
  readonly #emit: (effect: Effect<C, W>) => void;

  constructor(origins: OriginTable<C, W>, rules: Rules, emit: (effect: Effect<C, W>) => void) {
    this.#origins = origins;
    this.#rules = rules;
    this.#emit = emit;
  }

  /** Retires a connection: an active one closes when it is released, unless it lingers; any other now. */
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
      // What lingers does so to be used again.
      if (!connection.lingers) return;
      this.#origins.release(connection);
    }
    this.close(connection, reason, from, from === "idle" ? now - connection.idleSince : 0, error);
  }

  /** The exchange of an active connection lingers from now on. One that is not to be kept has nothing to linger for. */
  linger(connection: ConnectionRecord<C, W>, now: number): void {
    this.#origins.linger(connection);
    if (connection.state === "draining")
      this.retire(connection, connection.retireReason ?? "pool-closed", now);
  }

  /** A connection is closed: counts it and has its socket closed. */
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
      const answer = verdict(due, this.#rules, now);
      if (!answer.keep) this.retire(due, answer.reason, now);
    }
  }

  /** Retires idle connections above the idle limits, when one has just been parked. */
  trim(entry: OriginRecord<C, W>, now: number): void {
    const { maxIdle, maxIdlePerOrigin, evictPerOrigin, evictInAll } = this.#rules;
    const own = entry.idle.size > maxIdlePerOrigin ? chooseEvicted(entry.idle, evictPerOrigin) : undefined;
    if (own !== undefined) this.retire(own, "max-idle", now);
    const { idle } = this.#origins;
    const any = idle.size > maxIdle ? chooseEvicted(idle, evictInAll) : undefined;
    if (any !== undefined) this.retire(any, "max-idle", now);
  }

  /** Retires every idle connection. */
  retireIdle(reason: RetireReason, now: number): void {
    for (const connection of this.#origins.idle) this.retire(connection, reason, now);
  }
}
