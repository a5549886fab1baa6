/**
 * Last words on Node: what a peer sent before it reset the connection. A server that refuses an upload answers and closes
 * with bytes unread, which is an RST. The kernel keeps the answer (Linux does; a BSD may drop it with the RST, and then
 * nobody can read it), but a write that fails makes Node 20 to 24 destroy the socket before it has read on.
 */

import type { Socket as NetSocket } from "node:net";
import type { ReceiveQueue } from "./receive-queue.ts";

/** Puts off the end that a failed write brings, until all that had come is read. */
export class DeferredDestroy {
  readonly #raw: NetSocket;
  readonly #receiveQueue: ReceiveQueue;
  readonly #destroy: (error?: Error) => NetSocket;
  /** Why a write failed, while it is read on. */
  #error: Error | undefined = undefined;
  #bytesRead = -1;

  /** Shadows the socket's `destroy`, which its writable side calls without asking anybody. */
  constructor(raw: NetSocket, receiveQueue: ReceiveQueue) {
    this.#raw = raw;
    this.#receiveQueue = receiveQueue;
    this.#destroy = raw.destroy.bind(raw);
    raw.destroy = (error) => this.#ended(error);
  }

  /** The owner reads again. */
  ownerResumed(): void {
    if (this.#error !== undefined) this.#readOn();
  }

  /** The owner has left: nobody listens. */
  ownerLeft(): void {
    if (this.#error !== undefined) this.#destroy(this.#error);
  }

  #ended(error: Error | undefined): NetSocket {
    if (this.#raw.connecting || this.#raw.destroyed || this.#receiveQueue.isStopped || !isFailedWrite(error))
      return this.#destroy(error);
    if (this.#error === undefined) {
      this.#error = error;
      this.#readOn();
    }
    return this.#raw;
  }

  /** A round of the event loop reads up to 2 MiB; one that brings nothing was the last. A reset tells its end itself. */
  #readOn(): void {
    const raw = this.#raw;
    if (raw.destroyed || (this.#receiveQueue.isPaused && !this.#receiveQueue.isStopped)) return;
    if (raw.bytesRead === this.#bytesRead || this.#receiveQueue.isStopped) {
      this.#destroy(this.#error);
      return;
    }
    this.#bytesRead = raw.bytesRead;
    // Sockets are looked at between two immediates.
    setImmediate(() => setImmediate(() => this.#readOn()));
  }
}

function isFailedWrite(error: Error | undefined): error is NodeJS.ErrnoException {
  return (
    error !== undefined && "syscall" in error && (error.syscall === "write" || error.syscall === "writev")
  );
}
