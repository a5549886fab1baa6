/**
 * Local addresses: notices that the machine has moved to another network. A connection from an address that the machine no
 * longer has is dead, and nobody says so: what it sends leaves with a sender to whom no answer finds its way.
 */

import type { Transport } from "../contract/transport.ts";

/** Only connections that were idle for so long are looked at, in ms. Busy ones never cost a look. */
const IDLE_MS = 1000;

/** The addresses are looked up no more often than this, in ms: it takes some 50 µs on Node 24. */
const LOOK_EVERY_MS = 1000;

/** The addresses of the machine. */
export class AddressWatch {
  readonly #read: Transport["localAddresses"];
  #known: ReadonlySet<string> = new Set();
  #readAt = -Infinity;

  constructor(read: Transport["localAddresses"]) {
    this.#read = read;
  }

  /** Whether a connection that was idle for `idleMs` is from an address that the machine no longer has. */
  areWithout(localAddress: string | undefined, idleMs: number, now: number): boolean {
    if (this.#read === undefined || localAddress === undefined || idleMs < IDLE_MS) return false;
    if (now - this.#readAt >= LOOK_EVERY_MS) {
      this.#readAt = now;
      this.#known = this.#look(this.#read);
    }
    // The loopback has more addresses than its interface lists. Without any address nothing is known.
    if (this.#known.size === 0 || localAddress.startsWith("127.")) return false;
    return !this.#known.has(localAddress);
  }

  /** None if it fails, so that nothing is concluded. The transport may be the user's. */
  #look(read: NonNullable<Transport["localAddresses"]>): ReadonlySet<string> {
    try {
      return new Set(read());
    } catch {
      return new Set();
    }
  }
}
