/** Request block: the head of a request as a field block (RFC 9113 §8.3.1). */

import type { ForwardedBy, RequestFields, RequestMessage } from "../contract/wire.ts";
import { ByteWriter } from "./byte-writer.ts";
import { HpackEncoder, type Indexing } from "./hpack/hpack-encoder.ts";

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

/** Encodes the heads of one connection. It remembers the last block, and the last fields of a caller. */
export class RequestBlocks {
  readonly #encoder = new HpackEncoder();
  readonly #block = new ByteWriter(256);
  /** What the block was encoded from, and the table's version that it is right for; -1: it is not. */
  #parts: BlockParts | undefined = undefined;
  #version = -1;
  readonly #fields = new ByteWriter(256);
  #lines = "";
  #fieldsVersion = -1;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setTableSize(size: number): void {
    this.#encoder.setTableSize(size);
  }

  /** The block of a request. It is valid until the next call, and must be written before that. */
  of(request: RequestMessage, by: ForwardedBy | undefined): ByteWriter {
    const encoder = this.#encoder;
    const { version } = encoder;
    if (by === undefined && this.#version === version && isSame(request, this.#parts)) return this.#block;
    const block = this.#block;
    block.clear();
    encoder.begin(block);
    const { method, origin, target, fields } = request;
    encoder.field(":method", method, "index");
    encoder.field(":scheme", origin.scheme, "index");
    encoder.field(":authority", fields.host ?? origin.host, "index");
    encoder.field(":path", target, "plain");
    if (by?.authorization !== undefined && !fields.names.has("proxy-authorization"))
      encoder.field("proxy-authorization", by.authorization, "never");
    if (fields.lines !== "") this.#callersFields(fields.lines, block);
    const length = lengthOf(request);
    if (length !== undefined) encoder.field("content-length", `${length}`, "plain");
    if (fields.expectContinue && request.body !== undefined) encoder.field("expect", "100-continue", "index");
    encoder.end();
    // Not the request itself, whose body would be held until the next one.
    this.#parts = { method, origin, target, fields, length, hasBody: request.body !== undefined };
    this.#version = by === undefined && encoder.version === version ? version : -1;
    return block;
  }

  #callersFields(lines: string, block: ByteWriter): void {
    const { version } = this.#encoder;
    const fields = this.#fields;
    if (this.#fieldsVersion === version && this.#lines === lines)
      return block.copy(fields.bytes, 0, fields.length);
    const start = block.length;
    for (let at = 0; at < lines.length; ) {
      const colon = lines.indexOf(":", at);
      const end = lines.indexOf("\r\n", colon);
      this.#field(lines.slice(at, colon).toLowerCase(), lines.slice(colon + 2, end));
      at = end + 2;
    }
    this.#fieldsVersion = this.#encoder.version === version ? version : -1;
    this.#lines = lines;
    fields.clear();
    fields.copy(block.bytes, start, block.length);
  }

  #field(name: string, value: string): void {
    if (name === "cookie") return this.#cookie(value);
    if (DROPPED.has(name) || (name === "te" && value.toLowerCase() !== "trailers")) return;
    this.#encoder.field(name, value, indexingOf(name));
  }

  /** In crumbs, which stay in the table one by one (RFC 9113 §8.2.3). */
  #cookie(value: string): void {
    for (const crumb of value.split("; "))
      this.#encoder.field("cookie", crumb, crumb.length < SHORT_COOKIE ? "never" : "index");
  }

  /** The block of a request's trailers: `lines` has `name: value CR LF` for each field. Valid until the next call. */
  trailers(lines: string): ByteWriter {
    const block = this.#block;
    this.#version = -1;
    block.clear();
    this.#encoder.begin(block);
    this.#fieldsVersion = -1;
    this.#callersFields(lines, block);
    this.#encoder.end();
    return block;
  }
}

function indexingOf(name: string): Indexing {
  if (name === "authorization" || name === "proxy-authorization") return "never";
  return VARYING.has(name) ? "plain" : "index";
}

function lengthOf({ method, body }: RequestMessage): number | undefined {
  if (body !== undefined) return body.length;
  return ANTICIPATES_BODY.has(method) ? 0 : undefined;
}

/** What a block is encoded from. */
interface BlockParts extends Pick<RequestMessage, "method" | "origin" | "target" | "fields"> {
  readonly length: number | undefined;
  readonly hasBody: boolean;
}

/** Whether the head of a request is the same as that of the one before. */
function isSame(request: RequestMessage, before: BlockParts | undefined): boolean {
  return (
    before !== undefined &&
    before.target === request.target &&
    before.method === request.method &&
    before.origin === request.origin &&
    sameFields(before.fields, request.fields) &&
    before.length === lengthOf(request) &&
    before.hasBody === (request.body !== undefined)
  );
}

function sameFields(before: RequestFields, fields: RequestFields): boolean {
  if (before === fields) return true;
  return (
    before.lines === fields.lines &&
    before.host === fields.host &&
    before.expectContinue === fields.expectContinue
  );
}
