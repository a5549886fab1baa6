/** Overdue: finds what takes longer than the options or the documentation allow. */

import type { Link } from "./link.ts";
import type { Plan } from "./plan.ts";
import type { RequestRecord } from "./record.ts";

/** Timers count whole milliseconds, a late timer reads the sockets first, and turns of the event loop take time. */
const SLACK_MS = 60;

/** How long the connection may linger on an unwanted body: of known length, and of unknown length. */
const [LINGER_MS, UNKNOWN_MS] = [1000, 100] as const;

/** What is wrong if a connection lingers for a caller who left; `"over"` when it no longer does. */
export function lingering(
  link: Link,
  { spec, leftAt = 0, promised }: RequestRecord,
  now: number,
): string | undefined {
  if (link.isOver || link.crossed || link.request !== spec.id) return "over";
  const limit = promised?.framing === "length" ? LINGER_MS : UNKNOWN_MS;
  const forMs = now - leftAt;
  return forMs > limit + SLACK_MS
    ? `connection ${link.id} still lingers for request ${spec.id}, whose caller left ${forMs} ms ago`
    : undefined;
}

/** Which deadline of a request has passed without effect. */
export function overdue(record: RequestRecord, now: number, plan: Plan): string | undefined {
  const { spec, link, phase, startedAt } = record;
  if (phase === "done" || record.isUnclear) return undefined;
  const carried = link !== undefined && link.request === spec.id && !link.isOver;
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
