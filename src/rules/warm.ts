/**
 * Warm: how an origin's ready connections are kept from falling below `minIdle`. A connection that nears its end is replaced before,
 * so that no request meets the gap; what servers do not keep is not opened again and again.
 *
 * Laws, each with a property test: the replacement of a connection begins within the second half of its idle time; a higher
 * number of failures never shortens the wait; the wait is bounded.
 */

import type { RetireReason } from "../contract/reasons.ts";

/** A replacement begins this long before the end, and earlier where connecting takes longer. */
const LEAD_MS = 1000;

/** How often connecting may take as long as it did, before the old connection ends. */
const ROUND_TRIPS = 4;

/** When the replacement of an idle connection begins that was idle since one time, and ends at another. */
export function replaceAt(idleSince: number, endsAt: number, roundTripMs: number): number {
  if (endsAt === Infinity) return Infinity;
  const connectMs = roundTripMs === Infinity ? 0 : ROUND_TRIPS * roundTripMs;
  return endsAt - Math.min((endsAt - idleSince) / 2, Math.max(LEAD_MS, connectMs));
}

const SHORTEST_MS = 1000;
const LONGEST_MS = 60_000;

/** How long nothing is opened in advance after connections in a row could not be opened, or were closed by the peer unused. */
export function restMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(LONGEST_MS, SHORTEST_MS * 2 ** (failures - 1));
}

/** What is known of an origin that is kept warm. */
export interface WarmFacts {
  /** When a request last began or ended. */
  usedAt: number;
  /** Connections in a row that could not be opened, or that the peer closed unused. */
  failures: number;
  /** Nothing is opened in advance before. */
  restsUntil: number;
  /** Connections that were opened to take the place of others, which have not ended yet. */
  replacing: number;
}

/** A connection that ended unused sooner than this was not worth opening, whatever ended it. */
const WORTH_MS = 1000;

/** What ended these connections unused was not the pool: the server does not keep them, or cannot be reached. */
const UNWANTED: ReadonlySet<RetireReason> = new Set(["peer-closed", "connect-failed", "no-answer", "goaway"]);

/** A connection of a warm origin has ended. */
export function noteEnd(
  warm: WarmFacts,
  { requests, openedAt }: { readonly requests: number; readonly openedAt: number },
  reason: RetireReason,
  now: number,
): void {
  if (requests > 0 || !(UNWANTED.has(reason) || now - openedAt < WORTH_MS)) return;
  warm.failures += 1;
  warm.restsUntil = now + restMs(warm.failures);
}

/** A request begins on a connection of a warm origin. One that was ready and had not been used yet was worth opening. */
export function noteUse(
  warm: WarmFacts,
  { requests, idleSince }: { readonly requests: number; readonly idleSince: number },
  now: number,
): void {
  warm.usedAt = now;
  if (requests === 0 && idleSince < now) warm.failures = 0;
}
