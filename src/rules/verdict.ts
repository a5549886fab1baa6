/**
 * Verdict: whether an idle connection may carry another request, until when, and if not, why.
 *
 * Laws, each with a property test:
 * - the verdict is "keep" if and only if `now < until`;
 * - a verdict with a reason keeps that reason as long as the facts stay the same;
 * - tightening a rule never makes `until` later;
 * - only idle connections are judged: no rule ends an active one.
 */

import type { RetireReason } from "../contract/reasons.ts";
import type { ConnectionFacts, Rules } from "./rules.ts";

/** Keep the connection until a time, or retire it for a reason. */
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

/** Which time limit a connection that is not spent has reached at `now`, or `undefined`. */
export function expiredReason(
  facts: ConnectionFacts,
  rules: Rules,
  now: number,
  until: number = keepUntil(facts, rules),
): RetireReason | undefined {
  return now < until ? undefined : firstToExpire(facts, rules, until);
}

/** Why the connection is spent: it may carry no further request at any time. `undefined` if it is not. */
export function spentReason(facts: ConnectionFacts, rules: Rules): RetireReason | undefined {
  if (facts.hints.close) return "peer-close";
  if (facts.requests >= rules.maxRequests) return "max-requests";
  if (facts.learnedRequests !== undefined && facts.requests >= facts.learnedRequests) return "learned-limit";
  if (facts.hints.remaining !== undefined && facts.hints.remaining <= 0) return "hint-max";
  if (facts.requests > 0 && (rules.maxIdle === 0 || rules.maxIdlePerOrigin === 0)) return "max-idle";
  return undefined;
}

/** The earliest moment at which a rule retires an idle connection that is not spent. */
export function keepUntil(facts: ConnectionFacts, rules: Rules): number {
  return Math.min(
    facts.expiresAt,
    facts.idleSince + ownIdleMs(facts, rules),
    facts.idleSince + hintedIdleMs(facts, rules),
    facts.idleSince + (facts.learnedIdleMs ?? Infinity),
  );
}

/** The rule that set `until`. On a tie the user's own limits are named first. */
function firstToExpire(facts: ConnectionFacts, rules: Rules, until: number): RetireReason {
  if (until === facts.idleSince + ownIdleMs(facts, rules)) return "idle-timeout";
  if (until === facts.expiresAt) return "max-lifetime";
  if (until === facts.idleSince + hintedIdleMs(facts, rules)) return "hint-timeout";
  return "learned-limit";
}

/** The user's own idle limit, which may be shorter for a connection that was never used. */
function ownIdleMs(facts: ConnectionFacts, rules: Rules): number {
  const { idleTimeoutMs, unusedIdleTimeoutMs } = rules;
  return facts.requests === 0 ? Math.min(idleTimeoutMs, unusedIdleTimeoutMs) : idleTimeoutMs;
}

/** Smallest margin below an announced timeout: one unit of the header, which counts whole seconds. */
const MIN_MARGIN_MS = 1000;

/**
 * How long before an announced timeout the connection is retired. In Tomcat and httpd the announced timeout equals the
 * real one, so without a margin the client races the server's close. undici takes 2 s, Node's Agent 1 s.
 */
export function hintMarginMs(facts: ConnectionFacts, rules: Rules): number {
  return rules.hintMarginMs ?? Math.max(MIN_MARGIN_MS, 2 * facts.roundTripMs);
}

/** Idle time, in ms, that the server's announcement allows. 0 if the margin leaves nothing, `Infinity` if it announced none. */
export function hintedIdleMs(facts: ConnectionFacts, rules: Rules): number {
  if (facts.hints.timeoutMs === undefined) return Infinity;
  const leftMs = facts.hints.timeoutMs - hintMarginMs(facts, rules);
  return Math.max(0, leftMs || 0); // an infinite margin below an infinite timeout gives NaN: keep nothing
}

/**
 * When a connection opened at `now` expires. `random` is in [0, 1). The jitter keeps a fleet from reconnecting all at
 * once.
 */
export function expiry(rules: Rules, now: number, random: number): number {
  return now + rules.maxLifetimeMs * (1 - rules.lifetimeJitter * random);
}

/**
 * The server's announcement counts as proof up to this idle age, in ms. It does not know of who stands in between; home routers and
 * mobile carriers forget connections without a word from 30 s on, and hardly any device earlier.
 */
export const ANNOUNCED_PROOF_MS = 30_000;

/**
 * Whether a non-idempotent request may take this idle connection. Such a request is never sent twice (RFC 9110 §9.2.2),
 * so a stale connection would make it fail. The idle age must be provably below the server's limit (announced, but for
 * at most {@linkcode ANNOUNCED_PROOF_MS}; or an age at which reuse worked) or below `unsafeReuse`.
 *
 * Where a connection gave no answer after idle time, the server's announcement proves nothing: somebody in between knows
 * nothing of it, and forgets connections.
 *
 * A connection that was never used is no exception: servers close those too, some after 5 s (HAProxy's
 * `timeout http-request`).
 */
export function isProvenFresh(facts: ConnectionFacts, rules: Rules, now: number): boolean {
  const { silentIdleMs = Infinity, workedIdleMs = 0 } = facts;
  const idleMs = now - facts.idleSince;
  const proven = Math.max(
    Math.min(rules.unsafeReuseMs, silentIdleMs),
    facts.hints.timeoutMs === undefined || silentIdleMs < Infinity
      ? 0
      : Math.min(hintedIdleMs(facts, rules), ANNOUNCED_PROOF_MS),
    workedIdleMs,
  );
  return idleMs < proven;
}
