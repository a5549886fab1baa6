/**
 * Decode: removes content codings (RFC 9110 §8.4.1), because the standard's fetch does and callers such as Hono's
 * `proxy()` rely on it.
 */

import type { ContentDecoder, Transport } from "../contract/transport.ts";

/** Finds the decoder of one coding, or `undefined`. */
export type FindDecoder = (coding: string) => ContentDecoder | undefined;

/** More codings than this on one body are an attack, not a wish. */
const MAX_CODINGS = 5;

/** Offered in this order, as far as the runtime has them. */
const OFFERED = ["gzip", "deflate", "br", "zstd"] as const;

/** How a body must be decoded: by each decoder in turn. */
export type Decoding = readonly ContentDecoder[];

/** The decoders of a transport, or the portable ones where it lends none. */
export function decodersOf(transport: Transport): FindDecoder {
  return transport.decoder ?? portableDecoder;
}

/** The `Accept-Encoding` to send: what can be decoded. */
export function acceptEncoding(find: FindDecoder): string {
  return OFFERED.filter((coding) => find(coding) !== undefined).join(", ");
}

/** The decoders for a `Content-Encoding` value, last coding first; `undefined` when one is not known. */
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

/** Input that is decoded at a time: deflate makes at most 1,032 times as much of it. */
const PORTABLE_INPUT = 512;

/**
 * `DecompressionStream` as every runtime has it. It cannot decode at once, so whole bodies are streamed too; and Deno's
 * gives all that a chunk decodes to as one, so chunks are small.
 */
function portableDecoder(coding: string): ContentDecoder | undefined {
  if (coding !== "gzip" && coding !== "deflate") return undefined;
  return { whole: undefined, stream: () => inSmallPieces(new DecompressionStream(coding)) };
}

function inSmallPieces({ readable, writable }: DecompressionStream): Coded {
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

type Coded = ReadableWritablePair<Uint8Array, Uint8Array>;

/** Up to here a whole body is decoded at once, though nobody reads yet; one that is larger waits for its reader. */
const AT_ONCE = 262_144;

/** Decodes a whole body at once, where every decoder can and it is not large. Throws on malformed input. */
export function decodeWhole(bytes: Uint8Array, decoding: Decoding): Uint8Array | undefined {
  let decoded = bytes;
  for (const { whole } of decoding) {
    const next = whole?.(decoded, AT_ONCE);
    if (next === undefined) return undefined;
    decoded = next;
  }
  return decoded;
}

/** Largest chunk that readers get, whatever a decoder gives. */
const CHUNK = 65_536;

/**
 * Decodes a body as it is read, and nothing of it before. `explain` makes the error that readers get of one that the
 * decoders give. `left` is called when nobody wants the rest: not every decoder tells its input before more of it comes.
 */
export function decodeStream(
  body: ReadableStream<Uint8Array>,
  decoding: Decoding,
  explain: (error: unknown) => unknown,
  left: () => void,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let rest = new Uint8Array(0);
  const more = async (): Promise<Uint8Array | undefined> => {
    reader ??= decoding.reduce((stream, decoder) => stream.pipeThrough(decoder.stream()), body).getReader();
    const { done, value } = await reader.read().catch((error) => Promise.reject(explain(error)));
    return done ? undefined : value;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const value = rest.length > 0 ? rest : await more();
        if (value === undefined) return controller.close();
        const isLarge = value.length > CHUNK;
        rest = (isLarge ? value.subarray(CHUNK) : value.subarray(0, 0)) as Uint8Array<ArrayBuffer>;
        controller.enqueue(isLarge ? value.slice(0, CHUNK) : value);
      },
      cancel(reason) {
        const leaving = (reader ?? body).cancel(reason);
        left();
        return leaving;
      },
    },
    { highWaterMark: 0 },
  );
}
