/** Attempt: asks the rule book, with all the facts of an attempt that failed, whether to send the request again. */

import type { Sent } from "../contract/errors.ts";
import type { RetryReason } from "../contract/reasons.ts";
import type { Lease } from "../pool/connection.ts";
import { type FailedAttempt, type RetryRule, resendReason } from "../rules/retry.ts";
import type { WireRequest } from "./message.ts";
import type { ResponseReceiver } from "./receiver.ts";
import type { Upload } from "./upload.ts";

/** How far an attempt had come. */
export interface AttemptProgress {
  readonly upload: Upload | undefined;
  readonly sent: Sent;
  readonly inbound: ResponseReceiver | undefined;
  readonly status: FailedAttempt["status"];
  readonly resendCount: number;
}

/** Why the request may be sent again by `rule`, or `undefined` if it must fail. */
export function reasonToResend(
  request: WireRequest,
  lease: Lease<unknown>,
  at: AttemptProgress,
  rule: boolean | RetryRule,
): RetryReason | undefined {
  const { method, body, repeatable } = request;
  const { sent, status, resendCount, upload } = at;
  const responded = at.inbound?.responded === true;
  const replayable = body?.kind !== "stream" || body.replayable || upload?.started !== true;
  // One that waited unused (preconnected, or a dial that came too late) may be as stale as one that was used.
  const reused = lease.requestNumber > 1 || lease.idleMs > 0;
  const facts = { method, sent, reused, responded, status, repeatable, replayable, resendCount };
  return resendReason(facts, rule);
}
