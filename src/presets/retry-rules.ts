/** Retry rules: when systems send a failed request again, where they differ from RFC 9110 §9.2.2. */

import type { FailedAttempt, RetryRule } from "../rules/retry.ts";

/** A request of which nothing was written (hyper); on no ground is any other sent again. */
export const onlyUnsent: RetryRule = ({ sent }: FailedAttempt): boolean => sent === "none";

/**
 * **Any method, POST included**, on a reused connection before the first byte of a response (curl, Deno): the server may
 * execute it twice. RFC 9110 calls that riskier.
 */
export const anyMethodOnReused: RetryRule = ({ reused, responded }: FailedAttempt): boolean =>
  reused && !responded;

/** As {@linkcode anyMethodOnReused}, and after a 408 too, which servers send to a connection that was idle too long. */
export const anyMethodOnReusedOr408: RetryRule = ({ reused }: FailedAttempt): boolean => reused;

/** Some methods, a number of times, whether the connection was reused or not. */
export function methodsOnAny(methods: readonly string[], times: number): RetryRule {
  return ({ method, responded, resendCount }) =>
    !responded && resendCount < times && methods.includes(method);
}

/** Some methods, a number of times, on a reused connection. */
export function methodsOnReused(methods: readonly string[], times: number): RetryRule {
  const rule = methodsOnAny(methods, times);
  return (attempt) => attempt.reused && rule(attempt);
}
