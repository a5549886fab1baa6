/**
 * Blind spot: the time in which a parked connection may have been closed unseen, because the event loop was
 * blocked: the kernel has the FIN, the program does not. Looking costs one turn of the event loop, so it is done
 * before a reuse only when the pool has not seen the loop come round of late.
 */

import type { RetireReason } from "../rules/reasons.ts";
import type { ConnectionUser } from "./connection.ts";

/** A loop that comes round within this time counts as watching: shorter than any idle limit a server has. */
const UNSEEN_MS = 10;

/**
 * Whether a close of the connection may have gone unnoticed. `unseenMs`: since the loop was last seen to come round.
 *
 * A server that closes right behind its response has its FIN in the kernel while the response is being handled.
 * A request that cannot be sent twice waits for the loop to come round after that, too.
 */
export function isBlindSpot(unsafe: boolean, idleMs: number, unseenMs: number): boolean {
  if (unsafe && idleMs < UNSEEN_MS) return true;
  return idleMs > 0 && unseenMs > UNSEEN_MS;
}

/** Holds a connection for one turn of the event loop; `dead` is called with what came, if anything came. */
export class BlindSpot implements ConnectionUser {
  readonly #dead: (reason: RetireReason) => void;
  #found = false;

  constructor(dead: (reason: RetireReason) => void) {
    this.#dead = dead;
  }

  /** Whether something came. */
  get found(): boolean {
    return this.#found;
  }

  data(): void {
    this.#finish("unsolicited-data");
  }

  drain(): void {}

  closed(): void {
    this.#finish("peer-closed");
  }

  cut(): void {
    this.#finish("pool-closed");
  }

  #finish(reason: RetireReason): void {
    if (this.#found) return;
    this.#found = true;
    this.#dead(reason);
  }
}
