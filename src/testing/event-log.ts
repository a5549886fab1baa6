/** Event log: what a pool has told, with assertions. They throw an `AssertionError` that every test runner shows well. */

import type { PoolEvent, PoolListener } from "../contract/events.ts";
import type { RetireReason, RetryReason } from "../contract/reasons.ts";
import type { PoolStats } from "../pool/stats.ts";
import { AssertionError } from "./assertion-error.ts";

/** What the log needs of a pool. */
export interface LoggedPool {
  /** As {@linkcode Pool.subscribe}. */
  subscribe(listener: PoolListener): () => void;
  /** As {@linkcode Pool.stats}. */
  stats(): PoolStats;
}

/** The event of a type. */
export type EventOf<T extends PoolEvent["type"]> = Extract<PoolEvent, { readonly type: T }>;

/** The events of a pool from now on. */
export class EventLog {
  /** All events, in order. */
  readonly events: PoolEvent[] = [];
  readonly #pool: LoggedPool;
  /** Ends the log. What it has stays. */
  readonly stop: () => void;

  /** Begins to log. */
  constructor(pool: LoggedPool) {
    this.#pool = pool;
    this.stop = pool.subscribe((event) => void this.events.push(event));
  }

  /** The events of one type. */
  of<T extends PoolEvent["type"]>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type);
  }

  /** The reasons for which connections ended, in order. */
  get retired(): RetireReason[] {
    return this.of("connection.retired").map(({ reason }) => reason);
  }

  /** The reasons for which requests were sent again, in order. */
  get resent(): RetryReason[] {
    return this.of("request.retried").map(({ reason }) => reason);
  }

  /** How many requests went over a connection that had carried one before, and how many opened one. */
  get reuse(): { readonly reused: number; readonly opened: number } {
    const acquired = this.of("connection.acquired");
    const reused = acquired.filter((event) => event.reused).length;
    return { reused, opened: acquired.length - reused };
  }

  /**
   * Connections ended for this reason, `times` of them if that is given.
   *
   * @throws {AssertionError} otherwise, with what was found and what was expected.
   */
  assertRetired(reason: RetireReason, times?: number): void {
    const found = this.retired.filter((other) => other === reason).length;
    if (times === undefined ? found > 0 : found === times) return;
    const wanted = times === undefined ? "at least one connection" : `${times} connections`;
    throw new AssertionError(`${wanted} should have ended as ${reason}`, this.retired, reason);
  }

  /**
   * So many requests went over a connection that had carried one before, and so many over one that was opened for them.
   *
   * @throws {AssertionError} otherwise, with what was found and what was expected.
   */
  assertReuse(expected: { readonly reused: number; readonly opened: number }): void {
    const { reused, opened } = this.reuse;
    if (reused === expected.reused && opened === expected.opened) return;
    throw new AssertionError("requests went over other connections", this.reuse, expected);
  }

  /**
   * No request was sent more than once.
   *
   * @throws {AssertionError} otherwise, with what was found and what was expected.
   */
  assertNothingResent(): void {
    if (this.resent.length > 0) throw new AssertionError("requests were sent again", this.resent, []);
  }

  /**
   * No connection is in use and no request waits: every response was read or discarded.
   *
   * @throws {AssertionError} otherwise, with what was found and what was expected.
   */
  assertAtRest(): void {
    const { active, connecting, queued, streams } = this.#pool.stats();
    const now = { active, connecting, queued, streams };
    if (active + connecting + queued + streams === 0) return;
    throw new AssertionError("the pool is not at rest; is a response left unread?", now, {
      active: 0,
      connecting: 0,
      queued: 0,
      streams: 0,
    });
  }
}
