/**
 * Persistence: whether a connection may carry another request after this message (RFC 9112 §9.3), by the standard or
 * by a test that a user or a preset provides.
 */

import type { RetireReason } from "../contract/reasons.ts";
import { trimWhitespace } from "./optional-whitespace.ts";

/** The connection options that matter for persistence (RFC 9110 §7.6.1: a list of case-insensitive tokens). */
export interface ConnectionOptions {
  /** Whether `close` is among them. */
  readonly close: boolean;
  /** Whether `keep-alive` is among them. */
  readonly keepAlive: boolean;
}

/** Reads a `Connection` value. Several lines of the field must be joined by commas first. */
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
 * Whether the connection persists after this message (RFC 9112 §9.3). `close` ends it. Otherwise HTTP/1.1 persists,
 * and HTTP/1.0 persists only with `keep-alive`.
 */
export function persists(minorVersion: number, options: ConnectionOptions): boolean {
  if (options.close) return false;
  return minorVersion >= 1 || options.keepAlive;
}

/** What a persistence test may look at: one complete response whose end is beyond doubt. */
export interface PersistenceFacts {
  /** Method of the request. */
  readonly method: string;
  /** Status of the response. */
  readonly status: number;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minorVersion: number;
  /** Whether an HTTP proxy read the request, instead of passing it through a tunnel. */
  readonly proxied: boolean;
  /** The values of a header field, one per line of the field, in the order of the message. */
  lines(name: string): readonly string[];
}

/**
 * Whether the connection may carry another request.
 *
 * The test is called only if the message framing allows reuse. A body delimited by the end of the connection,
 * `Transfer-Encoding` on HTTP/1.0 or together with `Content-Length`, and surplus bytes always end the connection:
 * reuse after them would mix up responses (RFC 9112 §6.3).
 */
export type PersistenceTest = (facts: PersistenceFacts) => boolean;

/**
 * Why the connection ends after a response, by a persistence test. `announced` is the reason that the peer gave, if any.
 *
 * The test is called in a callback of the socket, which must not throw. Only `true` keeps the connection: a test that
 * throws, or returns anything else, ends it.
 */
export function endByTest(
  test: PersistenceTest,
  facts: PersistenceFacts,
  announced: RetireReason | undefined,
): RetireReason | undefined {
  return keepsConnection(test, facts) ? undefined : (announced ?? "not-persistent");
}

function keepsConnection(test: PersistenceTest, facts: PersistenceFacts): boolean {
  try {
    return test(facts) === true;
  } catch {
    return false;
  }
}
