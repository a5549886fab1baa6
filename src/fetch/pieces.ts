/** Pieces: readers for every source that gives a body piece by piece: streams, async iterables, Blobs, and lists of these. */

import { cancelQuietly, type Piece, type PieceReader, silence } from "../exchange/request-body.ts";
import { lengthError } from "../http1/send/body-writer.ts";

/** A part of a longer body. */
export interface PartSource {
  /** In bytes; `undefined` where it is not known in advance. */
  readonly size: number | undefined;
  /** Whether reading it runs functions of the caller. */
  readonly foreign: boolean;
  open(): PieceReader;
  /** Reads it at once, where that runs no functions of the caller. */
  whole?(): Promise<Uint8Array>;
}

/** Bytes, or a source of bytes. */
export type Part = Uint8Array | PartSource;

/** The members of a Blob that are used. Libraries have Blob classes of their own. */
export interface BlobLike {
  readonly type: string;
  readonly size: number;
  stream?(): unknown;
  arrayBuffer?(): PromiseLike<ArrayBuffer>;
}

const encoder = new TextEncoder();

/** Bytes of a Blob read at a time. `Blob.stream()` gives each piece that the Blob was made of whole, even 150 MB (Node, Deno). */
const BLOB_PIECE = 262_144;

const EMPTY = new Uint8Array(0);
const DONE: Piece = { done: true };

/** Whether it is a stream, of any realm or library. */
export function isStream(source: unknown): source is ReadableStream<Uint8Array> {
  return typeof source === "object" && source !== null && "getReader" in source;
}

/** Whether it is an async iterable, as Node's streams and async generators are. */
export function isAsyncIterable(source: unknown): source is AsyncIterable<unknown> {
  return typeof source === "object" && source !== null && Symbol.asyncIterator in source;
}

/** A reader of a stream or an async iterable. @throws {TypeError} when it is neither. Errors of its own functions pass through. */
export function readerOf(source: unknown): PieceReader {
  if (isStream(source)) return source.getReader();
  if (isAsyncIterable(source)) return iteratorReader(source[Symbol.asyncIterator]());
  silence(source);
  throw new TypeError(`The request body must give a stream: got ${typeof source}`);
}

function iteratorReader(iterator: AsyncIterator<unknown>): PieceReader {
  return {
    async read() {
      const { done, value } = await iterator.next();
      return { done, value: typeof value === "string" ? encoder.encode(value) : value };
    },
    cancel: (reason) => iterator.return?.(reason),
  };
}

/** A Blob as a part of a body. */
export function blobPart(blob: BlobLike): PartSource {
  const { size: given } = blob;
  const size = Number.isFinite(given) ? given : undefined;
  if (!isNative(blob)) return { size, foreign: true, open: () => readerOfBlob(blob) };
  if (size === undefined) return { size, foreign: false, open: () => readerOfBlob(blob) };
  if (size > BLOB_PIECE) return { size, foreign: false, open: () => sliceReader(blob, size) };
  return new ShortBlob(blob, size);
}

/**
 * A Blob of the runtime that is read at once. A slice would have to be read as well as made: on Deno 2.9, 16 KiB take 130 µs, and
 * 64 without it.
 */
class ShortBlob implements PartSource {
  readonly size: number;
  readonly foreign = false;
  readonly #blob: Blob;

  constructor(blob: Blob, size: number) {
    this.#blob = blob;
    this.size = size;
  }

