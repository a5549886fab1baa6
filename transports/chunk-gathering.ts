/**
 * Gathering: chunks of a request body are joined to writes of 128 KiB, and to writes of 512 KiB while the kernel takes them whole.
 * While it has room, a write is done when it returns, or in the next turn (Node 24, Deno 2.9), so that there would be one for each
 * piece of a stream. A chunk waits for the next one for a few microtasks, in which the pieces that a stream has at hand come. Each write
 * may wake the peer, for which both pay: on Deno 1 MiB takes 313 µs of CPU time with 512 KiB in a write, 359 with 256, and 421 with 128.
 */

import { writeLatin1 } from "./latin1.ts";
import type { QueuedBytes } from "./queued-bytes.ts";

interface PagePool {
  readonly size: number;
  /** Spare pages to keep. There is one for each upload that has chunks waiting or being written. */
  readonly maxSpare: number;
  readonly spare: Uint8Array[];
  /** How many are in use. */
  lent: number;
}

/** Room for two pieces of 64 KiB with their frames, for a short piece before them, and for the end of the body behind. */
const SMALL: PagePool = { size: 136 * 1024, maxSpare: 16, spare: [], lent: 0 };
/** Room for eight. Where all are in use, small ones serve: memory that is touched for the first time costs more than a write. */
const LARGE: PagePool = { size: 520 * 1024, maxSpare: 8, spare: [], lent: 0 };
/** A page with two pieces. What is shorter fits into the send buffer of a slow connection, too. */
const FULL = 128 * 1024;

/** Microtasks to wait for the next piece. Those of a stream that are at hand come within 10, which take about 1 µs. */
const PATIENCE = 12;

const RESOLVED = Promise.resolve();

/** Bytes to be written, and the page that they are in, if they are in one. */
export interface GatheredBytes extends QueuedBytes {
  readonly page?: Uint8Array;
}

const poolOf = (page: Uint8Array): PagePool => (page.length === LARGE.size ? LARGE : SMALL);

function takePage(pool: PagePool): Uint8Array {
  pool.lent += 1;
  return pool.spare.pop() ?? new Uint8Array(pool.size);
}

/** What a write has ended with can be used again. */
export function givePage(page: Uint8Array): void {
  const { spare, maxSpare } = poolOf(page);
  forgetPage(page);
  if (spare.length < maxSpare) spare.push(page);
}

/** Who knows what still refers to a page leaves it to the collector. */
export function forgetPage(page: Uint8Array): void {
  poolOf(page).lent -= 1;
}

/** The chunks of one connection that wait for others. */
export class ChunkGathering {
  private page: Uint8Array | undefined = undefined;
  private length = 0;
  /**
   * Whether the kernel took the last full page at once. The write of a page shows no progress until its end, so that a slow network gets
   * small ones.
   */
  private isFast = false;
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

  hasRoomFor(length: number): boolean {
    return this.length + length <= (this.page?.length ?? this.nextPool().size);
  }

  private nextPool(): PagePool {
    return this.isFast && LARGE.lent < LARGE.maxSpare ? LARGE : SMALL;
  }

  /** Copies what is to be written, so that the caller may use his buffer again. There must be room. */
  add(head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
    this.page ??= takePage(this.nextPool());
    const { page } = this;
    if (typeof head === "string") writeLatin1(head, page, this.length);
    else page.set(head, this.length);
    this.length += head.length;
    if (body !== undefined) page.set(body, this.length);
    this.length += body?.length ?? 0;
    writeLatin1(tail, page, this.length);
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

  /** The kernel took so many bytes of a page, or of its rest. */
  taken(length: number, { bytes }: QueuedBytes): void {
    if (length < bytes.length) this.isFast = false;
    else if (bytes.byteOffset === 0 && length >= FULL) this.isFast = true;
  }

  /** Drops it. */
  drop(): void {
    const dropped = this.take();
    if (dropped?.page !== undefined) givePage(dropped.page);
  }
}
