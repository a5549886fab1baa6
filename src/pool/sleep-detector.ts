/**
 * Sleep: notices that the machine was suspended. Its monotonic clock stood still meanwhile, so idle connections
 * look young though the server has long closed them; only the wall clock tells (Go compares both, too). It is asked
 * before anything is concluded from an age: a FIN that waited for the machine to wake says nothing of a limit.
 */

import type { Clock } from "../contract/clock.ts";
import type { ConnectionFacts } from "../rules/rules.ts";

/** A smaller jump of the wall clock is taken for its adjustment. */
const SLEPT_MS = 1000;

/** Compares the wall clock with the monotonic one. */
export class SleepDetector {
  readonly #clock: Clock;
  readonly #slept: (now: number) => void;
  /** Wall time less monotonic time, when last asked. */
  #offset: number;
  #noticedAt = -Infinity;

  /** `slept` is called when it is noticed that the machine did. */
  constructor(clock: Clock, slept: (now: number) => void) {
    this.#clock = clock;
    this.#slept = slept;
    this.#offset = clock.wall() - clock.now();
  }

  /** Notices whether the machine slept since this was last called. */
  notice(now: number): void {
    const offset = this.#clock.wall() - now;
    const jump = offset - this.#offset;
    this.#offset = offset;
    if (jump < SLEPT_MS) return;
    this.#noticedAt = now;
    this.#slept(now);
  }

  /** Whether the machine slept while an exchange had the connection: how it ended then says nothing of its server. */
  duringLease(
    { idleSince, leasedIdleMs }: Pick<ConnectionFacts, "idleSince"> & { readonly leasedIdleMs: number },
    now: number,
  ): boolean {
    this.notice(now);
    return this.#noticedAt >= idleSince + leasedIdleMs;
  }
}
