/**
 * Doubt: whether a request that waits on a reused connection is asked for a second time, on a fresh one.
 *
 * Middleboxes (NAT gateways, load balancers on TCP, firewalls) forget idle connections without a word. A request on such
 * a connection is never answered, and nothing says so: the packets go nowhere. After a time in which the origin answers
 * otherwise, a second attempt costs the server one request more at worst, and saves the caller minutes.
 */

import { type FirstByteTimes, firstBytePercentile } from "./first-byte.ts";

/** Shortest wait before a doubt, in ms: garbage collectors and busy servers pause that long. */
export const SHORTEST_DOUBT_MS = 300;

/** The wait while the origin's times are unknown, in ms: the kernel has retransmitted twice by then (RFC 6298 §2). */
const UNKNOWN_MS = 3000;

/** The wait as a multiple of the time that all but one of a hundred answers keep. */
const TIMES_SLOWEST = 3;

/** Methods that are defined as safe (RFC 9110 §9.2.1), and QUERY, which its draft defines as safe. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "QUERY"]);

/** Nobody forgets a connection that was idle for less, in ms. It spares busy connections the question. */
const FORGOTTEN_MS = 100;

/** Whether a leased connection may be doubted at all. The idle time of one that is shared is not that of the lease. */
export function isMaybeForgotten(lease: {
  readonly idleMs: number;
  readonly connection: { readonly multiplexed: boolean };
}): boolean {
  return lease.idleMs >= FORGOTTEN_MS || lease.connection.multiplexed;
}

/** What is known of a request when it was sent on a reused connection. */
export interface DoubtFacts {
  readonly method: string;
  /** The caller called it idempotent, or gave it an `Idempotency-Key`. */
  readonly keyed: boolean;
  /** Whether its body can be sent again from the start. */
  readonly replayable: boolean;
  readonly resendCount: number;
  /** How long its connection had been idle, in ms. */
  readonly idleMs: number;
  /** The idle age up to which connections to the origin are proven to live, in ms. */
  readonly provenMs: number;
}

/**
 * Whether the connection may be dead without a word, and asking twice does no harm. A bare PUT or DELETE is idempotent, but
 * a stalled first one may land after the second, and after what the caller did then.
 */
export function isDoubtful(facts: DoubtFacts): boolean {
  const { method, keyed, replayable, resendCount, idleMs, provenMs } = facts;
  if (idleMs < FORGOTTEN_MS || idleMs <= provenMs || resendCount > 0 || !replayable) return false;
  return isHarmless(method, keyed);
}

/** Whether it does no harm to execute a request of this method twice, a while apart. */
export function isHarmless(method: string, keyed: boolean): boolean {
  return keyed || SAFE.has(method);
}

/** The option `doubt`, checked. */
export interface DoubtSetting {
  /** How long to wait for the first byte, in ms. `undefined`: by the origin's own times. */
  readonly afterMs: number | undefined;
}

/** How long to wait for the first byte before the connection is doubted, in ms. */
export function doubtAfterMs(times: FirstByteTimes): number {
  const slowest = firstBytePercentile(times, 0.99);
  return slowest === undefined ? UNKNOWN_MS : Math.max(SHORTEST_DOUBT_MS, TIMES_SLOWEST * slowest);
}

/**
 * Whether a fresh connection that answered after `ms` proves dead the one that has not answered at all. If it took longer than the
 * origin's answers do, the origin is slow for everybody, and the other one may live.
 */
export function provesSilence(times: FirstByteTimes, ms: number): boolean {
  return ms <= doubtAfterMs(times);
}

/**
 * Whether a shared connection takes no more requests after one of them was given up: by its time limit, or by its caller.
 * Alone, the stream would be cancelled and the connection stay, to be doubted anew by the next request. (With HTTP/1.1 the connection
 * ends in any case; Go's HTTP/2 asks with a PING whether it lives, which a server may count as abuse.)
 *
 * @param unheard nothing at all has come on the connection since the request was sent, `waitedMs` ago.
 */
export function isGivenUp(unheard: boolean, waitedMs: number, times: FirstByteTimes): boolean {
  return unheard && waitedMs >= doubtAfterMs(times);
}

/** The share of an origin's requests that may be asked for twice. */
const SHARE = 0.05;

/** So many doubts are allowed beyond that share, at the start and after a quiet time. */
const SPARE = 10;

/** What is left of the doubts that an origin is allowed. A slow server must never be hit twice as hard. */
export interface DoubtBudget {
  left: number;
  /** When it was last told that the budget is used up, in ms. */
  toldAt: number;
}

/** The budget of an origin that nothing was asked of yet. */
export function fullBudget(): DoubtBudget {
  return { left: SPARE, toldAt: -Infinity };
}

/** A request was answered. Changes `budget`. */
export function earnDoubt(budget: DoubtBudget): void {
  budget.left = Math.min(budget.left + SHARE, SPARE);
}

/** How often it is told that a budget is used up, in ms. */
const TOLD_EVERY_MS = 60_000;

/** Whether to tell at `now` that the budget is used up. Changes `budget`. */
export function mustTell(budget: DoubtBudget, now: number): boolean {
  if (now - budget.toldAt < TOLD_EVERY_MS) return false;
  budget.toldAt = now;
  return true;
}

/** Takes one doubt, if one is left. Changes `budget`. */
export function spendDoubt(budget: DoubtBudget): boolean {
  if (budget.left < 1) return false;
  budget.left -= 1;
  return true;
}