  /** `arrayBuffer()` costs half of what `bytes()` does on Node 24, and the same elsewhere. */
  async whole(): Promise<Uint8Array> {
    const { size } = this;
    const bytes = size === 0 ? EMPTY : new Uint8Array(await this.#blob.arrayBuffer());
    // A file may have changed since.
    if (bytes.length !== size) throw lengthError(size, `${bytes.length}`);
    return bytes;
  }

  open(): PieceReader {
    return onceReader(this.size, () => this.whole());
  }
}

/** A Blob of the runtime whose methods nobody replaced. */
function isNative(blob: unknown): blob is Blob {
  if (typeof Blob !== "function" || !(blob instanceof Blob)) return false;
  const { stream, slice, arrayBuffer } = Blob.prototype;
  return blob.stream === stream && blob.slice === slice && blob.arrayBuffer === arrayBuffer;
}

/** A reader of one piece. */
function onceReader(length: number, whole: () => Promise<Uint8Array>): PieceReader {
  let isRead = length === 0;
  return {
    async read() {
      if (isRead) return DONE;
      isRead = true;
      return { value: await whole() };
    },
    cancel() {
      isRead = true;
    },
  };
}

function sliceReader(blob: Blob, size: number): PieceReader {
  let at = 0;
  return {
    async read() {
      if (at >= size) return DONE;
      const start = at;
      at = Math.min(size, start + BLOB_PIECE);
      return { value: new Uint8Array(await blob.slice(start, at).arrayBuffer()) };
    },
    cancel() {
      at = size;
    },
  };
}

function readerOfBlob(blob: BlobLike): PieceReader {
  if (typeof blob.stream === "function") return readerOf(blob.stream());
  let read = false;
  return {
    async read() {
      if (read) return DONE;
      read = true;
      return { value: new Uint8Array((await blob.arrayBuffer?.()) ?? new ArrayBuffer(0)) };
    },
    cancel() {},
  };
}

/** The length of all parts together, where each is known. */
export function lengthOf(parts: readonly Part[]): number | undefined {
  let length = 0;
  for (const part of parts) {
    const size = part instanceof Uint8Array ? part.length : part.size;
    if (size === undefined) return undefined;
    length += size;
  }
  return length;
}

/** The longest body whose parts are joined. A copy of it costs less than the system calls of a write for each part. */
const JOINED = 65_536;

/** Reads one part after the other. A part is opened when its first piece is asked for. Short parts are given as one piece. */
export function partsReader(parts: readonly Part[]): PieceReader {
  const whole = wholeOf(parts);
  return whole === undefined ? new PartsReader(parts) : onceReader(lengthOf(parts) ?? 0, whole);
}

/**
 * Reads all parts at once. `undefined` where they are long, or of unknown length, or come from functions of the caller, who may
 * wait for his first piece to be sent.
 */
export function wholeOf(
  parts: readonly Part[],
  length: number | undefined = lengthOf(parts),
): (() => Promise<Uint8Array>) | undefined {
  if (length === undefined || length > JOINED) return undefined;
  for (const part of parts) if (!(part instanceof Uint8Array) && part.whole === undefined) return undefined;
  const [first] = parts;
  if (parts.length === 1 && first !== undefined && !(first instanceof Uint8Array))
    return () => first.whole?.() ?? Promise.resolve(EMPTY);
  return () => joined(parts, length);
}

async function joined(parts: readonly Part[], length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const reads: Promise<void>[] = [];
  let end = 0;
  for (const part of parts) {
    const at = end;
    end += part instanceof Uint8Array ? part.length : (part.size ?? 0);
    if (part instanceof Uint8Array) bytes.set(part, at);
    else if (part.whole !== undefined) reads.push(part.whole().then((read) => bytes.set(read, at)));
  }
  await Promise.all(reads);
  return bytes;
}

class PartsReader implements PieceReader {
  readonly #parts: readonly Part[];
  #next = 0;
  #reader: PieceReader | undefined;
  /** Bytes that the current part still has to give, by its announced size. */
  #bytesDue: number | undefined;

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  async read(): Promise<Piece> {
    for (;;) {
      if (this.#reader === undefined) {
        const part = this.#parts[this.#next];
        if (part === undefined) return DONE;
        this.#next += 1;
        if (part instanceof Uint8Array) return { value: part };
        this.#bytesDue = part.size;
        this.#reader = part.open();
      }
      const piece = await this.#reader.read();
      if (piece.done !== true) return this.#counted(piece);
      if (this.#bytesDue !== undefined && this.#bytesDue > 0)
        throw new TypeError(
          `A part of the request body is ${this.#bytesDue} bytes shorter than its size says`,
        );
      this.#reader = undefined;
    }
  }

  /** Counts per part: over the whole body, a part that is too long would make up for one that is too short. */
  #counted(piece: Piece): Piece {
    if (this.#bytesDue === undefined || !ArrayBuffer.isView(piece.value)) return piece;
    this.#bytesDue -= piece.value.byteLength;
    if (this.#bytesDue < 0) throw new TypeError("A part of the request body is longer than its size says");
    return piece;
  }

  cancel(reason: unknown): void {
    this.#next = this.#parts.length;
    if (this.#reader !== undefined) cancelQuietly(this.#reader, reason);
  }
}
