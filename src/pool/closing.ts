/** Closing: the end of a pool: waits until the last connection is gone, and cuts off what takes too long. */

import type { Acquirer, PooledConnection } from "./connection.ts";
import type { OriginTable } from "./core/origin-table.ts";
import type { PoolTimer, Timed } from "./timer.ts";

/** Whoever waits for the end. */
export class Closing<Wire> {
  readonly #timer: PoolTimer;
  readonly #origins: OriginTable<PooledConnection<Wire>, Acquirer<Wire>>;
  readonly #waiting: Set<Timed & { done(): void }> = new Set();
  #isCuttingOff = false;

  constructor(timer: PoolTimer, origins: OriginTable<PooledConnection<Wire>, Acquirer<Wire>>) {
    this.#timer = timer;
    this.#origins = origins;
  }

  /** Whether somebody's patience is over: nobody gets a connection any more, and who has one loses it. */
  get isCuttingOff(): boolean {
    return this.#isCuttingOff;
  }

  /** Resolves when no connection is left; after `graceMs` those that are left are cut off. */
  wait(now: number, graceMs: number): Promise<void> {
    return new Promise((done) => {
      const end = {
        dueAt: () => now + graceMs,
        due: () => this.#cutAll(),
        cut: () => this.#cutAll(),
        done,
      };
      this.#waiting.add(end);
      // Without grace no timer is waited for: it would not keep the process alive.
      if (graceMs <= 0) this.#cutAll();
      else this.#timer.watch(end);
      this.check();
    });
  }

  /** A connection was closed: perhaps the last. */
  check(): void {
    if (this.#origins.open > 0) return;
    for (const end of this.#waiting) {
      this.#timer.drop(end);
      end.done();
    }
    this.#waiting.clear();
    this.#timer.stop();
  }

  /** Of a copy: who is cut off leaves the lists, and may make others leave. */
  #cutAll(): void {
    this.#isCuttingOff = true;
    const connections = [...this.#origins.records()].flatMap((entry) => [...entry.connections]);
    for (const record of connections) record.attachment?.user?.cut();
  }
}
