/**
 * Hints: what a server says about its connections, in `Connection` and `Keep-Alive`.
 *
 * `Keep-Alive` has no grammar in force: RFC 2068 §19.7.1.1 gave `name "=" value`, the expired
 * draft-thomson-hybi-http-timeout a `timeout` in whole seconds, practice added `max`. So parsing is forgiving
 * in form (order, case, quotes, spaces, `;` for `,`) and strict in value: digits or nothing.
 */

import type { ServerHints } from "./rules.ts";
import { trimWhitespace } from "./whitespace.ts";

/** A `Keep-Alive` value, read. */
export interface KeepAliveHint {
  readonly timeoutMs?: number | undefined;
  readonly max?: number | undefined;
  /** Whether a part was not understood; that part counts as absent. */
  readonly flawed: boolean;
}

/** Larger values than this many seconds (some 31 years) are taken for an overflow, as negative ones are. */
const MAX_SECONDS = 999_999_999;

const PARAMETER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*("?)(\d{1,10})\2$/;

/**
 * Reads a `Keep-Alive` value. Of duplicates the first valid one counts; garbage, negative and overflowing
 * values count as absent and are told by `flawed`. Parameters other than `timeout` and `max` are let pass.
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

/** Which of the two things servers mean by `max`. */
export type MaxMeaning =
  /** Not told yet: taken for a constant, which allows fewer requests. */
  | "unknown"
  /** The limit of the connection, the same on every response (Node's `maxRequestsPerSocket`). */
  | "constant"
  /** What is left, one less each time (Apache httpd). */
  | "countdown";

/** What is remembered of `max` between the responses of one connection. */
export interface MaxSeen {
  readonly max: number | undefined;
  readonly meaning: MaxMeaning;
}

/** A connection on which no `max` was seen. */
export const NO_MAX: MaxSeen = { max: undefined, meaning: "unknown" };

/**
 * Watches `max` over the responses of one connection, called once for each: a falling one is a countdown, a
 * standing one a constant. A countdown goes on under a response that does not mention it.
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
 * Requests that the server will still take after `requests` of them, or `undefined` if it did not say.
 * httpd's `max=0` and Node's `max=N` on the N-th response both leave none.
 */
export function remainingRequests(seen: MaxSeen, requests: number): number | undefined {
  if (seen.max === undefined) return undefined;
  return seen.meaning === "countdown" ? seen.max : Math.max(0, seen.max - requests);
}

/** The `connection-option`s that matter (RFC 9110 §7.6.1: a list of tokens in any letter case). */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
}

/** Reads a `Connection` value, the lines of the field joined by commas. */
export function parseConnection(value: string): ConnectionOptions {
  let close = false;
  let keepAlive = false;
  for (const part of value.split(",")) {
    const token = trimWhitespace(part).toLowerCase();
    if (token === "close") close = true;
    else if (token === "keep-alive") keepAlive = true;
  }
  return { close, keepAlive };
}

/**
 * Whether the connection persists after this message (RFC 9112 §9.3): `close` wins; 1.1 persists;
 * 1.0 only with `keep-alive`.
 */
export function persists(minorVersion: number, options: ConnectionOptions): boolean {
  if (options.close) return false;
  return minorVersion >= 1 || options.keepAlive;
}

/** What a `serverHints` reader function is given. */
export interface HintSource {
  /** The `Keep-Alive` value, or `undefined`. */
  readonly keepAlive: string | undefined;
  /** The `Connection` value, its lines joined by `", "`, or `undefined`. */
  readonly connection: string | undefined;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minorVersion: number;
  /** Whether the request went to an HTTP proxy that read it, not through a tunnel. */
  readonly proxied: boolean;
  /** The value of each line of a header field, in the order of the message. */
  lines(name: string): readonly string[];
  /** Requests the connection has carried, this one included. */
  readonly requests: number;
}

/** Reads what the server announced. {@linkcode ServerHints.close} is set by the wire, whatever a reader says. */
export type HintReader = (source: HintSource) => Omit<ServerHints, "close">;
