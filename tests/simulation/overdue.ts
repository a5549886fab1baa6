/** Overdue: finds what takes longer than the options or the documentation allow. */

import type { Finding, Judges } from "./judges.ts";
import type { Link } from "./link.ts";
import type { Plan } from "./plan.ts";
import type { RequestRecord } from "./record.ts";

/** Timers count whole milliseconds, a late timer reads the sockets first, and turns of the event loop take time. */
const SLACK_MS = 60;

/** How long a request waits for 100 Continue. */
const CONTINUE_MS = 1000;

/** How long the connection may linger on an unwanted body: of known length, and of unknown length. */
const [LINGER_MS, UNKNOWN_MS] = [1000, 100] as const;

/** What is wrong if a connection lingers for a caller who left; `"over"` when it no longer does. */
export function lingering(
  link: Link,
  { spec, leftAt = 0, promised }: RequestRecord,
  now: number,
  judges: Judges,
): Finding | "over" | undefined {
  if (link.isOver || link.crossed || link.request !== spec.id) return "over";
  const limit = promised?.framing === "length" ? LINGER_MS : UNKNOWN_MS;
  const forMs = now - leftAt;
  return judges.finds(
    "lingering on an unwanted body",
    forMs > 0,
    forMs > limit + SLACK_MS,
    () => `connection ${link.id} still lingers for request ${spec.id}, whose caller left ${forMs} ms ago`,
  );
}

/** Which deadline of a request has passed without effect. Each has a case once a quarter of its time is over. */
export function overdue(record: RequestRecord, now: number, plan: Plan, judges: Judges): Finding | undefined {
  const { spec, link, phase, startedAt } = record;
  if (phase === "done" || record.isUnclear) return undefined;
  const carried = link !== undefined && link.request === spec.id && !link.isOver;
  if (phase === "head" || carried) {
    const total = spec.deadlines.requestTimeout ?? plan.users.requestTimeoutMs;
    const ms = now - startedAt;
    const late = passed("requestTimeout", ms, total, judges);
    if (late !== undefined) return late.about(`lasts for ${ms} ms`);
  }
  return carried && phase === "head" ? headOverdue(record, link, now, plan, judges) : undefined;
}

function passed(
  deadline: "requestTimeout" | "headersTimeout" | "bodyIdleTimeout" | "100 Continue",
  ms: number,
  limitMs: number,
  judges: Judges,
  caseMs = limitMs / 4,
): Finding | undefined {
  return judges.finds(deadline, ms > caseMs, ms > limitMs + SLACK_MS, `: ${deadline}`);
}

function headOverdue(
  { spec, continuesAt }: RequestRecord,
  link: Link,
  now: number,
  plan: Plan,
  judges: Judges,
): Finding | undefined {
  const { upload, deadlines } = spec;
  if (continuesAt !== undefined) {
    const late = passed("100 Continue", now - continuesAt, CONTINUE_MS, judges);
    if (late !== undefined) return late.about(`has waited for ${now - continuesAt} ms`);
  }
  if (link.sentAt !== undefined) {
    const ms = now - link.sentAt;
    const late = passed("headersTimeout", ms, deadlines.headersTimeout ?? plan.headersTimeoutMs, judges);
    if (late !== undefined) return late.about(`has waited for a head for ${ms} ms`);
  }
  if (upload?.kind !== "bytes" || link.bodyWritten <= 0 || link.bodyWritten >= upload.length)
    return undefined;
  const ms = now - link.bodyMovedAt;
  const late = passed("bodyIdleTimeout", ms, deadlines.bodyIdleTimeout ?? plan.bodyIdleTimeoutMs, judges, -1);
  return late?.about(`has sent nothing of its body for ${ms} ms`);
}
