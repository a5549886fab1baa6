/** Ledger: what the server saw of each request, by its number. The judge reads it beside what the client says. */

/** What befell a request, as bits. */
export const FATE = {
  /** It arrived at least once. */
  seen: 1,
  /** Its connection ended before any response byte, though it had been used before: a second attempt mends it. */
  mendable: 2,
  /** The first request of its connection got no answer. */
  fresh: 4,
  /** The response was cut in the middle, or RST may have overtaken it. */
  cut: 8,
  /** Bytes nobody asked for were under way when it was sent: no client can tell them from its answer. */
  crossed: 16,
} as const;

/** Fates that excuse a failure of any client. */
export const EXCUSED: number = FATE.fresh | FATE.cut | FATE.crossed;

/** The books of one client's run. */
export class Ledger {
  readonly executions: Uint8Array;
  readonly fates: Uint8Array;
  connections = 0;
  requests = 0;

  constructor(size: number) {
    this.executions = new Uint8Array(size);
    this.fates = new Uint8Array(size);
  }

  /** A request arrived; answers whether for the first time. */
  arrived(index: number): boolean {
    this.requests += 1;
    const first = ((this.fates[index] ?? 0) & FATE.seen) === 0;
    this.mark(index, FATE.seen);
    return first;
  }

  executed(index: number): void {
    const times = this.executions[index] ?? 0;
    if (times < 255) this.executions[index] = times + 1;
  }

  mark(index: number, fate: number): void {
    this.fates[index] = (this.fates[index] ?? 0) | fate;
  }
}
