/**
 * Gathering: chunks of a request body are joined to writes of some 128 KiB. Deno's `write` is done when it returns as long as the
 * kernel has room (Deno 2.9), so that it would be called for each piece of a stream. A chunk waits for the next one for a few
 * microtasks, in which the pieces that a stream has at hand come. With two pieces of 64 KiB in a write, 1 MiB takes 195 to 225 µs
 * of CPU time; with one 235 to 265, and with four, which exceed the processor's second cache, 230 to 255.
 */

import { writeLatin1 } from "./latin1.ts";
import type { QueuedBytes } from "./queued-bytes.ts";

/** So many bytes are written at once. */
const ENOUGH = 128 * 1024;

/** Room for these, with the frames of two chunks, and for a short piece before them. */
const PAGE = 136 * 1024;

/** Pages to keep. There is one for each upload that has chunks waiting or being written. */
const MAX_SPARE = 16;
const spare: Uint8Array[] = [];

/** Microtasks to wait for the next piece. Those of a stream that are at hand come within 10, which take about 1 µs. */
const PATIENCE = 12;

const RESOLVED = Promise.resolve();

/** Bytes to be written, and the page that they are in, if they are in one. */
export interface GatheredBytes extends QueuedBytes {
  readonly page?: Uint8Array;
}

/** What a write has ended with can be used again. */
export function givePage(page: Uint8Array): void {
  if (spare.length < MAX_SPARE) spare.push(page);
}

/** The chunks of one connection that wait for others. */
export class DenoGathering {
  private page: Uint8Array | undefined = undefined;
  private length = 0;
  private patience = 0;
  private readonly ready: () => void;

  /** `ready` is called when no other chunk has come for a while. */
  constructor(ready: () => void) {
    this.ready = ready;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Whether another chunk may come within microtasks. */
  get isWaiting(): boolean {
    return this.patience > 0;
  }

  get isFull(): boolean {
    return this.length >= ENOUGH;
  }

  hasRoomFor(length: number): boolean {
    return this.length + length <= PAGE;
  }

  /** Copies what is to be written, so that the caller may use his buffer again. There must be room. */
  add(head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
    this.page ??= spare.pop() ?? new Uint8Array(PAGE);
    if (typeof head === "string") writeLatin1(head, this.page, this.length);
    else this.page.set(head, this.length);
    this.length += head.length;
    if (body !== undefined) this.page.set(body, this.length);
    this.length += body?.length ?? 0;
    writeLatin1(tail, this.page, this.length);
    this.length += tail.length;
    const waits = this.isWaiting;
    this.patience = PATIENCE;
    if (!waits) void RESOLVED.then(this.waitOn);
  }

  private readonly waitOn = (): void => {
    if (this.isEmpty) this.patience = 0;
    else this.patience -= 1;
    if (this.patience > 0) void RESOLVED.then(this.waitOn);
    else if (!this.isEmpty) this.ready();
  };

  /** Hands over what was gathered. */
  take(): GatheredBytes | undefined {
    const { page, length } = this;
    if (page === undefined) return undefined;
    this.page = undefined;
    this.length = 0;
    return { bytes: page.subarray(0, length), length, page };
  }

  /** Drops it. */
  drop(): void {
    const dropped = this.take();
    if (dropped?.page !== undefined) givePage(dropped.page);
  }
}
