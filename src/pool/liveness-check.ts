/**
 * Liveness check: one turn of the event loop before a parked connection is used again.
 *
 * While the event loop is busy, bytes or a FIN may wait in the kernel, unseen by the program. A request written at that
 * moment would take the old bytes for its answer, and no resend could mend that. The check costs a turn of the loop, so
 * it is made only if the loop may not have run since the connection was parked.
 */

import type { Clock } from "../contract/clock.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { ConnectionUser, PoolWire } from "../contract/wire.ts";
import type { Rules } from "../rules/rules.ts";
import { expiredReason, isProvenFresh } from "../rules/verdict.ts";
import type { PooledConnection } from "./connection.ts";

/** The shortest time that a timer can measure. Bytes that came this shortly before a request look like its answer. */
const UNSEEN_MS = 1;

/**
 * The same where nothing but a pool runs, whose clock counts whole milliseconds: its queue of calls takes some. A look costs half
 * as much as a request there (workerd 1.20261117).
 */
const BRIEF_MS = 10;

/** A server that closes right behind its response has closed by then. No server has an idle limit as short as this. */
const BEHIND_RESPONSE_MS = 10;

/** For so long after a check was considered, the monitor asks the clock for turns. A busy pool considers none. */
const ASKED_MS = 100;

/** A turn that took no longer was not delayed, even on Deno, where a turn of the clock alone is three timers of 2 ms. */
const QUICK_TURN_MS = 10;

/**
 * Whether bytes or a FIN may have come unseen on a connection that was used before.
 *
 * - `careful`: a FIN must not be missed either. The request cannot be sent twice, or the connection was paused, so that
 *   its FIN may have come long ago.
 * - `more`: the transport knows that more may have come together with the end of the last response.
 * - `idleMs`: time since the end of the last response was read.
 * - `unseenMs`: time since the event loop is known to have handled the events of every socket.
 * - `toleratedMs`: how much of it may be.
 *
 * A busy pool hands a connection on within the callback that read the response, or in its microtasks. There the check
 * costs a comparison.
 */
export function needsLivenessCheck(
  careful: boolean,
  more: boolean,
  idleMs: number,
  unseenMs: number,
  toleratedMs: number = UNSEEN_MS,
): boolean {
  if (careful && idleMs < BEHIND_RESPONSE_MS) return true;
  if (more && unseenMs >= idleMs) return true;
  return idleMs > UNSEEN_MS && unseenMs > toleratedMs;
}

/** For how long a clock's loop may not have been seen to run, before a connection is looked at. */
export function toleratedMs({ stops }: Clock): number {
  return stops === "briefly" ? BRIEF_MS : UNSEEN_MS;
}

/** Fast path of {@linkcode needsLivenessCheck}: whether it would answer no for any `unseenMs`. */
export function canSkipCheck(careful: boolean, more: boolean, idleMs: number): boolean {
  return idleMs <= UNSEEN_MS && !careful && !more;
}

/** Whether the event loop ran so recently that a short turn is enough for the check. */
export function hasJustRun(unseenMs: number): boolean {
  return unseenMs <= UNSEEN_MS;
}

/**
 * Knows since when every event of every socket has been handled.
 *
 * A single event of a socket does not prove that. The kernel reports several at once; they are handled one by one, with
 * the work of callers in between, and the last may be the FIN of a connection. Only a runtime that reads all ready sockets
 * first (Deno) reports in batches, where a recent event proves it.
 */
export class LoopMonitor {
  readonly #clock: Clock;
  readonly #reportsInBatches: boolean;
  readonly #toleratedMs: number;
  #checkedAt: number;
  #askedAt = -Infinity;
  #turnPending = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#reportsInBatches = clock.reportsInBatches === true;
    this.#toleratedMs = toleratedMs(clock);
    this.#checkedAt = clock.now();
  }

  /** How long ago that was. Has the monitor ask for turns for a while: see {@linkcode ASKED_MS}. */
  unseenMs(now: number): number {
    this.#askedAt = now;
    return now - this.#checkedAt;
  }

  /** The event loop has run: a socket had an event, or a timer fired. */
  loopRan(now: number): void {
    if (this.#reportsInBatches && now - this.#checkedAt <= UNSEEN_MS) this.#checkedAt = now;
    else if (
      now - this.#askedAt <= ASKED_MS &&
      now - this.#checkedAt > this.#toleratedMs / 2 &&
      !this.#turnPending
    ) {
      this.#turnPending = true;
      this.#clock.turn(() => this.turnEnded(now));
    }
  }

  /** A turn of the event loop that began at `start` is over. */
  turnEnded(start: number): void {
    this.#turnPending = false;
    const now = this.#clock.now();
    const at = this.#reportsInBatches && now - start <= QUICK_TURN_MS ? now : start;
    if (at > this.#checkedAt) this.#checkedAt = at;
  }
}

/** What is known before a check. */
export interface LivenessOptions {
  /** The request cannot be sent twice. */
  readonly unsafe: boolean;
  /** The event loop has just run, and the connection was not paused: a short turn is enough. */
  readonly unblocked: boolean;
}

/**
 * Keeps a connection for one turn of the event loop, then calls back with why it must not be used, or with `undefined` if
 * it may be. After a turn in which other code ran for long, a second turn follows: what came meanwhile was not handled.
 * There is no third, because in a loop that is always busy it would prove no more.
 */
export function checkLiveness<Wire extends PoolWire>(
  connection: PooledConnection<Wire>,
  { turns, rules }: { readonly turns: SharedTurns; readonly rules: Rules },
  { unsafe, unblocked }: LivenessOptions,
  checked: (reason: RetireReason | undefined) => void,
): void {
  const { record } = connection;
  // A multiplexed connection keeps its wire as its user: what comes is read, and retires it if need be.
  const check = connection.multiplexed ? undefined : new PendingCheck(checked);
  if (check === undefined) connection.checks += 1;
  else connection.user = check;
  const conclude = (): void => {
    if (check?.found === true) return;
    if (check === undefined) connection.checks -= 1;
    else connection.user = undefined;
    // A rule that retired it meanwhile, because this was its last lease, lets the lease go on.
    if (check === undefined && connection.takesNoMore) return checked(record.retireReason ?? "peer-closed");
    const now = turns.clock.now();
    // Time has passed: a rule that let the connection be used before the turn may forbid it now.
    const unproven = unsafe && !isProvenFresh(record, rules, now);
    // An unproven connection is retired: parked again, it would look as if it had just been used.
    checked(expiredReason(record, rules, now) ?? (unproven ? "aborted" : undefined));
  };
  turns.take(unblocked, (disturbed) => {
    if (disturbed && check?.found !== true) turns.take(false, conclude);
    else conclude();
  });
}

type TurnCallback = (disturbed: boolean) => void;

/**
 * Turns of the event loop. All checks that begin in one task share a turn and end one right after the other. With a turn
 * each, the work of one caller would delay the check of the next.
 */
export class SharedTurns {
  readonly clock: Clock;
  readonly #open: Map<boolean, TurnCallback[]> = new Map();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Calls back after a turn. `disturbed`: it took so long that something may have come unseen. */
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

/** The user of a connection during its check. Calls `dead`, once, if something comes. */
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
