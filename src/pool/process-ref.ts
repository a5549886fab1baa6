/**
 * Process ref: keeps the process alive while somebody waits for the pool itself. A socket that bytes are expected on
 * does that by itself. A request in the queue, a connect attempt that looks up a name, and a pool that is closing may have
 * nothing but timers and paused sockets, which do not.
 */

import type { Clock } from "../contract/clock.ts";

/** Counts what is waited for in one pool, and refs the clock while that is anything. */
export class ProcessRef {
  readonly #clock: Clock;
  /** How many waits there are. The whole queue counts as one. */
  #count = 0;
  #queued = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Says whether requests wait in the queue now. */
  whileQueued(queued: boolean): void {
    if (queued === this.#queued) return;
    this.#queued = queued;
    this.#add(queued ? 1 : -1);
  }

  /** Keeps the process alive until `waited` is settled, and resolves with its value. */
  async until<T>(waited: Promise<T>): Promise<T> {
    this.#add(1);
    try {
      return await waited;
    } finally {
      this.#add(-1);
    }
  }

  #add(count: 1 | -1): void {
    const wasRef = this.#count > 0;
    this.#count += count;
    if (this.#count > 0 !== wasRef) this.#clock.ref?.(!wasRef);
  }
}
