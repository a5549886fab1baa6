/** Pool response: what `pool.request()` resolves to. */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { WireResponse } from "../exchange/message.ts";
import type { ResponseBody } from "../exchange/response-body.ts";
import { type Fields, headFields, reasonOf, trailerFields } from "../http1/parse/fields.ts";
import { connectionInfo } from "../pool/connection.ts";
import { watchUnclaimed } from "./unclaimed.ts";

/**
 * The body of a response that a gateway passes on: whole if it has arrived, so that no stream is made of it, else as a
 * stream. When that is cancelled, the exchange ends at once: its client has gone, and nothing lingers for it.
 */
export let passedOn: (response: PoolResponse) => string | Uint8Array | ReadableStream<Uint8Array>;

/** The body as it came from the wire. */
export let wireBodyOf: (response: PoolResponse) => ResponseBody;

/** The response of `pool.request()`. Its body is read once, in one of its forms, or discarded. */
export class PoolResponse {
  /** As the server sent it, of three digits. */
  readonly status: number;
  readonly #response: WireResponse;
  #headers: Fields | undefined;
  #stream: ReadableStream<Uint8Array> | undefined;

  /** Made by the pool. */
  constructor(response: WireResponse) {
    this.status = response.head.status;
    this.#response = response;
    if (!response.body.ended) watchUnclaimed(this, response.body);
  }

  static {
    passedOn = (response) => {
      const { body } = response.#response;
      if (body.ended) return body.takeContent() ?? "";
      body.endsAtOnce = true;
      return response.body;
    };
    wireBodyOf = (response) => response.#response.body;
  }

  /** The reason phrase. It is often empty, and never has a meaning of its own (RFC 9112 §4). */
  get statusText(): string {
    return reasonOf(this.#response.head.text);
  }

  /** Header fields, decoded on first access. */
  get headers(): Fields {
    this.#headers ??= headFields(this.#response.head.text);
    return this.#headers;
  }

  /** Trailer fields; empty until the body has been read to its end. */
  get trailers(): [name: string, value: string][] {
    return trailerFields(this.#response.trailers);
  }

  /** The connection that the response came on. */
  get connection(): ConnectionInfo {
    return connectionInfo(this.#response.lease);
  }

  /** How often the request was sent again before this response (OpenTelemetry: `http.request.resend_count`). */
  get resendCount(): number {
    return this.#response.resendCount;
  }

  /** The body as it arrives, with backpressure, its content coding untouched. The same stream on each access. */
  get body(): ReadableStream<Uint8Array> {
    this.#stream ??= watchedStream(this.#response.body);
    return this.#stream;
  }

  /** The whole body. */
  bytes(): Promise<Uint8Array> {
    return this.#response.body.bytes();
  }

  /** The whole body as UTF-8 text, without a byte order mark. */
  text(): Promise<string> {
    return this.#response.body.text();
  }

  /** The whole body, parsed as JSON. */
  json(): Promise<unknown> {
    return this.text().then(JSON.parse);
  }

  /**
   * Gives up the rest of the body. The connection is kept if the rest is at most 64 KiB and comes within a second, or
   * within 100 ms where its length is not known. Otherwise it is closed, and at once if another request needs the room.
   */
  discard(): void {
    this.#response.body.discard();
  }
}

/** The stream is watched like the response, because a program may keep it and let go of the response. */
function watchedStream(body: ResponseBody): ReadableStream<Uint8Array> {
  const stream = body.stream();
  if (!body.ended) watchUnclaimed(stream, body);
  return stream;
}
