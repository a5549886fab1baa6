/** Byte queue: bytes that have arrived and were not read yet. */

const EMPTY = Buffer.alloc(0);

export class ByteQueue {
  length = 0;
  #chunks: Buffer[] = [];

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** The first `count` bytes, or fewer if there are not as many. */
  take(count: number): Buffer {
    const whole = this.#joined();
    this.#chunks = whole.length > count ? [whole.subarray(count)] : [];
    this.length = Math.max(0, this.length - count);
    return whole.subarray(0, count);
  }

  /** Everything up to and including `mark`, or `undefined` if it has not arrived. */
  takeThrough(mark: string): Buffer | undefined {
    const at = this.#joined().indexOf(mark);
    return at < 0 ? undefined : this.take(at + mark.length);
  }

  #joined(): Buffer {
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : (this.#chunks[0] ?? EMPTY);
    this.#chunks = [whole];
    return whole;
  }
}
