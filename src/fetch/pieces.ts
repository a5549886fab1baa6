/** Pieces: readers for every source that gives a body piece by piece: streams, async iterables, Blobs, and lists of these. */

import type { ReadBlob } from "../contract/transport.ts";
import { thrownFault } from "../contract/user-functions.ts";
import {
  cancelQuietly,
  type LentMemory,
  type Piece,
  type PieceReader,
  type ReadWhole,
  silence,
} from "../exchange/request-body.ts";
import { lengthError } from "../http1/send/body-writer.ts";

/** A part of a longer body. */
export interface PartSource {
  /** In bytes; `undefined` where it is not known in advance. */
  readonly size: number | undefined;
  /** Whether reading it runs functions of the caller. */
  readonly foreign: boolean;
  open(): PieceReader;
  /** Reads it at once, where that runs no functions of the caller. Never throws. `read`: how, if the runtime has a better way. */
  whole?(read?: ReadBlob): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
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
  whole(read?: ReadBlob): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
    if (this.size === 0) return EMPTY;
    const now = read === undefined ? undefined : begun(read, this.#blob);
    return now instanceof ArrayBuffer && now.byteLength === this.size
      ? new Uint8Array(now)
      : this.#later(now);
  }

  async #later(begun?: ArrayBuffer | Promise<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(await (begun ?? this.#blob.arrayBuffer()));
    // A file may have changed since.
    if (bytes.length !== this.size) throw lengthError(this.size, `${bytes.length}`);
    return bytes;
  }

  open(): PieceReader {
    return onceReader(this.size, () => this.whole());
  }
}

/** The function may be one of a user's transport. */
function begun(read: ReadBlob, blob: Blob): ArrayBuffer | Promise<ArrayBuffer> {
  try {
    return read(blob);
  } catch (cause) {
    return Promise.reject(thrownFault("transport.readBlob", cause));
  }
}

/** A Blob of the runtime whose methods nobody replaced. */
function isNative(blob: unknown): blob is Blob {
  if (typeof Blob !== "function" || !(blob instanceof Blob)) return false;
  const { stream, slice, arrayBuffer } = Blob.prototype;
  return blob.stream === stream && blob.slice === slice && blob.arrayBuffer === arrayBuffer;
}

/** A reader of one piece. */
function onceReader(length: number, whole: ReadWhole): PieceReader {
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
): ReadWhole | undefined {
  if (length === undefined || length > JOINED) return undefined;
  for (const part of parts) if (!(part instanceof Uint8Array) && part.whole === undefined) return undefined;
  const [first] = parts;
  const only = parts.length === 1 && !(first instanceof Uint8Array) ? first : undefined;
  return (memory) => {
    if (only?.whole !== undefined) return only.whole(memory?.readBlob);
    return joined(parts, memory?.take(length) ?? new Uint8Array(length), memory);
  };
}

/** Within the call, if all parts can be read so. */
function joined(
  parts: readonly Part[],
  bytes: Uint8Array,
  memory: LentMemory | undefined,
): Uint8Array | Promise<Uint8Array> {
  const later: Promise<void>[] = [];
  let end = 0;
  for (const part of parts) {
    const at = end;
    if (part instanceof Uint8Array) bytes.set(part, at);
    else {
      const read = part.whole?.(memory?.readBlob);
      if (read instanceof Promise) later.push(read.then((piece) => bytes.set(piece, at)));
      else if (read !== undefined) move(read, bytes, at);
    }
    end += part instanceof Uint8Array ? part.length : (part.size ?? 0);
  }
  return later.length === 0 ? bytes : Promise.all(later).then(() => bytes);
}

/** Copies a part that was read, and frees it by hand, because the collector would do that late: see `pool/body-memory.ts`. */
function move(read: Uint8Array<ArrayBuffer>, to: Uint8Array, at: number): void {
  to.set(read, at);
  // Node 20 has no `transfer`, and reads no Blob within a call.
  if (read.length > 0) read.buffer.transfer?.(0);
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
