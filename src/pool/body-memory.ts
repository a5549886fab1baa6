/**
 * Body memory: what short bodies of several Blobs and texts are put together in, on a runtime where Blobs are read within a call (Bun). It
 * is lent for one request and used again. Otherwise each body would be new memory, which the collector frees late: page faults and
 * collections took a third of the time of a form with 16 KiB (Bun 1.4). A body of one Blob is sent from what its read gave, and that is
 * freed by hand: to copy it into lent memory took 0 to 11 % of an upload of 16 KiB, in five comparisons.
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
  /** What was made here. The rest is of reads. */
  readonly #made: WeakSet<ArrayBuffer> = new WeakSet();

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
    return new Uint8Array(fits ? spare.buffer : this.#make(length), 0, length);
  }

  #make(length: number): ArrayBuffer {
    const buffer = new ArrayBuffer(Math.ceil(length / STEP) * STEP);
    this.#made.add(buffer);
    return buffer;
  }

  /** To be called once for what was taken, or read by {@linkcode readBlob}, when nobody uses it any more. */
  giveBack(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length < STEP) return;
    // Node 20 has no `transfer`, and reads no Blob within a call.
    if (!this.#made.has(bytes.buffer)) bytes.buffer.transfer?.(0);
    else if (this.#spare.length < MOST_SPARE) this.#spare.push(bytes);
  }
}
