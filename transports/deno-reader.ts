/**
 * The read loop of a Deno connection. One read is always outstanding unless the owner has paused, because only a read
 * reports a FIN. Writes are possible meanwhile.
 */

import type { DenoConn } from "./deno-api.ts";
import type { DenoWriter } from "./deno-writer.ts";
import type { ReceiveQueue } from "./receive-queue.ts";

/**
 * Sizes of read buffers. The second suits a small response; the first is for idle connections where there are very many. A read
 * that fills its buffer is followed by one of the next size.
 */
const SIZES = [1024, 4 * 1024, 32 * 1024, 128 * 1024, 256 * 1024] as const;
const USUAL = 1;
const LARGEST = SIZES.length - 1;
/** Unused buffers kept for reuse, per size: at most 6.6 MiB in total. */
const MAX_SPARE = 16;
/**
 * How many connections may be idle with a buffer of at least the third size, and of the second: 2 and 1 MiB in total. The
 * buffer of an outstanding read cannot be exchanged, and a response of 16 KiB takes 36 µs in two reads, but 21 in one
 * (Deno 2.9).
 */
const MAX_IDLE_LARGE = 64;
const MAX_IDLE_USUAL = 256;
let largeBuffers = 0;
let usualBuffers = 0;
const spare: Uint8Array[][] = SIZES.map(() => []);

/** Whoever has a reader. An object that is there anyway: a function for each connection would cost 100 bytes. */
export interface DenoReaderOwner {
  /** Called once, with `undefined` for a FIN. */
  readEnded(error: unknown): void;
  /** No read is outstanding any more: the owner has paused, or there is nothing left to read. */
  readingStopped(): void;
}

/** Reads from a connection into its receive queue. */
export class DenoReader {
  private readonly conn: DenoConn;
  private readonly receiveQueue: ReceiveQueue;
  private readonly writer: DenoWriter;
  private readonly owner: DenoReaderOwner;
  private size: number = newSize();
  private buffer: Uint8Array = take(this.size);
  private idle = false;
  /** Whether a read is outstanding. Only closing the connection cancels it (Deno 2.9). */
  reading = false;
  /** Whether the handler is using the buffer. If it resumes meanwhile, no read into the buffer may start. */
  private lending = false;

  constructor(conn: DenoConn, receiveQueue: ReceiveQueue, writer: DenoWriter, owner: DenoReaderOwner) {
    this.conn = conn;
    this.receiveQueue = receiveQueue;
    this.writer = writer;
    this.owner = owner;
  }

  /** Starts a read, unless one is outstanding or has told the end: told twice, it would end the other direction, too. */
  start(): void {
    if (this.reading || this.lending || this.buffer === NOTHING || this.receiveQueue.isStopped) return;
    this.reading = true;
    // A promise chain: 4 % more requests per second than an async loop (Deno 2.9).
    this.conn.read(this.buffer).then(this.arrived, this.failed);
  }

  /** Whether a read is outstanding, or what it read is being handled. */
  get isActive(): boolean {
    return this.reading || this.lending;
  }

  /** Idle connections read into small buffers, so that thousands of them cost little memory. */
  setIdle(idle: boolean): void {
    this.idle = idle;
  }

  private readonly arrived = (length: number | null): void => {
    this.reading = false;
    if (length === null) return this.finish(undefined);
    this.lending = true;
    this.writer.received();
    this.receiveQueue.data(this.buffer, length, length === this.buffer.length);
    this.lending = false;
    if (this.receiveQueue.isStopped) return this.over();
    this.adapt(length);
    if (this.receiveQueue.isPaused) this.owner.readingStopped();
    else this.start();
  };

  private readonly failed = (error: unknown): void => {
    this.reading = false;
    this.finish(error);
  };

  private finish(error: unknown): void {
    this.over();
    this.owner.readEnded(error);
  }

  private over(): void {
    this.release();
    this.owner.readingStopped();
  }

  /** Chooses the next buffer. Bulk data gets a larger one. After a small piece, silence or more small pieces are likely. */
  private adapt(length: number): void {
    const { size, buffer } = this;
    if (length === buffer.length && size < LARGEST) this.resize(size + 1);
    else if (this.idle && size > idleSize()) this.resize(idleSize());
    else if (size > USUAL && length < buffer.length / 4) this.resize(sizeFor(length));
  }

  private resize(size: number): void {
    this.release();
    this.size = size;
    this.buffer = take(size);
  }

  /** The connection is closed. A read that is outstanding fails, which gives its buffer back. */
  stop(): void {
    if (!this.isActive) this.over();
  }

  private release(): void {
    if (this.buffer.length > 0) give(this.size, this.buffer);
    this.buffer = NOTHING;
  }
}

/** The size of the buffer of a new connection. */
function newSize(): number {
  return usualBuffers <= MAX_IDLE_USUAL ? USUAL : 0;
}

/** The size of the buffer of an idle connection. */
function idleSize(): number {
  return largeBuffers <= MAX_IDLE_LARGE ? USUAL + 1 : newSize();
}

/** The smallest usual size with room for twice as many bytes. */
function sizeFor(length: number): number {
  return Math.max(
    USUAL,
    SIZES.findIndex((size) => size >= length * 2),
  );
}

const NOTHING = new Uint8Array(0);

function take(size: number): Uint8Array {
  count(size, 1);
  return spare[size]?.pop() ?? new Uint8Array(SIZES[size] ?? 0);
}

function give(size: number, buffer: Uint8Array): void {
  count(size, -1);
  const buffers = spare[size];
  if (buffers !== undefined && buffers.length < MAX_SPARE) buffers.push(buffer);
}

function count(size: number, change: 1 | -1): void {
  if (size > USUAL) largeBuffers += change;
  else if (size === USUAL) usualBuffers += change;
}
