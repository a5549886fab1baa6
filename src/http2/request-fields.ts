/** Request fields: what the head of a request consists of, in order (RFC 9113 §8.3.1), and how large that is for the peer. */

import type { ForwardedBy, RequestMessage } from "../contract/wire.ts";
import type { Indexing } from "./hpack/hpack-encoder.ts";

/** Takes the fields. */
export interface RequestFieldSink {
  field(name: string, value: string, how: Indexing): void;
}

/** Fields that speak about a connection, or are written otherwise. */
const DROPPED: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Fields whose value is rarely the same again: in the table they would drive out others. Nor would the block be the same
 * again, which can be copied as long as the table stays as it is.
 */
const VARYING: ReadonlySet<string> = new Set([
  "etag",
  "idempotency-key",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "range",
  "traceparent",
  "tracestate",
  "x-request-id",
]);

/** A cookie below this length can be guessed by its effect on the table (RFC 7541 §7.1.3; nghttp2 has the same bound). */
const SHORT_COOKIE = 20;

/** Methods that anticipate a body say so when there is none (RFC 9110 §8.6). */
const ANTICIPATES_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** What comes before the caller's fields. */
export function leadingFields(
  { method, origin, target, fields }: RequestMessage,
  by: ForwardedBy | undefined,
  sink: RequestFieldSink,
): void {
  sink.field(":method", method, "index");
  sink.field(":scheme", origin.scheme, "index");
  sink.field(":authority", fields.host ?? origin.host, "index");
  sink.field(":path", target, "plain");
  if (by?.authorization !== undefined && !fields.names.has("proxy-authorization"))
    sink.field("proxy-authorization", by.authorization, "never");
}

/** `lines` has `name: value CR LF` for each field. */
export function callersFields(lines: string, sink: RequestFieldSink): void {
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(":", at);
    const end = lines.indexOf("\r\n", colon);
    callersField(lines.slice(at, colon).toLowerCase(), lines.slice(colon + 2, end), sink);
    at = end + 2;
  }
}

function callersField(name: string, value: string, sink: RequestFieldSink): void {
  if (name === "cookie") return cookie(value, sink);
  if (DROPPED.has(name) || (name === "te" && value.toLowerCase() !== "trailers")) return;
  sink.field(name, value, indexingOf(name));
}

/** In crumbs, which stay in the table one by one (RFC 9113 §8.2.3). */
function cookie(value: string, sink: RequestFieldSink): void {
  for (const crumb of value.split("; "))
    sink.field("cookie", crumb, crumb.length < SHORT_COOKIE ? "never" : "index");
}

function indexingOf(name: string): Indexing {
  if (name === "authorization" || name === "proxy-authorization") return "never";
  return VARYING.has(name) ? "plain" : "index";
}

/** What comes after the caller's fields. */
export function closingFields(request: RequestMessage, sink: RequestFieldSink): void {
  const length = bodyLengthOf(request);
  if (length !== undefined) sink.field("content-length", `${length}`, "plain");
  if (request.fields.expectContinue && request.body !== undefined)
    sink.field("expect", "100-continue", "index");
}

/** The `content-length` of a request, if it has one. */
export function bodyLengthOf({ method, body }: RequestMessage): number | undefined {
  if (body !== undefined) return body.length;
  return ANTICIPATES_BODY.has(method) ? 0 : undefined;
}

/** Counts what fields take, as SETTINGS_MAX_HEADER_LIST_SIZE does (RFC 9113 §6.5.2). */
class SizeCounter implements RequestFieldSink {
  size = 0;

  field(name: string, value: string): void {
    this.size += name.length + value.length + FIELD_OVERHEAD;
  }
}

/** What each field counts beside its name and value. */
const FIELD_OVERHEAD = 32;

/** The most that one character of a caller's fields may count: a cookie of two, `"; "`, is a field of its own with 38. */
const MOST_PER_CHARACTER = 19;

/** What all other fields of a request count at most, beside its target, its host and what a proxy asks for. */
const MOST_BESIDE = 512;

/** The size of a request's head, if it is more than `most`. Nothing is counted where a glance shows that it is not. */
export function sizeBeyond(
  most: number,
  request: RequestMessage,
  by: ForwardedBy | undefined,
): number | undefined {
  if (most === Infinity) return undefined;
  const { method, origin, target, fields } = request;
  const few = method.length + target.length + (fields.host ?? origin.host).length + MOST_BESIDE;
  if (by === undefined && few + MOST_PER_CHARACTER * fields.lines.length <= most) return undefined;
  const counter = new SizeCounter();
  leadingFields(request, by, counter);
  callersFields(fields.lines, counter);
  closingFields(request, counter);
  return counter.size > most ? counter.size : undefined;
}

/** The size of trailers, if it is more than `most`. */
export function trailersBeyond(most: number, lines: string): number | undefined {
  if (most === Infinity) return undefined;
  const counter = new SizeCounter();
  callersFields(lines, counter);
  return counter.size > most ? counter.size : undefined;
}
