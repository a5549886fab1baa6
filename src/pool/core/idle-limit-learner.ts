/**
 * Lessons: what the core learns of each origin's idle limit from what happens to its connections, and the parked
 * connections that a new lesson concerns. The conclusions themselves are drawn in `rules/learned-limit.ts`.
 */

import type { LimitMemory } from "../../contract/limit-store.ts";
import { learnedLimit, sawClose, sawReuse, WORKED_FRESH_MS } from "../../rules/learned-limit.ts";
import type { Rules } from "../../rules/rules.ts";
import { keepUntil } from "../../rules/verdict.ts";
import type { Effect } from "./effects.ts";
import type { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";

/** Keeps what is learned of every origin. */
export class IdleLimitLearner<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #rules: Rules;
  readonly #emit: (effect: Effect<C, W>) => void;

  constructor(origins: OriginTable<C, W>, rules: Rules, emit: (effect: Effect<C, W>) => void) {
    this.#origins = origins;
    this.#rules = rules;
    this.#emit = emit;
  }

  /** The peer closed a connection, which may have been idle. `watched`: just now. */
  closed(connection: ConnectionRecord<C, W>, watched: boolean, now: number): void {
    if (!this.#rules.learn || connection.state !== "idle" || connection.requests === 0) return;
    const { originRecord } = connection;
    this.#learn(originRecord, sawClose(originRecord.memory, now - connection.idleSince, watched, now), now);
  }

  /** An exchange is over. `answered`: whether a response came. */
  released(connection: ConnectionRecord<C, W>, answered: boolean | undefined, now: number): void {
    if (!this.#rules.learn || answered === undefined) return;
    const { originRecord } = connection;
    const memory = this.#afterExchange(connection, answered, now);
    // Where the limit lets no connection be used twice, a first answer is all there is to be reminded by.
    if (memory !== originRecord.memory || now >= originRecord.reviewAt)
      this.#learn(originRecord, memory, now);
  }

  /** What the end of an exchange adds to the memory: something, if its connection had been idle before. */
  #afterExchange(connection: ConnectionRecord<C, W>, answered: boolean, now: number): LimitMemory {
    const { originRecord, leasedIdleMs, requests } = connection;
    if (requests < 2) return originRecord.memory;
    if (!answered) return sawClose(originRecord.memory, leasedIdleMs, false, now);
    return leasedIdleMs > originRecord.workedIdleMs
      ? sawReuse(originRecord.memory, leasedIdleMs, now)
      : originRecord.memory;
  }

  /** A memory that was kept elsewhere. What was seen here meanwhile counts more. */
  restored(entry: OriginRecord<C, W>, memory: LimitMemory, now: number): void {
    if (!this.#rules.learn || entry.memory.closes.length > 0) return;
    this.#learn(entry, memory, now);
  }

  #learn(entry: OriginRecord<C, W>, memory: LimitMemory, now: number): void {
    const closes = memory.closes !== entry.memory.closes;
    const roundTripMs = entry.roundTripMs === Infinity ? 0 : entry.roundTripMs;
    const { idleMs, provenMs, reviewAt } = learnedLimit(memory, roundTripMs, now);
    const previousMs = entry.learnedIdleMs;
    entry.memory = memory;
    entry.learnedIdleMs = idleMs;
    entry.workedIdleMs = provenMs;
    entry.reviewAt = Math.min(reviewAt, memory.workedAt + WORKED_FRESH_MS + 1);
    if (entry.reviewAt <= now) entry.reviewAt = reviewAt;
    if (idleMs !== previousMs) this.#reconsider(entry);
    if (closes || idleMs !== previousMs)
      this.#emit({ type: "learned", originRecord: entry, idleMs, previousMs });
  }

  /** A new limit holds for what is parked already. This step retires what it has overtaken. */
  #reconsider(entry: OriginRecord<C, W>): void {
    for (const connection of entry.idle) {
      connection.retireAt = keepUntil(connection, this.#rules);
      this.#origins.deadlines.watch(connection);
    }
  }
}
