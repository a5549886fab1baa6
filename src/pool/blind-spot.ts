/**
 * Blind spot: the time in which a parked connection may have been closed unseen, because the event loop was
 * blocked: the kernel has the FIN, the program does not. Looking costs one turn of the event loop, so it is done
 * before a reuse only when the pool has not seen the loop come round of late.
 */

import type { Clock } from "../clock.ts";
import type { RetireReason } from "../rules/reasons.ts";
import type { ConnectionUser } from "./connection.ts";

/** A loop that comes round within this time counts as watching: shorter than any idle limit a server has. */
const UNSEEN_MS = 10;

/** The same for a request that cannot be sent twice: as short as what a timer can tell. */
const UNSEEN_UNSAFE_MS = 1;

/**
 * Whether a close of the connection may have gone unnoticed. `unseenMs`: since the loop was last seen to come round.
 *
 * A server that closes right behind its response has its FIN in the kernel while the response is being handled.
 * A request that cannot be sent twice waits for the loop to come round after that, too.
 */
export function isBlindSpot(unsafe: boolean, idleMs: number, unseenMs: number): boolean {
  if (unsafe) return idleMs < UNSEEN_MS || unseenMs > UNSEEN_UNSAFE_MS;
  return idleMs > UNSEEN_MS && unseenMs > UNSEEN_MS;
}

/**
 * When the event loop was last known to have looked at every socket. After a pause, the first event says only that
 * it is about to: what it found waits to be handled one by one, and among the rest may be the end of a connection.
 */
export class Watch {
  readonly #clock: Clock;
  #at: number;
  #comingRound = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** How long ago that was. */
  unseenMs(now: number): number {
    return now - this.#at;
  }

  /** Something came from a socket, or a timer fired. */
  seen(now: number): void {
    if (now - this.#at <= UNSEEN_UNSAFE_MS) {
      this.#at = now;
    } else if (!this.#comingRound) {
      this.#comingRound = true;
      this.#clock.turn(() => this.cameRound());
    }
  }

  /** A whole turn is over. */
  cameRound(): void {
    this.#comingRound = false;
    this.#at = this.#clock.now();
  }
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
