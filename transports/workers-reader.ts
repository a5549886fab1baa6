/**
 * The read loop of a Workers socket. One read is always outstanding unless the owner has paused, because only a read reports
 * a FIN.
 *
 * A default reader gives at most 4 KiB a read; a BYOB reader fills the buffer that it is given: 9 reads for 2 MB instead of 500
 * (workerd 1.20261117). It detaches that buffer and gives back another over the same memory, so each socket has its own.
 */

import type { ReceiveQueue } from "./receive-queue.ts";

/** The first size suits a small response. A read that fills its buffer is followed by one of the next size. */
const SIZES = [16 * 1024, 64 * 1024, 256 * 1024] as const;
const LARGEST = SIZES.length - 1;

/** Reads from a socket into its receive queue. */
export class WorkersReader {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #receiveQueue: ReceiveQueue;
  readonly #ended: (error: unknown) => void;
  #size = 0;
  #memory: ArrayBuffer = new ArrayBuffer(SIZES[0]);
  /** Whether a read is outstanding. Nothing but the end of the socket cancels it. */
  reading = false;
  /** Whether the handler is using the buffer. If it resumes meanwhile, no read into the buffer may start. */
  #lending = false;
  #over = false;

  /** `ended` is called once, with `undefined` for a FIN. */
  constructor(
    readable: ReadableStream<Uint8Array>,
    receiveQueue: ReceiveQueue,
    ended: (error: unknown) => void,
  ) {
    this.#reader = readable.getReader({ mode: "byob" });
    this.#reader.closed.catch(() => {}); // the read tells
    this.#receiveQueue = receiveQueue;
    this.#ended = ended;
  }

  /** Starts a read, unless one is outstanding, or has told the end: then its buffer is gone. */
  start(): void {
    if (this.reading || this.#lending || this.#over || this.#receiveQueue.isStopped) return;
    this.reading = true;
    this.#reader.read(new Uint8Array(this.#memory)).then(this.#arrived, this.#failed);
  }

  /** Gives the stream back, before TLS is started on it. No read may be outstanding. */
  release(): void {
    this.#reader.releaseLock();
  }

  readonly #arrived = ({ done, value }: ReadableStreamReadResult<Uint8Array>): void => {
    this.reading = false;
    if (done || value === undefined) return this.#finish(undefined);
    this.#memory = value.buffer as ArrayBuffer;
    const { length } = value;
    const whole = length === this.#memory.byteLength;
    this.#lending = true;
    this.#receiveQueue.data(value, length, whole);
    this.#lending = false;
    if (this.#receiveQueue.isStopped) return;
    this.#adapt(length, whole);
    if (!this.#receiveQueue.isPaused) this.start();
  };

  readonly #failed = (error: unknown): void => {
    this.reading = false;
    this.#finish(error);
  };

  #finish(error: unknown): void {
    this.#over = true;
    this.#ended(error);
  }

  /** Bulk data gets a larger buffer. A small piece makes it the first size again: silence or more small pieces are likely. */
  #adapt(length: number, whole: boolean): void {
    if (whole && this.#size < LARGEST) this.#size += 1;
    else if (this.#size > 0 && length < SIZES[0]) this.#size = 0;
    else return;
    this.#memory = new ArrayBuffer(SIZES[this.#size] ?? SIZES[0]);
  }
}
