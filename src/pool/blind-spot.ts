/**
 * Blind spot: the time in which a parked connection may have been closed unseen, because the event loop was
 * blocked: the kernel has the FIN, the program does not. Looking costs one turn of the event loop, so it is done
 * before a reuse only when the pool has not seen the loop come round of late.
 */

import type { Clock } from "../clock.ts";
import type { RetireReason } from "../rules/reasons.ts";
import type { Rules } from "../rules/rules.ts";
import { expiredReason, isProvenFresh } from "../rules/verdict.ts";
import type { ConnectionUser, PooledConnection } from "./connection.ts";

/** A loop that comes round within this time counts as watching: shorter than any idle limit a server has. */
const UNSEEN_MS = 10;

/** The same for a careful look: as short as what a timer can tell. */
const UNSEEN_CAREFUL_MS = 1;

/**
 * Whether a close of the connection may have gone unnoticed. `unseenMs`: since the loop was last seen to come round.
 *
 * A server that closes right behind its response has its FIN in the kernel while the response is being handled, and
 * so has one whose response was held back for longer than its idle limit. A careful look, for a request that cannot
 * be sent twice and for a connection that was held back, waits for the loop to come round after that, too.
 */
export function isBlindSpot(careful: boolean, idleMs: number, unseenMs: number): boolean {
  if (careful) return idleMs < UNSEEN_MS || unseenMs > UNSEEN_CAREFUL_MS;
  return idleMs > UNSEEN_MS && unseenMs > UNSEEN_MS;
}

/** Whether what such a look finds can be no older than the loop's last round. */
export function isUnblocked(unseenMs: number): boolean {
  return unseenMs <= UNSEEN_CAREFUL_MS;
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
    if (now - this.#at <= UNSEEN_CAREFUL_MS) {
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

/** What is known of a look before it is taken. */
export interface LookOptions {
  /** It is for a request that cannot be sent twice. */
  readonly unsafe: boolean;
  /** The event loop has just come round, and the connection was being read then. */
  readonly unblocked: boolean;
}

/**
 * Holds a connection for one turn of the event loop, and says why it must not be used, or `undefined` if it may.
 */
export function look<Wire>(
  connection: PooledConnection<Wire>,
  { clock, rules }: { readonly clock: Clock; readonly rules: Rules },
  { unsafe, unblocked }: LookOptions,
  looked: (reason: RetireReason | undefined) => void,
): void {
  const spot = new BlindSpot(looked);
  connection.user = spot;
  clock.turn(() => {
    if (spot.found) return;
    connection.user = undefined;
    const now = clock.now();
    // However short the turn was: what held of the connection before may hold no longer.
    const { record } = connection;
    const unproven = unsafe && !isProvenFresh(record, rules, now);
    // Put back for others an unproven one would pass for one that was just used.
    looked(expiredReason(record, rules, now) ?? (unproven ? "aborted" : undefined));
  }, unblocked);
}

/** Has a connection meanwhile; `dead` is called with what came, if anything came. */
class BlindSpot implements ConnectionUser {
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
