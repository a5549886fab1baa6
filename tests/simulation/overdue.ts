/** Overdue: what takes longer than the options, or the docs, allow. */

import type { Link } from "./link.ts";
import type { Plan } from "./plan.ts";
import type { RequestRecord } from "./record.ts";

/** A timer counts whole milliseconds, one that rings late looks at the sockets first, and turns take their time. */
const SLACK_MS = 60;

/** A body that nobody wants is read for so long: where its length is known, and where it is not. */
const [LINGER_MS, UNKNOWN_MS] = [1000, 100] as const;

/** Whether a connection is kept busy for a caller who left; `"over"` when it is not any more. */
export function lingering(
  link: Link,
  { spec, leftAt = 0, promised }: RequestRecord,
  now: number,
): string | undefined {
  if (link.closed || link.ended || link.crossed || link.request !== spec.id) return "over";
  const limit = promised?.framing === "length" ? LINGER_MS : UNKNOWN_MS;
  const forMs = now - leftAt;
  return forMs > limit + SLACK_MS
    ? `connection ${link.id} is still read for request ${spec.id}, whose caller left ${forMs} ms ago`
    : undefined;
}

/** What has not been done about a request though its time is up. */
export function overdue(record: RequestRecord, now: number, plan: Plan): string | undefined {
  const { spec, link, phase, startedAt } = record;
  if (phase === "done" || record.crossed || link?.crossed === true) return undefined;
  const carried = link !== undefined && link.request === spec.id && !link.ended && !link.closed;
  if (phase === "head" || carried) {
    const total = spec.deadlines.requestTimeout ?? plan.users.requestTimeoutMs;
    if (now - startedAt > total + SLACK_MS) return `lasts for ${now - startedAt} ms: requestTimeout`;
  }
  return carried && phase === "head" ? headOverdue(record, link, now, plan) : undefined;
}

function headOverdue(
  { spec, continuesAt }: RequestRecord,
  link: Link,
  now: number,
  plan: Plan,
): string | undefined {
  if (continuesAt !== undefined && now - continuesAt > 1000 + SLACK_MS)
    return `has waited for 100 Continue for ${now - continuesAt} ms`;
  const headersTimeout = spec.deadlines.headersTimeout ?? plan.headersTimeoutMs;
  if (link.sentAt !== undefined && now - link.sentAt > headersTimeout + SLACK_MS)
    return `has waited for a head for ${now - link.sentAt} ms: headersTimeout`;
  const { upload } = spec;
  const uploads = upload?.kind === "bytes" && link.bodyWritten > 0 && link.bodyWritten < upload.length;
  const idleTimeout = spec.deadlines.bodyIdleTimeout ?? plan.bodyIdleTimeoutMs;
  return uploads && now - link.bodyMovedAt > idleTimeout + SLACK_MS
    ? `has sent nothing of its body for ${now - link.bodyMovedAt} ms: bodyIdleTimeout`
    : undefined;
}
