/**
 * Sleep detector: notices that the machine was suspended. The monotonic clock stands still meanwhile, so idle connections
 * look young although their servers have long closed them. Only the wall clock shows it (Go compares both clocks, too).
 * The detector is asked before anything is concluded from an age: a FIN that waited for the machine to wake says nothing
 * about the server's idle limit.
 */

import type { Clock } from "../contract/clock.ts";
import type { ConnectionFacts } from "../rules/rules.ts";

/** A smaller jump of the wall clock is taken for an adjustment of it. */
const SLEPT_MS = 1000;

/** See {@linkcode SleepDetector.noticeOften}. */
const OFTEN_MS = 1;

/** Compares the wall clock with the monotonic one. */
export class SleepDetector {
  readonly #clock: Clock;
  readonly #slept: (now: number) => void;
  /** Wall time less monotonic time, at the last call of `notice`. */
  #offset: number;
  #comparedAt = -Infinity;
  #noticedAt = -Infinity;

  /** `slept` is called with the time at which a sleep was noticed. */
  constructor(clock: Clock, slept: (now: number) => void) {
    this.#clock = clock;
    this.#slept = slept;
    this.#offset = clock.wall() - clock.now();
  }

  /** Checks whether the machine slept since the last call. */
  notice(now: number): void {
    const offset = this.#clock.wall() - now;
    const jump = offset - this.#offset;
    this.#offset = offset;
    this.#comparedAt = now;
    if (jump < SLEPT_MS) return;
    this.#noticedAt = now;
    this.#slept(now);
  }

  /**
   * The same for each request of a busy pool, whose clocks are compared once a millisecond: it costs a tenth of the JavaScript of a
   * request. A sleep in between is noticed by the next comparison. By a clock that has not moved nobody knows how long ago the last was.
   */
  noticeOften(now: number): void {
    const sinceMs = now - this.#comparedAt;
    if (sinceMs === 0 || sinceMs >= OFTEN_MS) this.notice(now);
  }

  /** Whether the machine slept during the connection's lease: then its end says nothing about the server. */
  duringLease(
    { idleSince, leasedIdleMs }: Pick<ConnectionFacts, "idleSince"> & { readonly leasedIdleMs: number },
    now: number,
  ): boolean {
    this.notice(now);
    return this.#noticedAt >= idleSince + leasedIdleMs;
  }
}
