/** Returned response: the upstream's response as the server of this gateway sends it, framed anew. */

import { isConstructible } from "../../fetch/fetch-response.ts";
import { NULL_BODY, statusTold } from "../../fetch/make-response.ts";
import { type PoolResponse, passedOn } from "../../fetch/pool-response.ts";
import { dropHopByHop, HOP_BY_HOP_SET } from "../upstream/hop-by-hop.ts";

/** A response that trailers can be added to: that of `node:http` and `node:http2`. */
export interface TrailerSink {
  readonly outgoing: { addTrailers?(trailers: Readonly<Record<string, string>>): void };
  /** Over HTTP/1.1 they need a chunked body, over HTTP/2 there is no such thing (RFC 9113 §8.2.2). */
  readonly inChunks: boolean;
}

/**
 * A `Response` with the upstream's status, fields and body. Fields per hop are removed.
 *
 * @param trailersTo Where trailers are passed to; `undefined` if the client does not read any.
 */
export function returnedResponse(
  response: PoolResponse,
  method: string,
  trailersTo: TrailerSink | undefined,
): Response {
  const record = trailersTo === undefined ? recordOf(response) : undefined;
  return record === undefined
    ? withHeaders(response, method, trailersTo)
    : withRecord(response, method, record);
}

/** The values of connection options that name no field. Nearly all responses have one of them or none. */
const NAMES_NO_FIELD: ReadonlySet<string> = new Set(["keep-alive", "close"]);

/** No field name: it would set the prototype of the record. */
const NOT_IN_RECORD = "__proto__";

/**
 * Fast path: the fields to send as a record, which @hono/node-server hands to Node as it is. `undefined` if only `Headers`
 * can hold them: a field has several lines, or `Connection` names one.
 */
function recordOf({ status, headers }: PoolResponse): Record<string, string> | undefined {
  if (!isConstructible(status)) return undefined;
  const record: Record<string, string> = {};
  let hasLength = status !== 204 && status !== 205;
  for (const [name, value] of headers) {
    if (name === "transfer-encoding") hasLength = false;
    if (name === "connection" && !NAMES_NO_FIELD.has(value)) return undefined;
    if (HOP_BY_HOP_SET.has(name)) continue;
    if (name === NOT_IN_RECORD || Object.hasOwn(record, name)) return undefined;
    record[name] = value;
  }
  // A length beside a transfer coding is wrong (RFC 9112 §6.3), and 204 and 205 have no body (RFC 9110 §8.6, §15.3.6).
  if (!hasLength) delete record["content-length"];
  return record;
}

function withRecord(response: PoolResponse, method: string, headers: Record<string, string>): Response {
  const { status, statusText } = response;
  const head = { status, statusText, headers };
  if (method === "HEAD" || NULL_BODY.has(status)) {
    response.discard();
    return new Response(null, head);
  }
  const content = passedOn(response);
  const isText = typeof content === "string" && isForText(headers);
  return new Response(isText ? content : bytesOf(content), head);
}

/**
 * Whether a body that is a text can stay one: it has a type, or else `Response` adds one, and all fields are ASCII. Node writes
 * them together with the text, both as UTF-8 (Node 20 to 24).
 */
function isForText(record: Readonly<Record<string, string>>): boolean {
  return (
    record["content-type"] !== undefined && !Object.values(record).some((value) => NOT_ASCII.test(value))
  );
}

const NOT_ASCII = /[^\0-\x7f]/;

/** The content, never as a text. */
function bytesOf(content: string | Uint8Array | ReadableStream<Uint8Array>): BodyInit {
  return (typeof content === "string" ? encoder.encode(content) : content) as BodyInit;
}

const encoder = new TextEncoder();

function withHeaders(response: PoolResponse, method: string, trailersTo: TrailerSink | undefined): Response {
  const { status } = response;
  const headers = new Headers();
  for (const [name, value] of response.headers) headers.append(name, value);
  const isChunked = headers.has("transfer-encoding");
  const trailer = headers.get("trailer");
  dropHopByHop(headers);
  // A length beside a transfer coding is wrong (RFC 9112 §6.3), and 204 and 205 have no body (RFC 9110 §8.6, §15.3.6).
  if (isChunked || status === 204 || status === 205) headers.delete("content-length");
  const head = headOf(response, headers);
  if (method === "HEAD" || NULL_BODY.has(status)) {
    response.discard();
    return new Response(null, head);
  }
  if (trailersTo === undefined || !isChunked) return new Response(bytesOf(passedOn(response)), head);
  // @hono/node-server would give a short body a length, which leaves no place for trailers.
  if (trailersTo.inChunks) headers.set("transfer-encoding", "chunked");
  if (trailer !== null) headers.set("trailer", trailer);
  return new Response(withTrailers(response, trailersTo), head);
}

interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

/** A status that no `Response` has becomes a 502 that tells it. */
function headOf({ status, statusText }: PoolResponse, headers: Headers): Head {
  if (isConstructible(status)) return { status, statusText, headers };
  headers.append("proxy-status", statusTold(status));
  return { status: 502, statusText: "Bad Gateway", headers };
}

/** The body. When it has ended, its trailers are handed over before the server ends the response. */
function withTrailers(response: PoolResponse, to: TrailerSink): ReadableStream<Uint8Array> {
  const reader = response.body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        to.outgoing.addTrailers?.(Object.fromEntries(response.trailers));
        controller.close();
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
