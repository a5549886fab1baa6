/** Oracle: the rule book written a second time, as the documentation says it, to hold the first against. */

import type { ConnectionFacts, Rules } from "../../src/rules/rules.ts";

/** The idle time that the server announced less the margin, in ms; `undefined` when it announced none. */
function hintedMs(at: ConnectionFacts, by: Rules): number | undefined {
  const { timeoutMs } = at.hints;
  if (timeoutMs === undefined) return undefined;
  const margin = by.hintMarginMs ?? Math.max(1000, 2 * at.roundTripMs);
  return timeoutMs <= margin ? 0 : timeoutMs - margin;
}

/** Until when an idle connection may be used; `undefined` for one that may not be used at all. */
export function expectedUntil(at: ConnectionFacts, by: Rules): number | undefined {
  const reuses = by.maxIdle > 0 && by.maxIdlePerOrigin > 0;
  if (at.hints.close || at.requests >= by.maxRequests || at.hints.remaining === 0) return undefined;
  if (at.requests >= (at.learnedRequests ?? Infinity)) return undefined;
  if (at.requests > 0 && !reuses) return undefined;
  const own = at.requests > 0 ? by.idleTimeoutMs : Math.min(by.idleTimeoutMs, by.unusedIdleTimeoutMs);
  const ends = [own, hintedMs(at, by) ?? Infinity, at.learnedIdleMs];
  return Math.min(at.expiresAt, ...ends.map((ms) => at.idleSince + (ms ?? Infinity)));
}

/** Whether a request that is never sent twice may take an idle connection: announced, has worked, or but a moment. */
export function isTrusted(at: ConnectionFacts, by: Rules, now: number): boolean {
  const idleMs = now - at.idleSince;
  const announcedMs = Math.min(hintedMs(at, by) ?? 0, 30_000);
  return [by.unsafeReuseMs, announcedMs, at.workedIdleMs].some((ms) => ms !== undefined && idleMs < ms);
}

/** An active connection, as a request that would share it sees it. */
export interface Shared {
  readonly leases: number;
  readonly capacity: number;
  readonly facts: ConnectionFacts;
  /** It was not idle before its present leases, or a response has come since. */
  readonly alive: boolean;
  /** When it was leased, a request that is never sent twice might have taken it. */
  readonly trusted: boolean;
}

/** Whether an active connection takes another lease. */
export function hasCapacity({ leases, capacity, facts: at }: Shared, by: Rules): boolean {
  const reuses = by.maxIdle > 0 && by.maxIdlePerOrigin > 0;
  const most = Math.min(by.maxRequests, at.learnedRequests ?? Infinity);
  return leases < capacity && at.requests < most && !at.hints.close && at.hints.remaining !== 0 && reuses;
}

/** Whether a request may share an active connection that takes another lease. */
export function mayJoin(
  { alive, trusted }: Pick<Shared, "alive" | "trusted">,
  { unsafe, fresh, alone }: { readonly unsafe: boolean; readonly fresh: boolean; readonly alone?: boolean },
): boolean {
  if (alone === true) return false;
  if (alive) return true;
  return !fresh && (trusted || !unsafe);
}

/** Whether one of the idle connections of an origin must be given to a request. */
export function mustServe(
  idle: readonly ConnectionFacts[],
  by: Rules,
  unsafe: boolean,
  now: number,
): boolean {
  if (idle.length === 0 || !unsafe) return idle.length > 0;
  // Of those that came at the same moment any may be the one.
  return [firstBy(by.reuseOrder, idle), firstBy("lifo", idle)].some((named) =>
    named.every((at) => isTrusted(at, by, now)),
  );
}

function firstBy(order: Rules["reuseOrder"], idle: readonly ConnectionFacts[]): readonly ConnectionFacts[] {
  const used = idle.filter(({ requests }) => requests > 0);
  switch (order) {
    case "lifo":
      return least(idle, ({ idleSince }) => -idleSince);
    case "fifo":
      return least(idle, ({ idleSince }) => idleSince);
    case "oldest":
      return least(idle, ({ openedAt }) => openedAt);
    case "used-first":
      return used.length > 0 ? firstBy("lifo", used) : firstBy("fifo", idle);
  }
}

function least<T>(all: readonly T[], by: (one: T) => number): T[] {
  const first = Math.min(...all.map(by));
  return all.filter((one) => by(one) === first);
}

/** How many there are. */
export interface Counts {
  readonly open: number;
  /** Idle ones and those that linger: they may be closed to make room. */
  readonly evictable: number;
}

/** Whether one more connection to an origin may be opened, if need be in the place of a spare one. */
export function hasRoom(origin: Counts, all: Counts, by: Rules): boolean {
  if (origin.open >= by.maxConnectionsPerOrigin) return origin.evictable > 0;
  return all.open < by.maxConnections || all.evictable > 0;
}
