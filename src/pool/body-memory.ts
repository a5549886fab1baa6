/**
 * Body memory: what short bodies of Blobs are put together in, on a runtime where Blobs are read within a call (Bun). It is lent for one
 * request and used again. Otherwise each body would be new memory, which the collector frees late: page faults and collections took
 * a third of the time of a form with 16 KiB (Bun 1.4).
 */

import type { ReadBlob } from "../contract/transport.ts";

/** How many buffers are kept while no request needs them: 2 MiB at the most. */
const MOST_SPARE = 32;

/** Shorter ones are not kept. Others are a multiple of this, because the length of a form varies with its names. */
const STEP = 4096;

/** Memory that requests take turns with. */
export class BodyMemory {
  readonly readBlob: ReadBlob;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  constructor(readBlob: ReadBlob) {
    this.readBlob = readBlob;
  }

  /** `length` bytes, whatever they hold. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length < STEP) return new Uint8Array(length);
    const spare = this.#spare.pop();
    if (spare?.length === length) return spare;
    // One that is too short is dropped, so that those that stay are long enough in the end.
    const fits = spare !== undefined && spare.buffer.byteLength >= length;
    const buffer = fits ? spare.buffer : new ArrayBuffer(Math.ceil(length / STEP) * STEP);
    return new Uint8Array(buffer, 0, length);
  }

  /** To be called once for what was taken, when nobody uses it any more. */
  giveBack(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length >= STEP && this.#spare.length < MOST_SPARE) this.#spare.push(bytes);
  }
}
