/**
 * Resend: whether a request of `node:http` may go out once more, on a fresh connection. `rules/retry.ts` decides; this says what there
 * is to decide about.
 */

import type { RetryReason } from "../contract/reasons.ts";
import type { Wire } from "../contract/wire.ts";
import type { Lease } from "../pool/connection.ts";
import { isIdempotent, resendReason } from "../rules/retry.ts";
import type { NodeRequest } from "./node-request.ts";
import type { SentBytes } from "./sent-bytes.ts";

/** Whether executing a request twice equals executing it once. The caller may set fields until the head is written. */
export function isSafeTwice(request: NodeRequest): boolean {
  return (
    isIdempotent(request.method) ||
    request.hasHeader("idempotency-key") ||
    request.hasHeader("x-idempotency-key")
  );
}

/** Whether a connection had been idle or had carried a request before. */
export function isReused({ requestNumber, idleMs }: Lease<Wire>): boolean {
  return requestNumber > 1 || idleMs > 0;
}

/**
 * Whether what is written on a connection is worth keeping. A fresh one that dies has not done so because it was stale, unless the
 * user's rule says otherwise.
 */
export function mayNeedReplay(lease: Lease<Wire>): boolean {
  const { retry } = lease.connection.settings;
  return retry !== false && (retry !== true || isReused(lease));
}

/** Why a request is sent again whose connection was lost. `undefined`: it must fail. */
export function replayReason(
  request: NodeRequest,
  lease: Lease<Wire>,
  sent: SentBytes,
  before: { readonly responded: boolean; readonly resendCount: number },
): RetryReason | undefined {
  const { method, writableFinished } = request;
  return resendReason(
    {
      ...before,
      method,
      sent: sent.sent(writableFinished),
      reused: isReused(lease),
      repeatable: isSafeTwice(request),
      replayable: sent.isReplayable,
    },
    lease.connection.settings.retry,
  );
}
