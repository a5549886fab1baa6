/**
 * Decode: removes content codings (RFC 9110 §8.4.1), as the standard's fetch does. Callers such as Hono's `proxy()`
 * rely on it.
 */

import type { ByteTransform, ContentDecoder, Transport } from "../contract/transport.ts";
import type { Abortable } from "../exchange/abort.ts";
import { type Controller, closeReadable, enqueuePiece } from "../exchange/body-stream.ts";
import { watchBody } from "./body-abort.ts";

/** Finds the decoder of a coding; `undefined` where there is none. */
export type FindDecoder = (coding: string) => ContentDecoder | undefined;

/** Codings on one body. Servers apply one or two; more than this are an attack on the memory. */
const MAX_CODINGS = 5;

/**
 * The codings that `Accept-Encoding` lists, in this order, where the runtime can decode them. Without TLS the newer ones are
 * not offered, as in browsers and Node's fetch: devices on the way that scan or change bodies do not know them.
 */
const OFFERED = { http: ["gzip", "deflate"], https: ["gzip", "deflate", "br", "zstd"] } as const;

/** The decoders that a body must pass, one after the other. */
export type Decoding = readonly ContentDecoder[];

/** The decoders of a transport, or the portable ones where it has none of its own. */
export function decodersOf(transport: Transport): FindDecoder {
  return transport.decoder ?? portableDecoder;
}

/** The value of `Accept-Encoding` for requests of a scheme. Any coding that can be decoded is, offered or not. */
export function acceptEncoding(find: FindDecoder, scheme: keyof typeof OFFERED): string {
  return OFFERED[scheme].filter((coding) => find(coding) !== undefined).join(", ");
}

/**
 * The decoders for a `Content-Encoding` value, last coding first; `undefined` when there is nothing to decode or one of
 * the codings is not known.
 *
 * @throws {TypeError} for too many codings.
 */
export function decodingOf(value: string | null, find: FindDecoder): Decoding | undefined {
  if (value === null) return undefined;
  const codings = value
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "identity" && coding !== "");
  if (codings.length > MAX_CODINGS) {
    throw new TypeError(`Content-Encoding has ${codings.length} codings: at most ${MAX_CODINGS} are decoded`);
  }
  const decoders = codings.map(find).reverse();
  if (decoders.length === 0 || decoders.includes(undefined)) return undefined;
  return decoders as ContentDecoder[];
}

/** Bytes decoded at a time: with deflate, at most 1,032 times as many come out. */
const PORTABLE_INPUT = 512;

/**
 * Decodes with `DecompressionStream`, which every runtime has. It has no synchronous form, so whole bodies are streamed
 * too. Deno's gives everything that one chunk decodes to as one chunk, so its input comes in small pieces.
 */
function portableDecoder(coding: string): ContentDecoder | undefined {
  if (coding !== "gzip" && coding !== "deflate") return undefined;
  return { whole: undefined, stream: () => inSmallPieces(new DecompressionStream(coding)) };
}

