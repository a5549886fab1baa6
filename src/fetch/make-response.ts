/** Make response: from a message of the wire to a `Response`, genuine or lazy, with its body decoded. */

import { asciiBytes } from "../exchange/ascii.ts";
import type { WireResponse } from "../exchange/message.ts";
import { addFields, headFields, reasonOf } from "../http1/parse/fields.ts";
import { watchBody } from "./body-abort.ts";
import { type Decoding, decodeStream, decodeWhole, decodingOf, type FindDecoder } from "./decode.ts";
import { decodeError, errorsOf, fetchError } from "./fetch-errors.ts";
import { type FetchResponse, isConstructible, newFetchResponse, type Provenance } from "./fetch-response.ts";
import { LazyResponse } from "./lazy-response.ts";
import { FRAMING, type Like, type ResponseMemo } from "./response-memo.ts";
import { watchUnclaimed } from "./unclaimed.ts";

/** Statuses whose `Response` must not have a body, not even an empty one (the standard: "null body status"). */
export const NULL_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** How a pool makes its responses. */
export interface ResponseContext {
  readonly findDecoder: FindDecoder;
  /** Whether servers of this runtime read the members of a `Response`, so that its slots may be made on first use. */
  readonly lazy: boolean;
  /** Whether bodies are byte streams. */
  readonly byteStreams: boolean;
  /** See `Transport`. */
  readonly heldBytes: number;
  /** Unless responses are lazy. */
  readonly memo: ResponseMemo | undefined;
}

/**
 * The `Response` for a message of the wire.
 *
 * @param method The method of the request.
 * @throws {TypeError} with a {@linkcode HoldfastError} as its `cause`, where no `Response` can be made of it.
 */
export function fetchResponse(
  from: Provenance,
  method: string,
  { findDecoder, lazy, memo, heldBytes }: ResponseContext,
): FetchResponse {
  const { wire } = from;
  const { head, body } = wire;
  const bodiless = method === "HEAD" || NULL_BODY.has(head.status);
  if (lazy && !bodiless && !head.coded) return lazyResponse(from);
  const decoding = bodiless || !head.coded ? undefined : decodingFor(wire, findDecoder);
  const content = bodiless ? null : contentOf(from, decoding, heldBytes);
  if (NULL_BODY.has(head.status) && !body.ended) body.discard();
  const response = genuine(content, decoding, from, memo);
  if (!isConstructible(head.status)) response.headers.append("proxy-status", statusTold(head.status));
  return response;
}

/**
 * What a 502 says that stands for a status that no server sends on (RFC 9209 §2.1.1, §2.1.3): Deno.serve and Bun.serve
 * send the field of a response that is passed on, but no reason phrase.
 */
export function statusTold(status: number): string {
  return `holdfast; error=http_protocol_error; received-status=${status}`;
}

/** Makes the slots of a lazy response. */
function genuineOf(from: Provenance): FetchResponse {
  // A body that has arrived whole could not be aborted later.
  const heldBytes = from.signal === undefined ? HELD_BYTES : -1;
  const content = from.wire.body.used ? "" : contentOf(from, undefined, heldBytes);
  return genuine(content, undefined, from);
}

function lazyResponse(from: Provenance): FetchResponse {
  const { signal, wire } = from;
  const { body } = wire;
  const response = new LazyResponse(from, genuineOf);
  if (!body.ended || body.limit !== Infinity) body.translate = errorsOf(signal);
  if (!body.ended) watchUnclaimed(response, body);
  // It is the `Response` of Node, which may have fewer members than that of the runtime whose types are in use.
  return response as unknown as FetchResponse;
}

/**
 * The fields are added to the headers that a new response has: all of them given to its constructor cost 3 µs more on
 * Deno 2.9, and 0.3 µs on Bun 1.4.
 */
