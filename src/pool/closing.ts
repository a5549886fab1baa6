/** Closing a pool: waits until the last connection is closed, and cuts off the exchanges that take too long. */

import type { PoolWire } from "../contract/wire.ts";
import type { Acquirer, PooledConnection } from "./connection.ts";
import type { OriginTable } from "./core/origin-table.ts";
import type { PoolTimer, Timed } from "./timer.ts";

/** The calls of `close()` that wait for the end of one pool. */
export class Closing<Wire extends PoolWire> {
  readonly #timer: PoolTimer;
  readonly #origins: OriginTable<PooledConnection<Wire>, Acquirer<Wire>>;
  readonly #waiting: Set<Timed & { done(): void }> = new Set();
  #isCuttingOff = false;

  constructor(timer: PoolTimer, origins: OriginTable<PooledConnection<Wire>, Acquirer<Wire>>) {
    this.#timer = timer;
    this.#origins = origins;
  }

  /** Whether the grace of a call is over: exchanges lose their connections, and none gets another. */
  get isCuttingOff(): boolean {
    return this.#isCuttingOff;
  }

  /** Resolves when no connection is open. Exchanges that still have one after `graceMs` are cut off. */
  wait(now: number, graceMs: number): Promise<void> {
    return new Promise((done) => {
      const end = {
        dueAt: () => now + graceMs,
        due: () => this.#cutAll(),
        cut: () => this.#cutAll(),
        done,
      };
      this.#waiting.add(end);
      // Without grace nothing waits for the timer, which does not keep the process alive.
      if (graceMs <= 0) this.#cutAll();
      else this.#timer.watch(end);
      this.check();
    });
  }

  /** Called when a connection was closed: it may have been the last. */
  check(): void {
    if (this.#origins.open > 0) return;
    for (const end of this.#waiting) {
      this.#timer.drop(end);
      end.done();
    }
    this.#waiting.clear();
    this.#timer.stop();
  }

  /** Walks a copy: an exchange that is cut off leaves the lists, and may make others leave. */
  #cutAll(): void {
    this.#isCuttingOff = true;
    const connections = [...this.#origins.records()].flatMap((entry) => [...entry.connections]);
    for (const record of connections) record.attachment?.user?.cut();
  }
}