function inSmallPieces({ readable, writable }: DecompressionStream): ByteTransform {
  const writer = writable.getWriter();
  return {
    readable: readable as ReadableStream<Uint8Array>,
    writable: new WritableStream<Uint8Array>({
      async write(chunk) {
        for (let at = 0; at < chunk.length; at += PORTABLE_INPUT) {
          await writer.ready;
          await writer.write(chunk.slice(at, at + PORTABLE_INPUT) as Uint8Array<ArrayBuffer>);
        }
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    }),
  };
}

/** Decoded size up to which a whole body is decoded before anybody reads it; a larger one waits for its reader. */
const MAX_UNREAD = 262_144;

/**
 * Decodes a whole body at once; `undefined` where a decoder cannot, or the decoded body is large.
 *
 * @throws what the decoder throws on malformed input.
 */
export function decodeWhole(bytes: Uint8Array, decoding: Decoding): Uint8Array | undefined {
  let decoded = bytes;
  for (const { whole } of decoding) {
    const next = whole?.(decoded, MAX_UNREAD);
    if (next === undefined) return undefined;
    decoded = next;
  }
  return decoded;
}

/** Largest chunk that readers get; decoders may give larger ones. */
const MAX_CHUNK = 65_536;

/** What a stream of decoded bytes is like. */
interface DecodedStream {
  readonly byteStreams: boolean;
  /** Ends the stream, until all of it has been read: what is decoded last comes long after the body has arrived. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the reader cancels: some decoders cancel their own input only when more of it comes. */
  readonly onCancel?: () => void;
}

/**
 * Decodes a body as it is read; nothing is decoded before.
 *
 * @param toError Makes the error that readers get from the error of a decoder.
 */
export function decodeStream(
  body: ReadableStream<Uint8Array>,
  decoding: Decoding,
  toError: (error: unknown) => unknown,
  { byteStreams, signal, onCancel }: DecodedStream,
): ReadableStream<Uint8Array> {
  const decoded = new DecodedBody(body, decoding, toError);
  const source = {
    start: (controller: Controller) => decoded.opened(controller),
    pull: (controller: Controller) => decoded.pulled(controller),
    cancel(reason: unknown): Promise<void> {
      const cancelled = decoded.cancel(reason);
      onCancel?.();
      return cancelled;
    },
  };
  const strategy = { highWaterMark: 0 };
  const stream: ReadableStream<Uint8Array> = byteStreams
    ? new ReadableStream({ ...source, type: "bytes" }, strategy)
    : new ReadableStream(source, strategy);
  if (signal !== undefined) watchBody(signal, stream, decoded);
  return stream;
}

/** What a stream of decoded bytes reads. */
class DecodedBody implements Abortable {
  onSpent: (() => void) | undefined = undefined;
  readonly #body: ReadableStream<Uint8Array>;
  readonly #decoding: Decoding;
  readonly #toError: (error: unknown) => unknown;
  #controller: Controller | undefined = undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined = undefined;
  /** Decoded, and not passed on yet. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(body: ReadableStream<Uint8Array>, decoding: Decoding, toError: (error: unknown) => unknown) {
    this.#body = body;
    this.#decoding = decoding;
    this.#toError = toError;
  }

  opened(controller: Controller): void {
    this.#controller = controller;
  }

  async pulled(controller: Controller): Promise<void> {
    const value = this.#rest.length > 0 ? this.#rest : await this.#decodeMore();
    // Aborted meanwhile.
    if (this.#controller === undefined) return;
    if (value === undefined) {
      this.#spent();
      return closeReadable(controller);
    }
    this.#rest = value.subarray(MAX_CHUNK);
    enqueuePiece(controller, ownPiece(value, MAX_CHUNK));
  }

  async #decodeMore(): Promise<Uint8Array | undefined> {
    this.#reader ??= this.#decoding
      .reduce((stream, decoder) => stream.pipeThrough(decoder.stream()), this.#body)
      .getReader();
    for (;;) {
      const { done, value } = await this.#reader.read().catch((error) => this.#failed(error));
      // A byte stream refuses an empty piece.
      if (done || value.length > 0) return value;
    }
  }

  #failed(error: unknown): Promise<never> {
    this.#spent();
    return Promise.reject(this.#toError(error));
  }

  cancel(reason: unknown): Promise<void> {
    this.#spent();
    return (this.#reader ?? this.#body).cancel(reason);
  }

  abort(reason: unknown): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#spent();
    controller.error(reason);
    // Later: the exchange has the same signal, and a body that still arrives must fail by that, and not as one that is not wanted.
    queueMicrotask(() => (this.#reader ?? this.#body).cancel(reason).catch(() => {}));
  }

  /** There is nothing left to read. */
  #spent(): void {
    const { onSpent } = this;
    this.#controller = undefined;
    this.#rest = new Uint8Array(0);
    this.onSpent = undefined;
    onSpent?.();
  }
}

/**
 * The first `most` bytes, in a buffer that nothing else uses: readers may transfer it, and Node's `DecompressionStream`
 * gives views of a buffer into which it goes on decoding.
 */
function ownPiece(bytes: Uint8Array, most: number): Uint8Array {
  const { buffer, byteLength } = bytes;
  const isOwn = byteLength <= most && byteLength === buffer.byteLength;
  return isOwn ? bytes : new Uint8Array(bytes.subarray(0, most));
}
