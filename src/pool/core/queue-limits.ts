/** Queue limits: how long requests wait, and how many. The pool's time limit is the same for most; a request or an origin may have another. */

import type { RejectReason } from "./effects.ts";
import { type OriginTable, waitersWithoutAttempt } from "./origin-table.ts";
import type { OriginRecord, Waiter } from "./records.ts";

type Reject<C, W> = (
  waiter: Waiter<C, W>,
  origin: string,
  why: RejectReason,
  now: number,
  more: { readonly limit: number },
) => void;

/** The limits on the waiters of one pool. */
export class QueueLimits<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #maxQueue: number;
  readonly #timeoutMs: number;
  readonly #reject: Reject<C, W>;

  constructor(
    origins: OriginTable<C, W>,
    limits: { readonly maxQueue: number; readonly timeoutMs: number },
    reject: Reject<C, W>,
  ) {
    this.#origins = origins;
    this.#maxQueue = limits.maxQueue;
    this.#timeoutMs = limits.timeoutMs;
    this.#reject = reject;
  }

  /** A time at or before the next one at which a waiter has waited for too long. */
  next(): number {
    const { queue, timed } = this.#origins;
    const { first } = queue;
    return Math.min(first === undefined ? Infinity : this.endOf(first), timed.next());
  }

  /** When a waiter has waited for too long. */
  endOf(waiter: Waiter<C, W>): number {
    return waiter.askedAt + (waiter.timeoutMs ?? this.#timeoutMs);
  }

  /** The limit on waiting requests that is passed. A request that a connect attempt is for does not count. */
  passed(origin: OriginRecord<C, W>): number | undefined {
    const own = waitersWithoutAttempt(origin);
    if (own === 0) return undefined;
    if (own > origin.rules.maxQueue) return origin.rules.maxQueue;
    return this.#origins.waitersWithoutAttempt > this.#maxQueue ? this.#maxQueue : undefined;
  }

  /** In the order in which their times ended, however late the step is. */
  rejectTimedOut(now: number): void {
    const { timed } = this.#origins;
    if (timed.size > 0) {
      for (let due = timed.expired(now); due !== undefined; due = timed.expired(now)) {
        this.#rejectQueued(due.retireAt, now);
        this.timeOut(due, keyOf(due), now);
      }
    }
    this.#rejectQueued(now, now);
  }

  /** Rejects those with the pool's time limit whose time has ended by `until`. */
  #rejectQueued(until: number, now: number): void {
    const { queue } = this.#origins;
    for (let first = queue.first; first !== undefined; first = queue.first) {
      if (until < this.endOf(first)) return;
      this.timeOut(first, keyOf(first), now);
    }
  }

  timeOut(waiter: Waiter<C, W>, origin: string, now: number): void {
    this.#reject(waiter, origin, "acquire-timeout", now, { limit: waiter.timeoutMs ?? this.#timeoutMs });
  }
}

/** The origin that a queued waiter waits for. */
export function keyOf<C, W>({ originRecord }: Waiter<C, W>): string {
  return originRecord?.origin.key ?? "";
}
