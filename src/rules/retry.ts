/**
 * Retry: may a failed request be sent again, on a fresh connection?
 *
 * RFC 9110 §9.2.2: only idempotent methods, unless the client knows that the request was not applied; and not
 * a second time. Reuse alone never makes a POST safe: the server may have executed it before it closed.
 */

import type { RetryReason } from "../contract/reasons.ts";

/** All that the decision may look at. */
export interface FailedAttempt {
  readonly method: string;
  /** How much of the request was handed to the socket. */
  readonly sent: "none" | "partial" | "full";
  /** Whether the connection had been idle, or had carried a request, before: it may have been closed meanwhile. */
  readonly reused: boolean;
  /** Whether any byte of a response came. */
  readonly responded: boolean;
  /**
   * 408 where the head of a `408 Request Timeout` came, which says that no whole request was received (RFC 9110 §15.5.9).
   * Its body is not waited for, as in Chrome, and its connection ends.
   */
  readonly status?: 408 | undefined;
  /** Whether executing the request twice is the same as once: by its method, a key, or the caller's word. */
  readonly repeatable: boolean;
  /** Whether the body can be sent again from its start. */
  readonly replayable: boolean;
  /** Times it was sent again already. */
  readonly resendCount: number;
}

/** Times a request is sent again: once, as RFC 9110 §9.2.2 advises. */
export const MAX_RESENDS = 1;

/**
 * Whether a failed request is sent again, on a fresh connection, in the user's own way. It is not asked where nobody
 * could say yes: the body is gone, part of a response came (other than that of a 408), or it was sent {@linkcode MOST_RESENDS} times.
 */
export type RetryRule = (attempt: FailedAttempt) => boolean;

/** Times after which a rule that always says yes is no longer asked. curl stops at 5. */
export const MOST_RESENDS = 5;

/** Why the request may be sent again by the standard rules or by the user's own, or `undefined` if it must fail. */
export function resendReason(attempt: FailedAttempt, rule: boolean | RetryRule): RetryReason | undefined {
  if (rule === true) return retryReason(attempt);
  if (rule === false || !isAskable(attempt) || !saysYes(rule, attempt)) return undefined;
  return retryReason(attempt) ?? "retry-rule";
}

/** The rule is asked in the socket's callback, where nothing may be thrown: one that throws has not said yes. */
function saysYes(rule: RetryRule, attempt: FailedAttempt): boolean {
  try {
    return rule(attempt) === true;
  } catch {
    return false;
  }
}

function isAskable({ replayable, responded, status, resendCount }: FailedAttempt): boolean {
  return replayable && resendCount < MOST_RESENDS && (!responded || status === 408);
}

/** Why the request may be sent again, or `undefined` if it must fail. */
export function retryReason(attempt: FailedAttempt): RetryReason | undefined {
  if (attempt.resendCount >= MAX_RESENDS || attempt.responded) return undefined;
  if (attempt.sent === "none") return attempt.replayable ? "not-sent" : undefined;
  if (!attempt.reused || !attempt.repeatable || !attempt.replayable) return undefined;
  return "stale-connection";
}

/** Safe methods, PUT and DELETE (RFC 9110 §9.2.2), and QUERY, which its draft defines as safe. */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
  "QUERY",
]);

/** Whether the method promises that twice is the same as once. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
