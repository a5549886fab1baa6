/**
 * Retry: whether a failed request may be sent again, on a fresh connection.
 *
 * What the peer proves to be unprocessed may be sent again whatever its method, several times, and that counts apart
 * (RFC 9113 §8.7). A busy server that says GOAWAY may do so again on the next connection, through no fault of the request.
 *
 * RFC 9110 §9.2.2 allows this for idempotent methods, or if the client knows that the request was not applied, and
 * advises against retrying a retry. A reused connection alone never makes a POST safe to resend: the server may have
 * executed it before it closed.
 */

import type { RetryReason } from "../contract/reasons.ts";

/** A failed attempt: all that the decision may look at. */
export interface FailedAttempt {
  /** Method of the request. */
  readonly method: string;
  /** How much of the request was handed to the socket. */
  readonly sent: "none" | "partial" | "full";
  /** Whether the connection had been idle or had carried a request before. The server may have closed it meanwhile. */
  readonly reused: boolean;
  /** Whether any byte of a response arrived. */
  readonly responded: boolean;
  /**
   * 408 if the response head was `408 Request Timeout`, which says that no complete request was received
   * (RFC 9110 §15.5.9). As in Chrome, the body is not read and the connection is closed.
   */
  readonly status?: 408 | undefined;
  /** Whether executing it twice equals executing it once: by its method, by an `Idempotency-Key`, or as the caller says. */
  readonly repeatable: boolean;
  /** Whether the body can be sent again from the start. */
  readonly replayable: boolean;
  /** How many times the request has been resent already. What is resent as unprocessed does not count. */
  readonly resendCount: number;
  /**
   * Whether the peer has proved that it did not process this attempt: by GOAWAY or REFUSED_STREAM (HTTP/2). Executing the
   * request is then safe whatever its method.
   */
  readonly unprocessed?: boolean | undefined;
  /** How many times the request has been resent because it was unprocessed. */
  readonly unprocessedCount?: number | undefined;
}

/** How many times the standard rules resend a request: once, as RFC 9110 §9.2.2 advises. */
export const MAX_RESENDS = 1;

/** How many times a request is resent that was unprocessed each time. nginx says GOAWAY after 1000 requests, and may be reloaded. */
export const MAX_UNPROCESSED_RESENDS = 6;

/**
 * A user's own decision whether a failed request is sent again, on a fresh connection. It is not called where resending
 * is impossible or wrong: the body cannot be sent again, part of a response arrived (other than a 408), or the request
 * was resent {@linkcode MOST_RESENDS} times.
 */
export type RetryRule = (attempt: FailedAttempt) => boolean;

/** How many times a user's rule may resend a request. curl stops at 5. */
export const MOST_RESENDS = 5;

/** Why the request is resent, by the standard rules or by the user's rule. `undefined`: it must fail. */
export function resendReason(attempt: FailedAttempt, rule: boolean | RetryRule): RetryReason | undefined {
  if (rule === true) return retryReason(attempt);
  if (rule === false || !isResendable(attempt) || !agrees(rule, attempt)) return undefined;
  return retryReason(attempt) ?? "retry-rule";
}

/** The rule is called in a callback of the socket, which must not throw. A rule that throws counts as "no". */
function agrees(rule: RetryRule, attempt: FailedAttempt): boolean {
  try {
    return rule(attempt) === true;
  } catch {
    return false;
  }
}

function isResendable(attempt: FailedAttempt): boolean {
  const { replayable, responded, status, resendCount } = attempt;
  if (!replayable) return false;
  if (attempt.unprocessed === true) return isUnprocessed(attempt);
  return resendCount < MOST_RESENDS && (!responded || status === 408);
}

/** Whether the request was proven unprocessed, and not too often. A response is proof of the contrary. */
function isUnprocessed({ unprocessed, unprocessedCount = 0, responded }: FailedAttempt): boolean {
  return unprocessed === true && !responded && unprocessedCount < MAX_UNPROCESSED_RESENDS;
}

/** Why the standard rules resend the request. `undefined`: it must fail. */
export function retryReason(attempt: FailedAttempt): RetryReason | undefined {
  if (attempt.unprocessed === true)
    return attempt.replayable && isUnprocessed(attempt) ? "unprocessed" : undefined;
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

/** Whether the method is defined as idempotent. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
