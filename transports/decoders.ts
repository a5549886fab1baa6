/**
 * Decoders of content codings by `node:zlib`, which Node, Deno and Bun have: gzip, deflate in both formats, br, and zstd
 * where it is built in (not on Node 20). Truncated data is an error, but gzip may lack its trailer.
 */

import type { ContentDecoder } from "../src/contract/transport.ts";
import { builtInVersion, requireBuiltin } from "./builtins.ts";
import { CHUNK_BYTES, charge, decodableNow } from "./decoder-budget.ts";
import { decoderStream, truncatedError, type ZlibStream } from "./decoder-stream.ts";
import { inflatedWithoutTrailer, KeptInput } from "./gzip-trailer.ts";
import { ZstdFrames } from "./zstd-frames.ts";

/** Options of `node:zlib`. Beyond `maxOutputLength`, decoding at once throws `ERR_BUFFER_TOO_LARGE`. */
interface EngineOptions {
  readonly chunkSize?: number;
  readonly maxOutputLength?: number;
  readonly params?: Readonly<Record<number, number>>;
}

/** The part of `node:zlib` that is used. */
interface Zlib {
  gunzipSync(bytes: Uint8Array, options: EngineOptions): Uint8Array;
  inflateSync(bytes: Uint8Array, options: EngineOptions): Uint8Array;
  inflateRawSync(bytes: Uint8Array, options: EngineOptions): Uint8Array;
  brotliDecompressSync(bytes: Uint8Array, options: EngineOptions): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array, options: EngineOptions): Uint8Array;
  createGunzip(options: EngineOptions): ZlibStream;
  createInflate(options: EngineOptions): ZlibStream;
  createInflateRaw(options: EngineOptions): ZlibStream;
  createBrotliDecompress(options: EngineOptions): ZlibStream;
  createZstdDecompress(options: EngineOptions): ZlibStream;
}

/** How one content coding is decoded. Both functions see the first bytes, which tell the formats of deflate apart. */
interface Coding {
  /** Decodes a whole body. If it is absent or returns `undefined`, the body must be decoded as a stream. */
  readonly whole:
    | ((zlib: Zlib, bytes: Uint8Array, options: EngineOptions) => Uint8Array | undefined)
    | undefined;
  stream(zlib: Zlib, first: Uint8Array): ZlibStream;
  frames?(): ZstdFrames;
  kept?(zlib: Zlib): KeptInput;
  readonly probed?: boolean;
}

const STREAMED: EngineOptions = { chunkSize: CHUNK_BYTES };

const GZIP: Coding = {
  whole(zlib, bytes, options) {
    try {
      return zlib.gunzipSync(bytes, options);
    } catch (error) {
      return inflatedWithoutTrailer(zlib, bytes, error, options);
    }
  },
  stream: (zlib) => zlib.createGunzip(STREAMED),
  kept: (zlib) => new KeptInput(zlib),
};

/** "deflate" means the zlib format (RFC 9110 §8.4.1.2), but some servers send raw deflate data. A zlib header says 8. */
const DEFLATE: Coding = {
  whole: (zlib, bytes, options) =>
    hasZlibHeader(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options),
  stream: (zlib, first) =>
    hasZlibHeader(first) ? zlib.createInflate(STREAMED) : zlib.createInflateRaw(STREAMED),
};

/** Windows over 16 MiB are refused: they would need the parameter `LARGE_WINDOW`. */
const BROTLI: Coding = {
  whole: (zlib, bytes, options) => zlib.brotliDecompressSync(bytes, options),
  stream: (zlib) => zlib.createBrotliDecompress(STREAMED),
};

/**
 * Deno 2.9's `node:zlib` accepts truncated br data as complete. When it decodes at once, it accepts even invalid data. Its
 * `DecompressionStream` detects both, but gives a body of any size as one chunk and delays flushed data.
 */
const DENO_BROTLI: Coding = { ...BROTLI, whole: undefined, probed: true };

function hasZlibHeader(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 0x0f) === 8;
}

/** `ZSTD_d_windowLogMax`: 8 MiB, the largest window that this content coding may use (RFC 9659 §3). */
const ZSTD_PARAMS = { params: { 100: 23 } };

const ZSTD: Coding = {
  whole(zlib, bytes, options) {
    const frames = new ZstdFrames();
    const end = frames.push(bytes, 0);
    if (!frames.complete && end === bytes.length) throw truncatedError();
    return end < bytes.length ? undefined : zlib.zstdDecompressSync(bytes, { ...options, ...ZSTD_PARAMS });
  },
  stream: (zlib) => zlib.createZstdDecompress({ ...STREAMED, ...ZSTD_PARAMS }),
  frames: () => new ZstdFrames(),
};

function codingOf(name: string): Coding | undefined {
  switch (name) {
    case "gzip":
    case "x-gzip":
      return GZIP;
    case "deflate":
      return DEFLATE;
    case "br":
      return "Deno" in globalThis ? DENO_BROTLI : BROTLI;
    case "zstd":
      return hasZstd() ? ZSTD : undefined;
    default:
      return undefined;
  }
}

/** Called before the first `fetch`, so it avoids loading `node:zlib` if it can. */
function hasZstd(): boolean {
  return "Deno" in globalThis || builtInVersion("zstd") !== undefined || "zstdDecompressSync" in zlib();
}

function zlib(): Zlib {
  return requireBuiltin<Zlib>("node:zlib");
}

/** The decoder of a content coding, or `undefined` if this runtime has none. An empty body decodes to an empty body. */
export function zlibDecoder(name: string): ContentDecoder | undefined {
  const coding = codingOf(name);
  if (coding === undefined) return undefined;
  return {
    whole:
      coding.whole && ((bytes, limit) => (bytes.length === 0 ? bytes : decodedAtOnce(coding, bytes, limit))),
    stream: () =>
      decoderStream({
        start: (first) => coding.stream(zlib(), first),
        frames: coding.frames?.(),
        kept: coding.kept?.(zlib()),
        probed: coding.probed === true,
      }),
  };
}

/** A body that is too large to decode at once is recognised only by decoding up to the limit, so that is charged too. */
function decodedAtOnce(coding: Coding, bytes: Uint8Array, limit: number): Uint8Array | undefined {
  const maxOutputLength = decodableNow(limit);
  if (bytes.length > maxOutputLength) return undefined;
  try {
    const whole = coding.whole?.(zlib(), bytes, { maxOutputLength });
    charge(whole?.length ?? 0);
    return whole;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_BUFFER_TOO_LARGE") throw error;
    charge(maxOutputLength);
    return undefined;
  }
}
