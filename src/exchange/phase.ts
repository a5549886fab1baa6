/**
 * Stage: where an exchange stands, and how long it may stay there. Pure functions of its times and the request's
 * deadlines; a server's announcements never become deadlines of a request (Node's Agent did that: node#53458).
 */

import type { Phase } from "../contract/errors.ts";
import type { RequestDeadlines } from "./message.ts";

/**
 * - `queue`: waits for a connection.
 * - `continue`: the head is sent, and a `100 Continue` awaited.
 * - `send`: the body is being sent.
 * - `headers`: all is sent, and the response head awaited.
 * - `body`: the response is arriving.
 * - `linger`: the caller has all it wants; the rest of a body is read or sent, so that the connection can be kept.
 */
export type ExchangePhase = "queue" | "continue" | "send" | "headers" | "body" | "linger" | "done";

/** The stages by the names that errors use. */
export const PUBLIC_PHASES: Readonly<Record<ExchangePhase, Phase>> = {
  queue: "queue",
  continue: "send",
  send: "send",
  headers: "headers",
  body: "body",
  linger: "body",
  done: "body",
};

/** How long a server may take to answer `Expect: 100-continue` before the body is sent anyway (Go: 1 s). */
const CONTINUE_MS = 1000;

/**
 * How long a known rest of a body that nobody needs is read or sent for the sake of the connection, in all
 * (Chrome: 5 s). Bytes that move meanwhile do not lengthen it, or a peer could keep the connection by dripping.
 */
export const LINGER_MS = 1000;

/**
 * The same where nobody knows how much is to come. Long enough for a short error that an SDK cancels before it tries
 * again; a live stream, which would never end, holds its server no longer.
 */
const LINGER_UNKNOWN_MS = 100;

/** How much of it is read or sent (Chrome reads 16 KiB). */
export const LINGER_BYTES = 65_536;

/** How long the rest of a body that nobody wants is read, in ms. 0 where it is known to be much. */
export function lingerTime(remaining: number | undefined): number {
  if (remaining === undefined) return LINGER_UNKNOWN_MS;
  return remaining <= LINGER_BYTES ? LINGER_MS : 0;
}

/**
 * The times of one exchange, in ms of the pool's clock. One for each thing that is waited for: progress of another
 * must not put off its deadline, or a peer that drips could hold on to a request for ever.
 */
export class Times {
  readonly startedAt: number;
  /** When the call began, if that was before: the request follows a redirect or had to be prepared. */
  readonly calledAt: number | undefined;
  /** When the request's last byte so far was handed over: with a `100 Continue` awaited, its head's. */
  sentAt: number;
  /** When the kernel last took some of the request's body, or its sending began; `undefined` before that. */
  uploadMovedAt: number | undefined = undefined;
  /** When the last byte of the response's body came, or its head, or its reader began to read on. */
  bodyMovedAt: number;
  /** When lingering ends, if it began. */
  lingersUntil: number | undefined = undefined;
  /** The reader of the response is behind, so the peer is not to blame for the silence. */
  paused = false;

  /** Most requests have neither of the times that are `undefined` here: V8 keeps a box for every number. */
  constructor(now: number, calledAt?: number) {
    this.startedAt = now;
    this.calledAt = calledAt;
    this.sentAt = now;
    this.bodyMovedAt = now;
  }

  /** When the time of the whole call began. */
  get begunAt(): number {
    return this.calledAt ?? this.startedAt;
  }
}

/** When something must be done about an exchange that goes on as it is; `Infinity` for never. */
export function dueTime(stage: ExchangePhase, times: Times, deadlines: RequestDeadlines): number {
  return Math.min(totalEnd(stage, times, deadlines), stageEnd(stage, times, deadlines));
}

function stageEnd(stage: ExchangePhase, times: Times, deadlines: RequestDeadlines): number {
  switch (stage) {
    case "continue":
      return times.sentAt + CONTINUE_MS;
    case "send":
      return (times.uploadMovedAt ?? times.startedAt) + deadlines.bodyIdleTimeoutMs;
    case "headers":
      return times.sentAt + deadlines.headersTimeoutMs;
    case "body":
      return times.paused ? Infinity : times.bodyMovedAt + deadlines.bodyIdleTimeoutMs;
    case "linger":
      return times.lingersUntil ?? Infinity;
    default:
      return Infinity;
  }
}

/** When the exchange as a whole has lasted too long. Lingering is for the connection's sake and has its own end. */
function totalEnd(stage: ExchangePhase, times: Times, deadlines: RequestDeadlines): number {
  return stage === "linger" || stage === "done" ? Infinity : times.begunAt + deadlines.requestTimeoutMs;
}

/** Deadlines of an exchange. */
export type Deadline = "headers" | "body" | "total";

/** A deadline that passed, with its numbers. */
export interface Passed {
  readonly which: Deadline;
  readonly elapsedMs: number;
  readonly limitMs: number;
}

/** Which deadline of a waiting exchange has passed at `now`; `undefined` if it need not wait for a 100 any longer. */
export function passedDeadline(
  stage: ExchangePhase,
  times: Times,
  deadlines: RequestDeadlines,
  now: number,
): Passed | undefined {
  const { requestTimeoutMs, headersTimeoutMs, bodyIdleTimeoutMs } = deadlines;
  if (now >= totalEnd(stage, times, deadlines)) {
    return { which: "total", elapsedMs: now - times.begunAt, limitMs: requestTimeoutMs };
  }
  if (stage === "continue") return undefined;
  if (stage === "headers") {
    return { which: "headers", elapsedMs: now - times.sentAt, limitMs: headersTimeoutMs };
  }
  const movedAt = stage === "send" ? (times.uploadMovedAt ?? times.startedAt) : times.bodyMovedAt;
  return { which: "body", elapsedMs: now - movedAt, limitMs: bodyIdleTimeoutMs };
}
