/**
 * Verdict: may this connection carry another request, until when, and if not, why.
 *
 * Laws, each a property test:
 * - it keeps if and only if `now < until`;
 * - once a reason, always that reason, as long as the facts stay;
 * - tightening a rule never makes `until` later;
 * - it is asked of idle connections only: an active one is never cut by a rule.
 */

import type { RetireReason } from "../contract/reasons.ts";
import type { ConnectionFacts, Rules } from "./rules.ts";

/** The answer of the rule book about one idle connection. */
export type Verdict =
  | { readonly keep: true; readonly until: number }
  | { readonly keep: false; readonly reason: RetireReason };

/** The verdict on an idle connection at `now`. */
export function verdict(facts: ConnectionFacts, rules: Rules, now: number): Verdict {
  const reason = spentReason(facts, rules);
  if (reason !== undefined) return { keep: false, reason };
  const until = keepUntil(facts, rules);
  const expired = expiredReason(facts, rules, now, until);
  return expired === undefined ? { keep: true, until } : { keep: false, reason: expired };
}

/** Why the time of a connection that is not spent is over at `now`, or `undefined`. */
export function expiredReason(
  facts: ConnectionFacts,
  rules: Rules,
  now: number,
  until: number = keepUntil(facts, rules),
): RetireReason | undefined {
  return now < until ? undefined : firstToExpire(facts, rules, until);
}

/** Why the connection could carry no further request whatever the time, or `undefined`. */
export function spentReason(facts: ConnectionFacts, rules: Rules): RetireReason | undefined {
  if (facts.hints.close) return "peer-close";
  if (facts.requests >= rules.maxRequests) return "max-requests";
  if (facts.hints.remaining !== undefined && facts.hints.remaining <= 0) return "hint-max";
  if (facts.requests > 0 && (rules.maxIdle === 0 || rules.maxIdlePerOrigin === 0)) return "max-idle";
  return undefined;
}

/** The first moment at which a rule retires an idle connection that is not spent. */
export function keepUntil(facts: ConnectionFacts, rules: Rules): number {
  return Math.min(
    facts.expiresAt,
    facts.idleSince + ownIdleMs(facts, rules),
    facts.idleSince + hintedIdleMs(facts, rules),
    facts.idleSince + (facts.learnedIdleMs ?? Infinity),
  );
}

/** Which rule the moment `until` belongs to. On a tie the user's own limits are named first. */
function firstToExpire(facts: ConnectionFacts, rules: Rules, until: number): RetireReason {
  if (until === facts.idleSince + ownIdleMs(facts, rules)) return "idle-timeout";
  if (until === facts.expiresAt) return "max-lifetime";
  if (until === facts.idleSince + hintedIdleMs(facts, rules)) return "hint-timeout";
  return "learned-limit";
}

/** The user's own limit of idle time: one that was never used may have a shorter one. */
function ownIdleMs(facts: ConnectionFacts, rules: Rules): number {
  const { idleTimeoutMs, unusedIdleTimeoutMs } = rules;
  return facts.requests === 0 ? Math.min(idleTimeoutMs, unusedIdleTimeoutMs) : idleTimeoutMs;
}

/** Smallest margin under an announced timeout: one unit of the header, which counts whole seconds. */
const MIN_MARGIN_MS = 1000;

/**
 * How long before an announced timeout the connection is given up. Announced and real timeout are equal in
 * Tomcat and httpd, so without a margin client and server race; undici takes 2 s, Node's Agent 1 s.
 */
export function hintMarginMs(facts: ConnectionFacts, rules: Rules): number {
  return rules.hintMarginMs ?? Math.max(MIN_MARGIN_MS, 2 * facts.roundTripMs);
}

/** Idle ms that the server's own announcement allows; 0 when the margin leaves nothing. */
export function hintedIdleMs(facts: ConnectionFacts, rules: Rules): number {
  if (facts.hints.timeoutMs === undefined) return Infinity;
  const leftMs = facts.hints.timeoutMs - hintMarginMs(facts, rules);
  return Math.max(0, leftMs || 0); // an infinite margin under an infinite timeout leaves NaN: keep nothing
}

/** When a connection opened at `now` expires. `random` is in [0, 1): jitter keeps a fleet from redialling at once. */
export function expiry(rules: Rules, now: number, random: number): number {
  return now + rules.maxLifetimeMs * (1 - rules.lifetimeJitter * random);
}

/**
 * Whether a non-idempotent request may take this idle connection: it must be provably inside the server's
 * limit (announced, learned, or an age at which reuse worked), or idle only for a moment. Such a request is
 * never sent twice, so a stale connection would fail it. One that was never used is no exception: servers close
 * those too, some after 5 s (HAProxy's `timeout http-request`), and the request on it could not be saved either.
 */
export function isProvenFresh(facts: ConnectionFacts, rules: Rules, now: number): boolean {
  const idleMs = now - facts.idleSince;
  const proven = Math.max(
    rules.unsafeReuseMs,
    facts.hints.timeoutMs === undefined ? 0 : hintedIdleMs(facts, rules),
    facts.workedIdleMs ?? 0,
  );
  return idleMs < proven;
}
