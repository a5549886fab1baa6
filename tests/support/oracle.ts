/** Oracle: the rule book written a second time, as the documentation says it, to hold the first against. */

import type { ConnectionFacts, Rules } from "../../src/rules/rules.ts";

/** Until when an idle connection may be used; `undefined` for one that may not be used at all. */
export function expectedUntil(at: ConnectionFacts, by: Rules): number | undefined {
  const reuses = by.maxIdle > 0 && by.maxIdlePerOrigin > 0;
  if (at.hints.close || at.requests >= by.maxRequests || at.hints.remaining === 0) return undefined;
  if (at.requests > 0 && !reuses) return undefined;
  const margin = by.hintMarginMs ?? Math.max(1000, 2 * at.roundTripMs);
  const announced = at.hints.timeoutMs ?? Infinity;
  const hinted = announced <= margin ? 0 : announced - margin;
  const own = at.requests > 0 ? by.idleTimeoutMs : Math.min(by.idleTimeoutMs, by.unusedIdleTimeoutMs);
  const ends = [own, at.hints.timeoutMs === undefined ? Infinity : hinted, at.learnedIdleMs];
  return Math.min(at.expiresAt, ...ends.map((ms) => at.idleSince + (ms ?? Infinity)));
}
