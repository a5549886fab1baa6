/** Closing: the end of a pool: waits until the last connection is gone, and cuts off what takes too long. */

import type { Alarm, Timed } from "./alarm.ts";
import type { Acquirer, PooledConnection } from "./connection.ts";
import type { Floor } from "./floor.ts";

type PoolFloor<Wire> = Floor<PooledConnection<Wire>, Acquirer<Wire>>;

/** Whoever waits for the end. */
export class Closing<Wire> {
  readonly #alarm: Alarm;
  readonly #waiting: Set<Timed & { done(): void }> = new Set();

  constructor(alarm: Alarm) {
    this.#alarm = alarm;
  }

  /** Resolves when no connection is left; after `graceMs` those that are left are cut off. */
  wait(floor: PoolFloor<Wire>, now: number, graceMs: number): Promise<void> {
    return new Promise((done) => {
      const end = { dueAt: () => now + graceMs, due: () => cutAll(floor), done };
      this.#waiting.add(end);
      // Without grace no timer is waited for: it would not keep the process alive.
      if (graceMs <= 0) cutAll(floor);
      else this.#alarm.watch(end);
      this.check(floor);
    });
  }

  /** A connection was closed: perhaps the last. */
  check(floor: PoolFloor<Wire>): void {
    if (floor.open > 0) return;
    for (const end of this.#waiting) {
      this.#alarm.drop(end);
      end.done();
    }
    this.#waiting.clear();
    this.#alarm.stop();
  }
}

function cutAll<Wire>(floor: PoolFloor<Wire>): void {
  for (const entry of floor.entries()) {
    for (const record of entry.connections) record.attached?.user?.cut();
  }
}
