/**
 * Response: a genuine `Response` of the runtime. Status, headers and body stand in its internal slots, because
 * Deno.serve, Bun.serve and workerd send those and nothing else; only what a constructor cannot set is added.
 */

import { type ConnectionInfo, HoldfastError, ProtocolError } from "../errors.ts";
import { headFields, reasonOf } from "../http1/fields.ts";
import type { WireResponse } from "../http1/message.ts";
import { connectionInfo } from "../pool/connection.ts";
import { type Decoding, decodeStream, decodeWhole, decodingOf, type FindDecoder } from "./decode.ts";
import { watchDropped } from "./dropped.ts";
import { fetchError } from "./fetch-error.ts";

/** What a constructor cannot set. */
interface Provenance {
  readonly url: string;
  readonly redirected: boolean;
  readonly wire: WireResponse;
}

/** The `Response` of `pool.fetch()`. */
export class FetchResponse extends Response {
  readonly #from: Provenance;

  /** Made by the pool. */
  constructor(body: BodyInit | null, init: ResponseInit, from: Provenance) {
    super(body, init);
    this.#from = from;
  }

  /** The URL that answered, after redirects, without a fragment. */
  override get url(): string {
    return this.#from.url;
  }

  /** Whether it is the answer to a redirected request. */
  override get redirected(): boolean {
    return this.#from.redirected;
  }

  /** The connection it came on. */
  get connection(): ConnectionInfo {
    return connectionInfo(this.#from.wire.lease);
  }

  /** Times the request was sent again before this answer. */
  get resendCount(): number {
    return this.#from.wire.resendCount;
  }

  override clone(): FetchResponse {
    const { body, status, statusText, headers } = super.clone();
    return new FetchResponse(body, { status, statusText, headers }, this.#from);
  }
}

/** Statuses whose `Response` must not have a body, not even an empty one. */
const NULL_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** How the message became a response. */
export interface ResponseContext {
  readonly url: string;
  readonly redirected: boolean;
  readonly method: string;
  readonly findDecoder: FindDecoder;
  readonly signal: AbortSignal | undefined;
}

/** The largest status that a `Response` can have, and that means anything (RFC 9110 §15). */
const MAX_STATUS = 599;

/**
 * The response of the runtime for a message off the wire.
 *
 * @throws {TypeError} with a {@linkcode HoldfastError} as its `cause`, when it cannot be made a `Response`.
 */
export function fetchResponse(wire: WireResponse, context: ResponseContext): FetchResponse {
  const { head, body } = wire;
  const { url, redirected, method, findDecoder, signal } = context;
  if (head.status > MAX_STATUS) throw statusError(wire);
  const fields = headFields(head.text);
  const bodiless = method === "HEAD" || NULL_BODY.has(head.status);
  const decoding = bodiless ? undefined : decodingFor(wire, fields.get("content-encoding"), findDecoder);
  const headers = [...fields].filter(([name]) => decoding === undefined || !DESCRIBES_CODING.has(name));
  const init = {
    status: head.status,
    statusText: reasonOf(head.text),
    headers: headers as [string, string][],
  };
  const content = bodiless ? null : contentOf(wire, decoding, signal);
  if (NULL_BODY.has(head.status) && !body.ended) body.discard();
  const response = new FetchResponse(content as BodyInit | null, init, { url, redirected, wire });
  if (!body.ended) watchDropped(response, body);
  return response;
}

/** Fields that would be untrue of a decoded body, and break whoever passes the response on. */
const DESCRIBES_CODING: ReadonlySet<string> = new Set(["content-encoding", "content-length"]);

function contentOf(
  wire: WireResponse,
  decoding: Decoding | undefined,
  signal: AbortSignal | undefined,
): Uint8Array | ReadableStream<Uint8Array> {
  const { body } = wire;
  const whole = body.takeWhole();
  if (whole !== undefined)
    return decoding === undefined || whole.length === 0 ? whole : decodedWhole(wire, whole, decoding);
  let lost: { readonly error: unknown } | undefined;
  body.translate = (error) => {
    lost = { error: fetchError(error, signal) };
    return lost.error;
  };
  if (decoding === undefined) return body.stream();
  // A decoder may put an error of its own in the place of the one that ended its input.
  return decodeStream(body.stream(), decoding, (error) =>
    lost === undefined ? decodeError(wire, error) : lost.error,
  );
}

function decodedWhole(
  wire: WireResponse,
  whole: Uint8Array,
  decoding: Decoding,
): Uint8Array | ReadableStream<Uint8Array> {
  const explain = (cause: unknown) => decodeError(wire, cause);
  try {
    return decodeWhole(whole, decoding) ?? decodeStream(streamOf(whole), decoding, explain);
  } catch (cause) {
    return brokenStream(explain(cause));
  }
}

function decodingFor(wire: WireResponse, value: string | null, find: FindDecoder): Decoding | undefined {
  try {
    return decodingOf(value, find);
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

/** A body that fails when it is read, as one that breaks in the middle would. */
function brokenStream(error: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.error(error) });
}

function decodeError(wire: WireResponse, cause: unknown): TypeError {
  const connection = connectionInfo(wire.lease);
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `The response body could not be decoded: ${why}`;
  const facts = {
    code: "ERR_DECODE",
    phase: "body",
    sent: "full",
    retriable: false,
    connection,
    message,
    cause,
  } as const;
  return new TypeError(message, { cause: new HoldfastError(facts) });
}

function statusError(wire: WireResponse): TypeError {
  const connection = connectionInfo(wire.lease);
  const message = `The response has the status ${wire.head.status}, which means nothing (RFC 9110 §15)`;
  const facts = { phase: "headers", sent: "full", retriable: false, connection, message } as const;
  return new TypeError(message, { cause: new ProtocolError("remote", "bad-status-line", facts) });
}
