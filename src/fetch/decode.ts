/**
 * Decode: removes content codings (RFC 9110 §8.4.1), because the standard's fetch does and callers such as Hono's
 * `proxy()` rely on it.
 */

import type { ContentDecoder, Transport } from "../transport.ts";

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
  const codings = value.split(",").map((coding) => coding.trim().toLowerCase());
  if (codings.length > MAX_CODINGS) {
    throw new TypeError(`Content-Encoding has ${codings.length} codings: at most ${MAX_CODINGS} are decoded`);
  }
  const decoders = codings
    .filter((coding) => coding !== "identity" && coding !== "")
    .map(find)
    .reverse();
  if (decoders.length === 0 || decoders.includes(undefined)) return undefined;
  return decoders as ContentDecoder[];
}

/** `DecompressionStream` as every runtime has it. It cannot decode at once, so whole bodies are streamed too. */
function portableDecoder(coding: string): ContentDecoder | undefined {
  if (coding !== "gzip" && coding !== "deflate") return undefined;
  return {
    whole: undefined,
    stream: () => new DecompressionStream(coding) as unknown as ReadableWritablePair<Uint8Array, Uint8Array>,
  };
}

/** Decodes a whole body at once, where every decoder can. Throws on malformed input. */
export function decodeWhole(bytes: Uint8Array, decoding: Decoding): Uint8Array | undefined {
  let decoded = bytes;
  for (const { whole } of decoding) {
    if (whole === undefined) return undefined;
    decoded = whole(decoded);
  }
  return decoded;
}

/**
 * Decodes a body as it arrives. `explain` makes the error that readers get of one that the decoders give. `left` is called
 * when nobody wants the rest: decoders tell their input only once more of it comes.
 */
export function decodeStream(
  body: ReadableStream<Uint8Array>,
  decoding: Decoding,
  explain: (error: unknown) => unknown,
  left: () => void,
): ReadableStream<Uint8Array> {
  const decoded = decoding.reduce((stream, decoder) => stream.pipeThrough(decoder.stream()), body);
  const reader = decoded.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error) => Promise.reject(explain(error)));
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel(reason) {
        const leaving = reader.cancel(reason);
        left();
        return leaving;
      },
    },
    { highWaterMark: 0 },
  );
}