function genuine(
  content: string | Uint8Array | ReadableStream<Uint8Array> | null,
  decoding: Decoding | undefined,
  from: Provenance,
  memo?: ResponseMemo,
): FetchResponse {
  const { status, text } = from.wire.head;
  const streamed = content === null || content instanceof ReadableStream;
  const direct = decoding === undefined && content !== null && streamed;
  const like = memo?.of(status, text, !streamed);
  const init = like?.init ?? { status, statusText: reasonOf(text) };
  const response = newFetchResponse(content as BodyInit | null, init, from, direct);
  // The constructor has copied them (Fetch §5.2, "extract a body").
  if (content instanceof Uint8Array) from.wire.body.takeBack();
  // The headers are asked for only where they must be changed: on Bun 1.4 their object costs 90 ns.
  // The constructor adds a content type to a string, if it is given none.
  if (typeof content === "string" && like?.hasType !== true) response.headers.delete("content-type");
  if (like === undefined || like.rest.length > 0) addRest(like, text, response.headers);
  if (like === undefined && !streamed && from.wire.head.transferEncoding !== undefined)
    response.headers.delete(FRAMING);
  if (decoding !== undefined) for (const name of DESCRIBES_CODING) response.headers.delete(name);
  return response;
}

/** Adds the fields that the constructor was not given. */
function addRest(like: Like | undefined, text: string, headers: Headers): void {
  if (like === undefined) addFields(text, headers);
  else for (const [name, value] of like.rest) headers.append(name, value);
}

/** Fields that are no longer true of a decoded body, and would break a server that passes the response on. */
const DESCRIBES_CODING = ["content-encoding", "content-length"] as const;

/** Bytes up to which copying a body that has arrived costs less than making a stream of it, where the transport knows no better. */
export const HELD_BYTES = 4096;

/** @param heldBytes The largest body that is not made a stream. Its bytes are lent until they are in the response. */
function contentOf(
  from: Provenance,
  decoding: Decoding | undefined,
  heldBytes: number,
): string | Uint8Array | ReadableStream<Uint8Array> {
  const { signal, wire, byteStreams } = from;
  const { body } = wire;
  if (decoding === undefined && body.unreadBytes <= heldBytes) return body.lendContent() ?? "";
  if (body.ended && decoding !== undefined) {
    const content = body.takeContent() ?? "";
    const whole = typeof content === "string" ? asciiBytes(content) : content;
    return whole.length === 0 ? whole : decodedWhole(from, whole, decoding);
  }
  let lost: { readonly error: unknown } | undefined;
  const translate = (error: unknown) => {
    lost = { error: fetchError(error, signal) };
    return lost.error;
  };
  body.translate = translate;
  // A decoder may replace the error that ended its input by one of its own.
  const toError = (error: unknown) => (lost === undefined ? decodeError(wire, error) : lost.error);
  const stream = decoding === undefined ? body.unread(byteStreams) : decodedAsRead(from, decoding, toError);
  if (!body.ended) watchUnclaimed(stream, body);
  if (signal !== undefined && decoding === undefined) watchBody(signal, stream, body);
  return stream;
}

function decodedAsRead(
  { signal, wire, byteStreams }: Provenance,
  decoding: Decoding,
  toError: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  const { body } = wire;
  const onCancel = () => body.discard();
  return decodeStream(body.stream(), decoding, toError, { byteStreams, signal, onCancel });
}

function decodedWhole(
  { wire, byteStreams, signal }: Provenance,
  whole: Uint8Array,
  decoding: Decoding,
): Uint8Array | ReadableStream<Uint8Array> {
  const toError = (cause: unknown) => decodeError(wire, cause);
  try {
    return (
      decodeWhole(whole, decoding) ??
      decodeStream(streamOf(whole), decoding, toError, { byteStreams, signal })
    );
  } catch (cause) {
    return brokenStream(toError(cause));
  }
}

function decodingFor(wire: WireResponse, find: FindDecoder): Decoding | undefined {
  try {
    return decodingOf(headFields(wire.head.text).get("content-encoding"), find);
  } catch (cause) {
    throw decodeError(wire, cause);
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** A body that fails when it is read, but not when it is cancelled: as one that arrives after its head. */
function brokenStream(error: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.error(error) }, { highWaterMark: 0 });
}
