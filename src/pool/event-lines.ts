/**
 * Event lines: events as plain lines, for `HOLDFAST_DEBUG=1`. Only the fields listed here are printed, so that a field of an event that
 * holds what a user or a peer wrote (a tag, an error, a header) never is. Loaded when somebody asks for it.
 */

import { HoldfastError } from "../contract/errors.ts";
import type { PoolEvent } from "../contract/events.ts";
import { excerpt } from "../contract/excerpt.ts";
import { TransportError } from "../contract/transport.ts";

type Fields = { readonly [T in PoolEvent["type"]]: readonly (keyof Extract<PoolEvent, { type: T }>)[] };

/** What is printed of each event, in this order. */
const FIELDS: Fields = {
  "connection.opened": ["connection", "origin", "elapsedMs", "protocol", "remoteAddress", "proxy"],
  "connection.acquired": ["connection", "origin", "request", "reused", "requestNumber", "idleMs", "waitedMs"],
  "connection.released": ["connection", "origin", "requests", "streams", "keepMs"],
  "connection.retired": ["connection", "origin", "reason", "ageMs", "idleMs", "requests", "error"],
  "request.queued": ["request", "origin", "queued"],
  "request.started": ["request", "origin", "method"],
  "request.finished": [
    "request",
    "origin",
    "method",
    "status",
    "httpVersion",
    "connection",
    "reused",
    "elapsedMs",
    "resendCount",
  ],
  "request.retried": ["request", "origin", "method", "reason", "resendCount", "connection"],
  "request.doubted": ["request", "origin", "method", "connection", "idleMs", "waitedMs"],
  "doubt.exhausted": ["origin"],
  "request.failed": ["request", "origin", "method", "error", "elapsedMs", "resendCount"],
  "option.degraded": ["transport", "option"],
  "hint.ignored": ["connection", "origin"],
  "limit.learned": ["origin", "idleMs", "previousMs", "requests"],
  "calm.requested": ["connection", "origin", "times"],
};

let pools = 0;

/** Makes the lines of one pool, which has a number among those that print. `startedAt`: what their times count from. */
export function linesOfPool(startedAt: number): (event: PoolEvent, at: number) => string {
  pools += 1;
  const prefix = `holdfast ${pools}`;
  return (event, at) => `${prefix} +${((at - startedAt) / 1000).toFixed(3)}s ${event.type}${fieldsOf(event)}`;
}

function fieldsOf(event: PoolEvent): string {
  let text = "";
  for (const name of FIELDS[event.type] as readonly string[]) {
    const value: unknown = (event as unknown as Record<string, unknown>)[name];
    if (value !== undefined) text += fieldText(name, value);
  }
  return text;
}

function fieldText(name: string, value: unknown): string {
  if (name === "error") return ` error=${kindOf(value)}`;
  // Thousandths of a millisecond are noise.
  if (typeof value === "number") return ` ${name}=${Math.round(value * 10) / 10}`;
  return ` ${name}=${oneWord(String(value))}`;
}

/** The kind of an error, never its message: that may be anybody's. */
function kindOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  if (error instanceof TransportError) return error.kind;
  const name = error instanceof Error ? error.name : "";
  return name === "AbortError" || name === "TimeoutError" ? name : "other";
}

/** Text that cannot be taken for another field or another line. */
function oneWord(text: string): string {
  const short = excerpt(text);
  for (const character of short) if (character <= " " || character > "~") return JSON.stringify(short);
  return short;
}
