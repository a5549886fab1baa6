/** Ledger: what the server saw of each request, by number. The judge compares it with what the client reports. */

/** What happened to a request, as bits. */
export const FATE = {
  /** It arrived at least once. */
  seen: 1,
  /** Its connection had been used before, and ended before any response byte: a resend succeeds. */
  mendable: 2,
  /** The first request of its connection got no response. */
  fresh: 4,
  /** The response was cut in the middle, or a RST may have overtaken it. */
  cut: 8,
  /** Unsolicited bytes were under way when it was sent. No client can tell them from its response. */
  crossed: 16,
} as const;

/** The bits that excuse a failure of any client. */
export const EXCUSED: number = FATE.fresh | FATE.cut | FATE.crossed;

/** What the server saw in the run of one client. */
export class Ledger {
  readonly executions: Uint8Array;
  readonly fates: Uint8Array;
  connections = 0;
  requests = 0;

  constructor(size: number) {
    this.executions = new Uint8Array(size);
    this.fates = new Uint8Array(size);
  }

  /** A request arrived. Returns whether for the first time. */
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
