/**
 * Deferred destroy: after a failed write on Node, reads what the peer sent before it reset the connection.
 *
 * A server that refuses an upload sends a response and closes with bytes unread, which causes an RST. Linux keeps the
 * response readable (a BSD kernel may drop it). But a failed write makes Node 20 to 24 destroy the socket before the
 * response is read.
 */

import type { Socket as NetSocket } from "node:net";
import { immediate } from "./immediate.ts";
import type { ReceiveQueue } from "./receive-queue.ts";

const DEFERRED: unique symbol = Symbol("holdfast deferred destroy");

/** A socket whose `destroy` is shadowed. */
interface Deferring extends NetSocket {
  [DEFERRED]?: DeferredDestroy;
}

/** One function for all sockets: a closure for each would be memory of each idle connection. */
function deferDestroy(this: Deferring, error?: Error): NetSocket {
  this[DEFERRED]?.ended(error);
  return this;
}

/** Defers the `destroy` that follows a failed write, until everything received was read. */
export class DeferredDestroy {
  readonly #raw: NetSocket;
  readonly #receiveQueue: ReceiveQueue;
  /** The method that is shadowed. */
  readonly #destroy: NetSocket["destroy"];
  /** The error of the failed write, while reading continues. */
  #error: Error | undefined = undefined;
  #bytesRead = -1;

  /** Shadows the socket's `destroy`, which its writable side calls itself. */
  constructor(raw: Deferring, receiveQueue: ReceiveQueue) {
    this.#raw = raw;
    this.#receiveQueue = receiveQueue;
    this.#destroy = raw.destroy;
    raw[DEFERRED] = this;
    raw.destroy = deferDestroy;
  }

  /** The owner reads again. */
  ownerResumed(): void {
    if (this.#error !== undefined) this.#readOn();
  }

  /** The owner closed the socket. */
  ownerLeft(): void {
    if (this.#error !== undefined) this.#destroyNow(this.#error);
  }

  /** The socket is to be destroyed. */
  ended(error: Error | undefined): void {
    if (this.#raw.connecting || this.#raw.destroyed || this.#receiveQueue.isStopped || !isFailedWrite(error))
      return this.#destroyNow(error);
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#readOn();
  }

  #destroyNow(error: Error | undefined): void {
    this.#destroy.call(this.#raw, error);
  }

  /**
   * Reads on until a turn of the event loop brings no bytes. A turn reads up to 2 MiB. If the read fails with a reset, the
   * socket ends by itself.
   */
  #readOn(): void {
    const raw = this.#raw;
    if (raw.destroyed || (this.#receiveQueue.isPaused && !this.#receiveQueue.isStopped)) return;
    if (raw.bytesRead === this.#bytesRead || this.#receiveQueue.isStopped) {
      this.#destroyNow(this.#error);
      return;
    }
    this.#bytesRead = raw.bytesRead;
    // Node polls its sockets between two immediates.
    immediate(() => immediate(() => this.#readOn()));
  }
}

function isFailedWrite(error: Error | undefined): error is NodeJS.ErrnoException {
  return (
    error !== undefined && "syscall" in error && (error.syscall === "write" || error.syscall === "writev")
  );
}
