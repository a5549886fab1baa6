/**
 * The read loop of a Deno connection: one read is always outstanding, unless its owner paused. It is the only
 * way to learn of a FIN, and a write may happen meanwhile.
 */

import type { DenoConn } from "./deno-api.ts";
import type { ReceiveQueue } from "./receive-queue.ts";

/** The first suits a small response; a read that filled its buffer is followed by one of the next size. */
const SIZES = [4 * 1024, 32 * 1024, 128 * 1024, 256 * 1024] as const;
const LARGEST = SIZES.length - 1;
/** Buffers kept for the next reader, per size: at most 6.6 MiB in all. */
const MAX_SPARE = 16;
/**
 * Idle connections that may keep the second size, 2 MiB in all: the read that waits for the next response cannot be
 * given another buffer, and one of 16 KiB in two reads takes 36 µs instead of 21 on Deno 2.9.
 */
const MAX_IDLE_LARGE = 64;
let largeBuffers = 0;
const spare: Uint8Array[][] = SIZES.map(() => []);

/** Reads a connection into its receiveQueue. */
export class DenoReader {
  private readonly conn: DenoConn;
  private readonly receiveQueue: ReceiveQueue;
  private readonly ended: (error: unknown) => void;
  private size = 0;
  private buffer: Uint8Array = take(0);
  private idle = false;
  /** Whether a read is outstanding. It cannot be cancelled but by closing (Deno 2.9). */
  reading = false;
  /** Whether the receiveQueue has the buffer: who resumes meanwhile must not have it read into again. */
  private lending = false;

  /** `ended` is called once, with `undefined` for a FIN. */
  constructor(conn: DenoConn, receiveQueue: ReceiveQueue, ended: (error: unknown) => void) {
    this.conn = conn;
    this.receiveQueue = receiveQueue;
    this.ended = ended;
  }

  /** Reads on unless it does. */
  start(): void {
    if (this.reading || this.lending || this.receiveQueue.isStopped) return;
    this.reading = true;
    // A chain, not an async loop: 4 % more requests per second on Deno 2.9.
    this.conn.read(this.buffer).then(this.arrived, this.failed);
  }

  /** An idle connection reads into the smallest buffer: thousands of them shall cost little. */
  setIdle(small: boolean): void {
    this.idle = small;
  }

  private readonly arrived = (length: number | null): void => {
    this.reading = false;
    if (length === null) return this.finish(undefined);
    this.lending = true;
    this.receiveQueue.data(this.buffer, length, length === this.buffer.length);
    this.lending = false;
    if (this.receiveQueue.isStopped) return this.release();
    this.adapt(length);
    if (!this.receiveQueue.isPaused) this.start();
  };

  private readonly failed = (error: unknown): void => {
    this.reading = false;
    this.finish(error);
  };

  private finish(error: unknown): void {
    this.release();
    this.ended(error);
  }

  /** Bulk data fills a buffer and gets a larger one; after a small piece, more of those is likely, or silence. */
  private adapt(length: number): void {
    const { size, buffer } = this;
    if (length === buffer.length && size < LARGEST) this.resize(size + 1);
    else if (this.idle && size > idleSize()) this.resize(idleSize());
    else if (size > 0 && length < buffer.length / 4) this.resize(sizeFor(length));
  }

  private resize(size: number): void {
    this.release();
    this.size = size;
    this.buffer = take(size);
  }

  private release(): void {
    if (this.buffer.length > 0) give(this.size, this.buffer);
    this.buffer = NOTHING;
  }
}

/** The size for a connection that becomes idle now. */
function idleSize(): number {
  return largeBuffers <= MAX_IDLE_LARGE ? 1 : 0;
}

/** The smallest size with room for twice as much. */
function sizeFor(length: number): number {
  return SIZES.findIndex((size) => size >= length * 2);
}

const NOTHING = new Uint8Array(0);

function take(size: number): Uint8Array {
  if (size > 0) largeBuffers += 1;
  return spare[size]?.pop() ?? new Uint8Array(SIZES[size] ?? 0);
}

function give(size: number, buffer: Uint8Array): void {
  if (size > 0) largeBuffers -= 1;
  const buffers = spare[size];
  if (buffers !== undefined && buffers.length < MAX_SPARE) buffers.push(buffer);
}
