/** Gathered: pieces of a body put together with as few copies as can be. */

import type { Alloc } from "../contract/transport.ts";

/** An announced length is believed up to here; a larger body grows as it comes, so that a lie costs nothing. */
const BELIEVED = 4 * 1024 * 1024;

/** Up to here a body of unknown length grows in large steps, so that a few chunks are copied once. */
const MODEST = 64 * 1024;

const EMPTY = new Uint8Array(0);

/** Portable, and cleared. */
export const clearedBytes: Alloc = (length) => new Uint8Array(length);

/** Bytes copied out of a buffer that is about to be used again. */
export class BodyBuffer {
  size = 0;
  readonly #announced: number | undefined;
  readonly #alloc: Alloc;
  #bytes: Uint8Array = EMPTY;

  /** @param announced the length that the head told, if it did. */
  constructor(announced: number | undefined, alloc: Alloc) {
    this.#announced = announced;
    this.#alloc = alloc;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.size + end - start;
    if (this.size === 0 && (this.#announced === undefined || needed === this.#announced)) {
      // The whole body, or the first piece of one of unknown length: one exact copy.
      this.#bytes = copyOf(bytes, start, end, this.#alloc);
      this.size = needed;
      return;
    }
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#bytes.set(bytes.subarray(start, end), this.size);
    this.size = needed;
  }

  /** All of it; nothing is left. Never a part of a larger buffer: what lies behind may be anybody's. */
  take(): Uint8Array {
    const { size } = this;
    const bytes = size === this.#bytes.length ? this.#bytes : copyOf(this.#bytes, 0, size, this.#alloc);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.size = 0;
    this.#bytes = EMPTY;
  }

  #grow(needed: number): void {
    const announced = Math.min(this.#announced ?? 0, BELIEVED);
    const factor = this.#bytes.length < MODEST ? 4 : 2;
    const grown = this.#alloc(Math.max(needed, announced, factor * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.size));
    this.#bytes = grown;
  }
}

/**
 * A copy that shares nothing with `bytes`. Not `slice`: what a runtime hands over may be a Node `Buffer`, whose
 * `slice` is a view.
 */
export function copyOf(bytes: Uint8Array, start: number, end: number, alloc: Alloc): Uint8Array {
  const copy = alloc(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
