/** Pending: bytes of something that has not arrived whole, kept until it has. */

const LF = 10;

/** Whether a line ends in a piece. Only then is what is pending read on, or a peer that sends byte by byte would cost. */
export function holdsLf(bytes: Uint8Array, start: number, end: number): boolean {
  // Not beyond its end: behind one byte there may be 64 KiB of a buffer that was used before.
  return bytes.subarray(start, end).includes(LF);
}

/** A buffer that grows by doubling and is let go of once it is empty. */
export class PartialBuffer {
  length = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  /** Adds bytes; answers the buffer, of which the first {@linkcode length} bytes count. */
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
    this.#bytes = new Uint8Array(0);
  }
}
