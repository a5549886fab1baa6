/**
 * Phase: where an exchange stands, and how long it may stay there. These are pure functions of its times and the request's
 * deadlines. What a server announces never becomes a deadline of a request (Node's Agent did that: node#53458).
 */

import type { Phase } from "../contract/errors.ts";
import type { RequestDeadlines } from "./message.ts";

/**
 * - `queue`: the exchange waits for a connection.
 * - `continue`: the head was sent, and `100 Continue` is awaited.
 * - `send`: the body is being sent.
 * - `headers`: the request was sent, and the response head is awaited.
 * - `body`: the response is arriving.
 * - `linger`: the caller has all it wants. The rest of a body is read or sent, so that the connection can be kept.
 */
export type ExchangePhase = "queue" | "continue" | "send" | "headers" | "body" | "linger" | "done";

/** The phases by the names that errors use. */
export const PUBLIC_PHASES: Readonly<Record<ExchangePhase, Phase>> = {
  queue: "queue",
  continue: "send",
  send: "send",
  headers: "headers",
  body: "body",
  linger: "body",
  done: "body",
};

/** How long `100 Continue` is awaited before the body is sent anyway (Go: 1 s). */
const CONTINUE_MS = 1000;

/**
 * How long an exchange lingers in total if the rest of the body has a known length (Chrome: 5 s). Progress does not extend
 * it, or a slow peer could keep the connection busy.
 */
export const LINGER_MS = 1000;

/**
 * The same for a rest of unknown length. It is long enough for a short error body that an SDK cancels before it retries,
 * and short enough for a live stream, which never ends.
 */
const LINGER_UNKNOWN_MS = 100;

/** The most bytes that are read or sent while lingering (Chrome reads 16 KiB). */
export const LINGER_BYTES = 65_536;

/** How long to read the rest of a discarded body, in ms: 0 if the rest is known to be too large. */
export function lingerTime(remaining: number | undefined): number {
  if (remaining === undefined) return LINGER_UNKNOWN_MS;
  return remaining <= LINGER_BYTES ? LINGER_MS : 0;
}

/**
 * The times of one exchange, in ms of the pool's clock. Each deadline has a time of its own, so that progress elsewhere does
 * not extend it: a slow peer could hold a request for ever otherwise.
 */
export class Times {
  readonly startedAt: number;
  /** When the call began, if that was earlier: the request follows a redirect, or had to be prepared. */
  readonly calledAt: number | undefined;
  /** When the last part of the request was written: the head, while `100 Continue` is awaited. */
  sentAt: number;
  /** When the kernel last accepted bytes of the request body, or its upload started; `undefined` before. */
  uploadMovedAt: number | undefined = undefined;
  /** When the response head or bytes of its body last arrived, or a paused reader resumed. */
  bodyMovedAt: number;
  /** When lingering ends; `undefined` before it starts. */
  lingersUntil: number | undefined = undefined;
  /** When to look next whether the network holds it up: see `look.ts`. `undefined`: no look has said. */
  lookAt: number | undefined = undefined;
  /** The end of the last outage that a look has seen. */
  seenAt: number | undefined = undefined;
  /** The reader of the body is behind, so the peer is not to blame for the silence. */
  paused = false;

  /** Times that most requests never need start as `undefined`, because V8 allocates a box for each number. */
  constructor(now: number, calledAt?: number) {
    this.startedAt = now;
    this.calledAt = calledAt;
    this.sentAt = now;
    this.bodyMovedAt = now;
  }

  /** When the total time starts. */
  get begunAt(): number {
    return this.calledAt ?? this.startedAt;
  }
}

/** When the next deadline of an exchange passes, as things stand; `Infinity` for never. */
export function dueTime(phase: ExchangePhase, times: Times, deadlines: RequestDeadlines): number {
  return Math.min(totalEnd(phase, times, deadlines), phaseEnd(phase, times, deadlines));
}

function phaseEnd(phase: ExchangePhase, times: Times, deadlines: RequestDeadlines): number {
  switch (phase) {
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

/** When the total deadline passes. It does not apply while lingering, which has a limit of its own. */
function totalEnd(phase: ExchangePhase, times: Times, deadlines: RequestDeadlines): number {
  return phase === "linger" || phase === "done" ? Infinity : times.begunAt + deadlines.requestTimeoutMs;
}

/** The deadlines of an exchange. */
export type Deadline = "headers" | "body" | "total";

/** A deadline that passed, with its numbers. */
export interface Passed {
  readonly which: Deadline;
  readonly elapsedMs: number;
  readonly limitMs: number;
}

/** The deadline that has passed at `now`; `undefined` if only the wait for `100 Continue` is over. */
export function passedDeadline(
  phase: ExchangePhase,
  times: Times,
  deadlines: RequestDeadlines,
  now: number,
): Passed | undefined {
  const { requestTimeoutMs, headersTimeoutMs, bodyIdleTimeoutMs } = deadlines;
  if (now >= totalEnd(phase, times, deadlines)) {
    return { which: "total", elapsedMs: now - times.begunAt, limitMs: requestTimeoutMs };
  }
  if (phase === "continue") return undefined;
  if (phase === "headers") {
    return { which: "headers", elapsedMs: now - times.sentAt, limitMs: headersTimeoutMs };
  }
  const movedAt = phase === "send" ? (times.uploadMovedAt ?? times.startedAt) : times.bodyMovedAt;
  return { which: "body", elapsedMs: now - movedAt, limitMs: bodyIdleTimeoutMs };
}
