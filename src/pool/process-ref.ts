/**
 * Hold: keeps the process alive while somebody waits for the pool itself. Whoever waits for bytes is served by a socket,
 * which holds the process; a request in the queue, a dial that still looks up its name, and a pool that is closing may
 * have nothing but timers and paused sockets, which never do.
 */

import type { Clock } from "../contract/clock.ts";

/** What one pool is waited for. */
export class ProcessRef {
  readonly #clock: Clock;
  /** Waits that hold, the queue being one of them. */
  #count = 0;
  #queued = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether requests wait in the queue, as things stand now. */
  whileQueued(queued: boolean): void {
    if (queued === this.#queued) return;
    this.#queued = queued;
    this.#add(queued ? 1 : -1);
  }

  /** Holds until `waited` is settled, and answers it. */
  async until<T>(waited: Promise<T>): Promise<T> {
    this.#add(1);
    try {
      return await waited;
    } finally {
      this.#add(-1);
    }
  }

  #add(count: 1 | -1): void {
    const held = this.#count > 0;
    this.#count += count;
    if (this.#count > 0 !== held) this.#clock.ref?.(!held);
  }
}
