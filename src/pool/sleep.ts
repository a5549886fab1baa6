/**
 * Sleep: notices that the machine was suspended. Its monotonic clock stood still meanwhile, so idle connections
 * look young though the server has long closed them; only the wall clock tells (Go compares both, too).
 */

import type { Clock } from "../clock.ts";

/** A smaller jump of the wall clock is taken for its adjustment. */
const SLEPT_MS = 1000;

/** Compares the wall clock with the monotonic one. */
export class SleepWatch {
  readonly #clock: Clock;
  /** Wall time less monotonic time, when last asked. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.wall() - clock.now();
  }

  /** Whether the machine slept since this was last asked. */
  slept(now: number): boolean {
    const offset = this.#clock.wall() - now;
    const jump = offset - this.#offset;
    this.#offset = offset;
    return jump >= SLEPT_MS;
  }
}
