/** Ledger: counts what an origin executed, request by request. */

import type { Seen } from "./protocol.ts";

export class Ledger {
  connections = 0;
  readonly #run: string;
  readonly #times = new Map<string, number>();
  #twice = 0;
  #executed = 0;

  constructor(run: string) {
    this.#run = run;
  }

  /** A request was executed. Those of other runs do not count. */
  executed(method: string, path: string): void {
    if (!path.startsWith(`/${this.#run}/`)) return;
    const times = (this.#times.get(path) ?? 0) + 1;
    this.#times.set(path, times);
    this.#executed += 1;
    if (method === "POST" && times === 2) this.#twice += 1;
  }

  get seen(): Seen {
    return { executed: this.#executed, twice: this.#twice, connections: this.connections };
  }
}
