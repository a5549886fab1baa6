/**
 * Gzip trailer: bodies without it. Some servers cut off the checksum and the size that follow gzip's data (RFC 1952 §2.3.1),
 * and browsers, curl and Node's fetch read their bodies all the same. Deflate data tell where they end (RFC 1951 §3.2.3), so
 * a body that lacks nothing else is told from one that was cut.
 */

/** The part of `node:zlib` that is used. */
interface RawInflate {
  inflateRawSync(bytes: Uint8Array, options: OutputLimit): Uint8Array;
}

interface OutputLimit {
  readonly maxOutputLength?: number;
}

const TRAILER_BYTES = 8;

/** The error code of data that end too early, on every runtime. */
const TRUNCATED = "Z_BUF_ERROR";

/** The flags of a header, and its length without the parts that these announce. */
const [FHCRC, FEXTRA, FNAME, FCOMMENT] = [2, 4, 8, 16];
const HEADER_BYTES = 10;

/** Decodes at once what a decoder of gzip has refused with `error`. @throws `error`, unless nothing but the trailer is missing. */
export function inflatedWithoutTrailer(
  zlib: RawInflate,
  bytes: Uint8Array,
  error: unknown,
  limit: OutputLimit,
): Uint8Array {
  if ((error as { code?: unknown }).code !== TRUNCATED) throw error;
  const start = dataStart(bytes);
  if (start === undefined) throw error;
  const inflated = (end: number): Uint8Array | undefined => {
    try {
      return zlib.inflateRawSync(bytes.subarray(start, end), limit);
    } catch {
      return undefined;
    }
  };
  const whole = inflated(bytes.length);
  // If the data end earlier, it is something after them that was cut: another member.
  if (whole === undefined || inflated(Math.max(start, bytes.length - TRAILER_BYTES)) !== undefined)
    throw error;
  return whole;
}

/** Where the data begin after the header of gzip (RFC 1952 §2.3). */
function dataStart(bytes: Uint8Array): number | undefined {
  const flags = bytes[3] ?? 0;
  let at = HEADER_BYTES;
  if (flags & FEXTRA) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const text of [FNAME, FCOMMENT]) {
    if (!(flags & text)) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if (flags & FHCRC) at += 2;
  return at < bytes.length ? at : undefined;
}

/** Coded bytes of a stream that are kept, and the most to which they are decoded to see whether they are complete. */
const MAX_KEPT = 65_536;
const MAX_INFLATED = { maxOutputLength: 262_144 };

/** What a stream has decoded so far, until it is too much: only then can be told what is missing at its end. */
export class KeptInput {
  readonly #zlib: RawInflate;
  #chunks: Uint8Array[] | undefined = [];
  #size = 0;

  constructor(zlib: RawInflate) {
    this.#zlib = zlib;
  }

  /** The next bytes, which nobody may change any more. */
  push(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > MAX_KEPT) this.#chunks = undefined;
    else this.#chunks?.push(chunk);
  }

  /** Whether all of it is kept. */
  get isWhole(): boolean {
    return this.#chunks !== undefined;
  }

  /** Whether a decoder that gave up with `error` has decoded all the data. */
  lacksTrailerOnly(error: unknown): boolean {
    if (this.#chunks === undefined) return false;
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    try {
      inflatedWithoutTrailer(this.#zlib, bytes, error, MAX_INFLATED);
      return true;
    } catch {
      return false;
    }
  }
}
