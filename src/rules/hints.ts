/**
 * Hints: the limits that a server announces in `Keep-Alive`.
 *
 * No grammar for `Keep-Alive` is in force. RFC 2068 §19.7.1.1 defined `name "=" value`, the expired
 * draft-thomson-hybi-http-timeout a `timeout` in whole seconds, and practice added `max`. Parsing is therefore
 * tolerant of form (order, case, quotes, spaces, `;` instead of `,`) and strict about values: digits or nothing.
 */

import { trimWhitespace } from "./optional-whitespace.ts";
import type { ServerHints } from "./rules.ts";

/** A parsed `Keep-Alive` value. */
export interface KeepAliveHint {
  readonly timeoutMs?: number | undefined;
  readonly max?: number | undefined;
  /** Whether a part was not understood. That part counts as absent. */
  readonly flawed: boolean;
}

/** Larger values (in seconds, some 31 years) are treated as an overflow and ignored, as negative ones are. */
const MAX_SECONDS = 999_999_999;

const PARAMETER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*("?)(\d{1,10})\2$/;

/**
 * Parses a `Keep-Alive` value. Of several values for one parameter the first valid one counts. Malformed, negative and
 * overflowing values count as absent and set `flawed`. Parameters other than `timeout` and `max` are ignored.
 */
export function parseKeepAlive(value: string): KeepAliveHint {
  let timeoutMs: number | undefined;
  let max: number | undefined;
  let flawed = false;
  for (const part of value.split(/[,;]/)) {
    const text = trimWhitespace(part);
    const name = text.split(/[ \t=]/, 1)[0]?.toLowerCase();
    if (name !== "timeout" && name !== "max") continue;
    const digits = PARAMETER.exec(text)?.[3];
    const count = Number(digits);
    if (digits === undefined || count > MAX_SECONDS) flawed = true;
    else if (name === "timeout") timeoutMs ??= count * 1000;
    else max ??= count;
  }
  return { timeoutMs, max, flawed };
}

/** What a server means by `max`. Two meanings are in use. */
export type MaxMeaning =
  /** Not known yet. Treated as a constant, which allows fewer requests. */
  | "unknown"
  /** The limit of the connection, the same on every response (Node's `maxRequestsPerSocket`). */
  | "constant"
  /** The number of requests left, one less each time (Apache httpd). */
  | "countdown";

/** What is remembered of `max` between the responses of one connection. */
export interface MaxSeen {
  readonly max: number | undefined;
  readonly meaning: MaxMeaning;
}

/** A connection on which no `max` was seen. */
export const NO_MAX: MaxSeen = { max: undefined, meaning: "unknown" };

/**
 * Takes note of `max` in one response; must be called once per response of a connection. A falling `max` is a
 * countdown, an unchanged one a constant. A countdown also goes on with a response that does not mention `max`.
 */
export function watchMax(seen: MaxSeen, max: number | undefined): MaxSeen {
  const counting = seen.meaning === "countdown";
  if (max === undefined) return counting ? { max: less(seen.max), meaning: "countdown" } : seen;
  if (seen.max === undefined) return { max, meaning: "unknown" };
  return { max, meaning: max < seen.max || (counting && max === seen.max) ? "countdown" : "constant" };
}

function less(max: number | undefined): number {
  return Math.max(0, (max ?? 0) - 1);
}

/**
 * Requests that the server still accepts after `requests` of them, or `undefined` if it did not say. httpd's `max=0`
 * and Node's `max=N` on the N-th response both leave none.
 */
export function remainingRequests(seen: MaxSeen, requests: number): number | undefined {
  if (seen.max === undefined) return undefined;
  return seen.meaning === "countdown" ? seen.max : Math.max(0, seen.max - requests);
}

/** The argument of a {@linkcode HintReader}. */
export interface HintSource {
  /** The `Keep-Alive` value, or `undefined`. */
  readonly keepAlive: string | undefined;
  /** The `Connection` value, its lines joined by `", "`, or `undefined`. */
  readonly connection: string | undefined;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minorVersion: number;
  /** Whether an HTTP proxy read the request, instead of passing it through a tunnel. */
  readonly proxied: boolean;
  /** The values of a header field, one per line of the field, in the order of the message. */
  lines(name: string): readonly string[];
  /** Requests the connection has carried, this one included. */
  readonly requests: number;
}

/** Reads what the server announced. {@linkcode ServerHints.close} is set by the wire, independently of the reader. */
export type HintReader = (source: HintSource) => Omit<ServerHints, "close">;
