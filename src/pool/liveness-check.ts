/**
 * Blind spot: the time in which something may have come on a parked connection unseen, because the event loop was
 * busy: the kernel has bytes or a FIN, the program does not. A request that is written then takes for its answer what was
 * there before it, and no resend mends that. Looking costs one turn of the event loop, so it is done before a reuse only
 * where the loop may not have come round.
 */

import type { Clock } from "../contract/clock.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { Rules } from "../rules/rules.ts";
import { expiredReason, isProvenFresh } from "../rules/verdict.ts";
import type { ConnectionUser, PooledConnection } from "./connection.ts";

/** What came within this time before a request nobody can tell from its answer: as short as what a timer can tell. */
const UNSEEN_MS = 1;

/** A server that closes right behind its response has closed by then: shorter than any idle limit a server has. */
const BEHIND_RESPONSE_MS = 10;

/** For so long after it was asked for, a pool sees to it that it is known when the loop came round: not in full swing, where nobody asks. */
const ASKED_MS = 100;

/** A turn that took no longer was not held up, even on Deno, where it takes three timers of 2 ms. */
const QUICK_TURN_MS = 10;

/**
 * Whether something may have come unseen on a connection that was used before. `idleMs`: since the end of the last
 * response was read, and with it all that had come by then, unless there may be `more`, which its transport knows.
 * `unseenMs`: since the loop was last known to have come round to every socket.
 *
 * `careful`: a FIN must not be missed either, as the request cannot be sent twice, or the connection was held back, so
 * that its end may have come long before.
 *
 * A pool in full swing hands a connection on within the callback that read it, or in its microtasks: there it costs a
 * comparison.
 */
export function needsLivenessCheck(
  careful: boolean,
  more: boolean,
  idleMs: number,
  unseenMs: number,
): boolean {
  if (careful && idleMs < BEHIND_RESPONSE_MS) return true;
  if (more && unseenMs >= idleMs) return true;
  return idleMs > UNSEEN_MS && unseenMs > UNSEEN_MS;
}

/** Whether the answer can be known without asking when the loop came round: it is no. */
export function canSkipCheck(careful: boolean, more: boolean, idleMs: number): boolean {
  return idleMs <= UNSEEN_MS && !careful && !more;
}

/** Whether what such a look finds can be no older than the loop's last round. */
export function hasJustRun(unseenMs: number): boolean {
  return unseenMs <= UNSEEN_MS;
}

/**
 * When the event loop was last known to have come round: what had come by then on any socket has been handled. An event
 * does not say so: what the kernel told at once is handled one by one, with all that callers do in between, and among
 * the rest may be the end of a connection. Only where all of it is handled first (Deno) does one follow upon another.
 */
export class LoopMonitor {
  readonly #clock: Clock;
  readonly #inRounds: boolean;
  #checkedAt: number;
  #askedAt = -Infinity;
  #coming = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#inRounds = clock.reportsInBatches === true;
    this.#checkedAt = clock.now();
  }

  /** How long ago that was. */
  unseenMs(now: number): number {
    this.#askedAt = now;
    return now - this.#checkedAt;
  }

  /** Something came from a socket, or a timer fired. */
  loopRan(now: number): void {
    if (this.#inRounds && now - this.#checkedAt <= UNSEEN_MS) this.#checkedAt = now;
    else if (now - this.#askedAt <= ASKED_MS && now - this.#checkedAt > UNSEEN_MS / 2 && !this.#coming) {
      this.#coming = true;
      this.#clock.turn(() => this.turnEnded(now));
    }
  }

  /** A turn is over that began at `start`. */
  turnEnded(start: number): void {
    this.#coming = false;
    const now = this.#clock.now();
    const at = this.#inRounds && now - start <= QUICK_TURN_MS ? now : start;
    if (at > this.#checkedAt) this.#checkedAt = at;
  }
}

/** What is known of a look before it is taken. */
export interface LivenessOptions {
  /** It is for a request that cannot be sent twice. */
  readonly unsafe: boolean;
  /** The event loop has just come round, and the connection was being read then. */
  readonly unblocked: boolean;
}

/**
 * Holds a connection for one turn of the event loop, and says why it must not be used, or `undefined` if it may. A turn in
 * which somebody else worked for long is taken once more: what came meanwhile has not been looked at. In a loop whose
 * every turn is like that, more than this cannot be known.
 */
export function checkLiveness<Wire>(
  connection: PooledConnection<Wire>,
  { turns, rules }: { readonly turns: SharedTurns; readonly rules: Rules },
  { unsafe, unblocked }: LivenessOptions,
  looked: (reason: RetireReason | undefined) => void,
): void {
  const spot = new PendingCheck(looked);
  connection.user = spot;
  const came = (): void => {
    if (spot.found) return;
    connection.user = undefined;
    const now = turns.clock.now();
    // However short the turn was: what held of the connection before may hold no longer.
    const { record } = connection;
    const unproven = unsafe && !isProvenFresh(record, rules, now);
    // Put back for others an unproven one would pass for one that was just used.
    looked(expiredReason(record, rules, now) ?? (unproven ? "aborted" : undefined));
  };
  turns.take(unblocked, (disturbed) => {
    if (disturbed && !spot.found) turns.take(false, came);
    else came();
  });
}

type TurnCallback = (disturbed: boolean) => void;

/**
 * Turns of the event loop that all share who ask within one task. They are answered one right after the other: were each
 * to have a turn of its own, what a caller does with its connection would come between the turn of the next and its use.
 */
export class SharedTurns {
  readonly clock: Clock;
  readonly #open: Map<boolean, TurnCallback[]> = new Map();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Calls back after a turn. `disturbed`: it took so long that something may have come since. */
  take(unblocked: boolean, turned: TurnCallback): void {
    const open = this.#open.get(unblocked);
    if (open !== undefined) return void open.push(turned);
    const sharing = [turned];
    const start = this.clock.now();
    this.#open.set(unblocked, sharing);
    queueMicrotask(() => this.#open.delete(unblocked));
    this.clock.turn(() => {
      const disturbed = this.clock.reportsInBatches !== true && this.clock.now() - start > UNSEEN_MS;
      for (const one of sharing) one(disturbed);
    }, unblocked);
  }
}

/** Has a connection meanwhile; `dead` is called with what came, if anything came. */
class PendingCheck implements ConnectionUser {
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
