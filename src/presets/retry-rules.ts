/** When systems resend a failed request, where they differ from RFC 9110 §9.2.2. */

import type { FailedAttempt, RetryRule } from "../rules/retry.ts";

/** hyper: only a request of which nothing was written. */
export const onlyUnsent: RetryRule = ({ sent }: FailedAttempt): boolean => sent === "none";

/**
 * curl, Deno: **any method, POST included**, on a reused connection before the first byte of a response. The server may
 * execute the request twice (RFC 9110 §9.2.2).
 */
export const anyMethodOnReused: RetryRule = ({ reused, responded }: FailedAttempt): boolean =>
  reused && !responded;

/** As {@linkcode anyMethodOnReused}, and after a 408, which servers send on a connection that was idle for too long. */
export const anyMethodOnReusedOr408: RetryRule = ({ reused }: FailedAttempt): boolean => reused;

/** The given methods, up to `times` times, on a fresh or reused connection, before the first byte of a response. */
export function methodsOnAny(methods: readonly string[], times: number): RetryRule {
  return ({ method, responded, resendCount }) =>
    !responded && resendCount < times && methods.includes(method);
}

/** As {@linkcode methodsOnAny}, but only on a reused connection. */
export function methodsOnReused(methods: readonly string[], times: number): RetryRule {
  const rule = methodsOnAny(methods, times);
  return (attempt) => attempt.reused && rule(attempt);
}
