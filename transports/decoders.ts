/**
 * Content codings by `node:zlib`, which Node, Deno and Bun all have: gzip, deflate in both its forms, br, and
 * zstd where it is built in (not on Node 20). Data that was cut short fails.
 */

import type { ContentDecoder } from "../src/contract/transport.ts";
import { builtInVersion, requireBuiltin } from "./builtins.ts";
import { CHUNK_BYTES, charge, decodableNow } from "./decoder-budget.ts";
import { cutShort, decoderStream, type ZlibStream } from "./decoder-stream.ts";
import { ZstdFrames } from "./zstd-frames.ts";

/** Options of an engine. `maxOutputLength`: of decoding at once; beyond it an error says `ERR_BUFFER_TOO_LARGE`. */
interface EngineOptions {
  readonly chunkSize?: number;
  readonly maxOutputLength?: number;
  readonly params?: Readonly<Record<number, number>>;
}

/** The slice of `node:zlib` that is used. */
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

/** How one coding is undone. The first bytes are shown to both, for deflate. */
interface Coding {
  /** Absent, or answers `undefined`: only as a stream. */
  readonly whole:
    | ((zlib: Zlib, bytes: Uint8Array, options: EngineOptions) => Uint8Array | undefined)
    | undefined;
  engine(zlib: Zlib, first: Uint8Array): ZlibStream;
  frames?(): ZstdFrames;
  readonly probed?: boolean;
}

const STREAMED: EngineOptions = { chunkSize: CHUNK_BYTES };

const GZIP: Coding = {
  whole: (zlib, bytes, options) => zlib.gunzipSync(bytes, options),
  engine: (zlib) => zlib.createGunzip(STREAMED),
};

/** "deflate" means the zlib format (RFC 9110 §8.4.1.2), yet some servers send it bare: a zlib header says 8. */
const DEFLATE: Coding = {
  whole: (zlib, bytes, options) =>
    hasZlibHeader(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options),
  engine: (zlib, first) =>
    hasZlibHeader(first) ? zlib.createInflate(STREAMED) : zlib.createInflateRaw(STREAMED),
};

/** A window of more than 16 MiB would need a parameter that is not set (`LARGE_WINDOW`). */
const BROTLI: Coding = {
  whole: (zlib, bytes, options) => zlib.brotliDecompressSync(bytes, options),
  engine: (zlib) => zlib.createBrotliDecompress(STREAMED),
};

/**
 * Deno 2.9's `node:zlib` takes br that was cut short for complete, and gives what it has; decoding at once, it takes even
 * what is no br for complete. Its `DecompressionStream` does not, but gives a body of any size as one chunk, and holds
 * back what was flushed.
 */
const DENO_BROTLI: Coding = { ...BROTLI, whole: undefined, probed: true };

function hasZlibHeader(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 0x0f) === 8;
}

/** `ZSTD_d_windowLogMax`: 8 MiB, more than which this content coding must not use (RFC 9659 §3). */
const ZSTD_PARAMS = { params: { 100: 23 } };

const ZSTD: Coding = {
  whole(zlib, bytes, options) {
    const frames = new ZstdFrames();
    const end = frames.push(bytes, 0);
    if (!frames.complete && end === bytes.length) throw cutShort();
    return end < bytes.length ? undefined : zlib.zstdDecompressSync(bytes, { ...options, ...ZSTD_PARAMS });
  },
  engine: (zlib) => zlib.createZstdDecompress({ ...STREAMED, ...ZSTD_PARAMS }),
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

/** Which codings there are is asked before the first `fetch`: where it can be told without the module, it is. */
function hasZstd(): boolean {
  return "Deno" in globalThis || builtInVersion("zstd") !== undefined || "zstdDecompressSync" in zlib();
}

function zlib(): Zlib {
  return requireBuiltin<Zlib>("node:zlib");
}

/** Decoder for a content coding, or `undefined` if this runtime has none. An empty body decodes to nothing. */
export function zlibDecoder(name: string): ContentDecoder | undefined {
  const coding = codingOf(name);
  if (coding === undefined) return undefined;
  return {
    whole:
      coding.whole && ((bytes, limit) => (bytes.length === 0 ? bytes : decodedAtOnce(coding, bytes, limit))),
    stream: () =>
      decoderStream({
        start: (first) => coding.engine(zlib(), first),
        frames: coding.frames?.(),
        probed: coding.probed === true,
      }),
  };
}

/** What decodes to more than may be is found out by decoding so much of it, which is counted. */
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
