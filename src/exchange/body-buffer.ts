/** Body buffer: collects the pieces of a body, with as few copies as possible. */

import { decodedText } from "../contract/text.ts";
import type { Alloc, TextCodec } from "../contract/transport.ts";

/** The largest announced length for which memory is allocated in advance, so that a false length costs nothing. */
const MAX_PREALLOCATED = 4 * 1024 * 1024;

/** Below this size the buffer grows by a factor of 4, above by 2, so that a few chunks are copied only once. */
const SMALL = 64 * 1024;

const EMPTY = new Uint8Array(0);

/** Portable allocation of zeroed bytes. */
export const clearedBytes: Alloc = (length) => new Uint8Array(length);

/**
 * Buffers that collected bodies of unknown length which were then read as text, by the function that had allocated them. Nobody else
 * has seen them, and the next such body needs no growing one. JavaScriptCore counts each allocation, and collects the sooner.
 */
const spares = new WeakMap<Alloc, Uint8Array[]>();
const MOST_SPARE = 4;
const SMALLEST_SPARE = 4096;
const LONGEST_SPARE = 64 * 1024;

function giveSpare(alloc: Alloc, bytes: Uint8Array): void {
  if (bytes.length > LONGEST_SPARE || bytes.length < SMALLEST_SPARE) return;
  const kept = spares.get(alloc);
  if (kept === undefined) spares.set(alloc, [bytes]);
  else if (kept.length < MOST_SPARE) kept.push(bytes);
}

/** A growing copy of bytes. The buffers they arrive in are reused. */
export class BodyBuffer {
  size = 0;
  readonly #announced: number | undefined;
  readonly #alloc: Alloc;
  #bytes: Uint8Array = EMPTY;

  /** @param announced the length that the head announced, if any. */
  constructor(announced: number | undefined, alloc: Alloc) {
    this.#announced = announced;
    this.#alloc = alloc;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.size + end - start;
    if (this.size === 0 && this.#announced === undefined)
      this.#bytes = spares.get(this.#alloc)?.pop() ?? EMPTY;
    if (this.size === 0 && needed > this.#bytes.length && (this.#announced ?? needed) === needed) {
      // The whole body, or the first piece of a body of unknown length: one exact copy.
      this.#bytes = copyOf(bytes, start, end, this.#alloc);
      this.size = needed;
      return;
    }
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#bytes.set(bytes.subarray(start, end), this.size);
    this.size = needed;
  }

  /**
   * Returns all bytes and empties the buffer. The result never shares a larger `ArrayBuffer`, whose other bytes may be not
   * zeroed memory.
   */
  take(): Uint8Array {
    const { size } = this;
    const fits = size === this.#bytes.length;
    const bytes = fits ? this.#bytes : copyOf(this.#bytes, 0, size, this.#alloc);
    if (!fits) this.#spare();
    this.clear();
    return bytes;
  }

  /** The same as text, without a byte order mark. */
  text(codec: TextCodec): string {
    const text = decodedText(this.#bytes, codec, this.size);
    this.release();
    return text;
  }

  /** All bytes, until {@linkcode release}. They may share a larger `ArrayBuffer`, so that they are for code of the runtime alone. */
  lend(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  /** Nobody uses the bytes any more. */
  release(): void {
    this.#spare();
    this.clear();
  }

  /** A body of known length is collected in memory of its length, which hardly another one has. */
  #spare(): void {
    if (this.#announced === undefined) giveSpare(this.#alloc, this.#bytes);
  }

  clear(): void {
    this.size = 0;
    this.#bytes = EMPTY;
  }

  #grow(needed: number): void {
    const announced = Math.min(this.#announced ?? 0, MAX_PREALLOCATED);
    const factor = this.#bytes.length < SMALL ? 4 : 2;
    const grown = this.#alloc(Math.max(needed, announced, factor * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.size));
    this.#bytes = grown;
  }
}

/** A copy in memory of its own. Not `slice`: on a Node `Buffer`, which runtimes may pass, that makes a view. */
export function copyOf(bytes: Uint8Array, start: number, end: number, alloc: Alloc): Uint8Array {
  const copy = alloc(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
