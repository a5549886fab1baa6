/** Partial buffer: collects the bytes of a head or of trailers until they are complete. */

const LF = 10;

/** Shared: an empty typed array is 200 bytes on Node 24, and each idle connection would have two. */
const EMPTY: Uint8Array = new Uint8Array(0);

/** Whether a line ends in this piece. Only then parsing goes on, so that a peer that sends single bytes is cheap. */
export function holdsLf(bytes: Uint8Array, start: number, end: number): boolean {
  // Search only the piece: it may be followed by 64 KiB of old bytes in the same buffer.
  return bytes.subarray(start, end).includes(LF);
}

/** A buffer that grows by doubling and is released when it is cleared. */
export class PartialBuffer {
  length = 0;
  #bytes = EMPTY;

  /** Adds bytes. Returns the buffer, of which the first {@linkcode length} bytes are used. */
  add(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const needed = this.length + end - start;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length, 256));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), this.length);
    this.length = needed;
    return this.#bytes;
  }

  clear(): void {
    if (this.length === 0) return;
    this.length = 0;
    this.#bytes = EMPTY;
  }
}
