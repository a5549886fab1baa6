/**
 * Writing to a Workers socket. `write()` of the stream copies its bytes at once (workerd 1.20261117) and resolves when the
 * kernel has taken them, so counting the bytes in between is all the backpressure that is needed.
 */

import { latin1Bytes, writeLatin1 } from "./latin1.ts";
import type { ReceiveQueue } from "./receive-queue.ts";

/** Bytes that may wait before `write` returns `false`, about as many as a socket's send buffer on other runtimes. */
const HIGH_WATER = 64 * 1024;

/** Up to this length, head, body and tail are joined: a call into the runtime costs more than a copy. */
const JOINED = 16 * 1024;

/** The outgoing side of one socket. */
export class WorkersWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #receiveQueue: ReceiveQueue;
  #queuedBytes = 0;
  #awaitsDrain = false;
  #over = false;

  constructor(writable: WritableStream<Uint8Array>, receiveQueue: ReceiveQueue) {
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {}); // the read tells
    this.#writer.ready.catch(() => {});
    this.#receiveQueue = receiveQueue;
  }

  /** As `Socket.write`. */
  write(head: string | Uint8Array, body?: Uint8Array, tail = ""): boolean {
    if (this.#over) return true;
    const length = head.length + (body === undefined ? 0 : body.length) + tail.length;
    if (length <= JOINED) {
      this.#send(joined(head, body, tail, length));
    } else {
      this.#send(typeof head === "string" ? latin1Bytes(head) : head);
      if (body !== undefined) this.#send(body);
      if (tail !== "") this.#send(latin1Bytes(tail));
    }
    if (this.#queuedBytes <= HIGH_WATER) return true;
    this.#awaitsDrain = true;
    return false;
  }

  /** Whether nothing is queued. */
  get isEmpty(): boolean {
    return this.#queuedBytes === 0;
  }

  /** Sends everything written, then FIN, and calls back. Nothing may be written afterwards. */
  finish(done: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#writer.close().then(done, done);
  }

  /** Drops everything queued. */
  stop(): void {
    this.#over = true;
  }

  /** Gives the stream back, before TLS is started on it. */
  release(): void {
    this.#over = true;
    this.#writer.releaseLock();
  }

  #send(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0) return;
    this.#queuedBytes += length;
    const settled = (): void => this.#settled(length);
    // A write that fails says nothing that the outstanding read does not say better.
    this.#writer.write(bytes).then(settled, settled);
  }

  #settled(length: number): void {
    this.#queuedBytes -= length;
    if (this.#queuedBytes > 0 || !this.#awaitsDrain || this.#over) return;
    this.#awaitsDrain = false;
    this.#receiveQueue.drain();
  }
}

/** One buffer of head, body and tail. */
function joined(
  head: string | Uint8Array,
  body: Uint8Array | undefined,
  tail: string,
  length: number,
): Uint8Array {
  if (typeof head !== "string" && length === head.length) return head;
  const bytes = new Uint8Array(length);
  if (typeof head === "string") writeLatin1(head, bytes, 0);
  else bytes.set(head);
  if (body !== undefined) bytes.set(body, head.length);
  if (tail !== "") writeLatin1(tail, bytes, length - tail.length);
  return bytes;
}
