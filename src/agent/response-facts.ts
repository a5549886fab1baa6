/** Response facts: what a response that `node:http` has parsed says of its connection. */

import type { IncomingMessage } from "node:http";
import type { RetireReason } from "../contract/reasons.ts";
import type { Wire, WireHints } from "../contract/wire.ts";
import { hintsBy } from "../exchange/ending.ts";
import { Http1Wire } from "../http1/http1-wire.ts";
import type { Lease } from "../pool/connection.ts";
import type { HintReader } from "../rules/hints.ts";
import { endByTest, type PersistenceTest, parseConnection, persists } from "../rules/persistence.ts";
import { NO_HINTS } from "../rules/rules.ts";
import type { NodeRequest } from "./node-request.ts";

/** What the server announced of the connection with a response, read as the options say. */
export function announcedHints(
  response: IncomingMessage,
  { connection, requestNumber: requests }: Lease<Wire>,
  mode: "honor" | "ignore" | HintReader,
): WireHints {
  if (mode === "ignore") return NO_HINTS;
  if (typeof mode === "function") {
    const { httpVersionMinor: minorVersion } = response;
    return hintsBy(mode, { minorVersion, proxied: connection.proxied, lines: linesOf(response), requests });
  }
  const { wire } = connection;
  return wire instanceof Http1Wire ? wire.announced(fieldOf(response, "keep-alive"), requests) : NO_HINTS;
}

/** What events tell of a response. */
export function statusOf({ res }: NodeRequest): {
  readonly status: number;
  readonly httpVersion: "1.0" | "1.1";
} {
  return { status: res?.statusCode ?? 0, httpVersion: res?.httpVersion === "1.0" ? "1.0" : "1.1" };
}

/** Why no request may follow a complete response, whose framing `node:http` has accepted. `test` is the user's, if there is one. */
export function endAfter(
  response: IncomingMessage,
  method: string,
  { connection }: Lease<Wire>,
  test: PersistenceTest | undefined,
): RetireReason | undefined {
  const announced = announcedEnd(response);
  if (test === undefined) return announced;
  const { statusCode: status = 0, httpVersionMinor: minorVersion } = response;
  const facts = { method, status, minorVersion, proxied: connection.proxied, lines: linesOf(response) };
  return endByTest(test, facts, announced);
}

function announcedEnd(response: IncomingMessage): RetireReason | undefined {
  const { httpVersionMinor } = response;
  const value = fieldOf(response, "connection");
  if (value === "keep-alive") return undefined;
  if (value === undefined) return httpVersionMinor === 0 ? "not-persistent" : undefined;
  const options = parseConnection(value);
  if (options.close) return "peer-close";
  return persists(httpVersionMinor, options) ? undefined : "not-persistent";
}

/**
 * The value of a field, its lines joined. `headers` would have all of it, but are an object that Node makes when they are read, and
 * a caller may never do that (Node 24: 1 µs).
 */
function fieldOf({ rawHeaders }: IncomingMessage, name: "connection" | "keep-alive"): string | undefined {
  let joined: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const given = rawHeaders[at] ?? "";
    if (given.length !== name.length || given.toLowerCase() !== name) continue;
    const value = rawHeaders[at + 1] ?? "";
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** Whether the body of a response ends with the connection (RFC 9112 §6.3). */
export function isUntilClose(response: IncomingMessage | null | undefined, method: string): boolean {
  if (!response || method === "HEAD") return false;
  const { headers } = response;
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) return !coding.trim().toLowerCase().endsWith("chunked");
  return headers["content-length"] === undefined;
}

function linesOf({ rawHeaders }: IncomingMessage): (name: string) => readonly string[] {
  return (name) => {
    const wanted = name.toLowerCase();
    const lines: string[] = [];
    for (let at = 0; at + 1 < rawHeaders.length; at += 2)
      if (rawHeaders[at]?.toLowerCase() === wanted) lines.push(rawHeaders[at + 1] ?? "");
    return lines;
  };
}
