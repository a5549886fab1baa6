/**
 * Receive queue: passes received bytes to a socket's handler, in order. It queues them while the socket is paused or not
 * open yet, and reports the end once, after the last byte. Every transport puts one between its runtime and the handler.
 */

import type { SocketHandler, TransportError } from "../src/contract/transport.ts";

/** A writer that wrote a small request, or has deferred one: see `write-batch.ts`. */
interface Writing {
  /** Bytes arrived, or the connection `ended`. That is no response to a request that was not sent. */
  heard(ended: boolean, error?: TransportError): void;
}

/** What came since a request was written. `kept`: its answer was read, and is not delivered yet. */
type SinceAsked = "something" | "nothing" | "kept";

/** Delivers to a handler, or queues. Delivers nothing before {@linkcode ReceiveQueue.open}. */
export class ReceiveQueue {
  handler: SocketHandler;
  /** One flag for the hot path: open, not paused, nothing queued, not stopped. */
  private direct = false;
  private opened = false;
  private paused = false;
  private stopped = false;
  private ending = false;
  /** The peer has sent FIN on a socket whose directions end one by one, and the handler is to be told. */
  private halfEnded = false;
  private error: TransportError | undefined = undefined;
  private queue: Uint8Array[] = [];
  /** The writer of the socket, from a small request to the next that is heard. Set and cleared by it. */
  writing: Writing | undefined = undefined;
  /** Set by `node-reads.ts`, which alone needs it, and below. */
  sinceAsked: SinceAsked = "something";

  constructor(handler: SocketHandler) {
    this.handler = handler;
  }

  /** Whether nothing more will be delivered. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** Whether the owner has paused the socket. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** A request was written. What comes next may be kept for a moment, if nothing is already. */
  asked(): void {
    if (this.sinceAsked === "something") this.sinceAsked = "nothing";
  }

  /** Nobody waits for bytes. What comes now is told at once. */
  awaitsNothing(): void {
    if (this.sinceAsked === "nothing") this.sinceAsked = "something";
  }

  /** Bytes arrived. They are copied only if they cannot be delivered now. */
  data(bytes: Uint8Array, length: number, more = false): void {
    this.writing?.heard(false);
    if (this.direct) this.handler.data(bytes, length, more);
    else if (!this.stopped) this.queue.push(new Uint8Array(bytes.subarray(0, length)));
  }

  /** The kernel has accepted everything written. */
  drain(): void {
    if (!this.stopped && !this.ending) this.handler.drain();
  }

  /** The connection ended. It is reported after the queued bytes; later calls have no effect. */
  end(error: TransportError | undefined): void {
    if (this.stopped || this.ending) return;
    this.writing?.heard(true, error);
    if (this.stopped) return;
    this.ending = true;
    this.error = error;
    if (this.opened && this.queue.length === 0) this.finish();
  }

  /** The peer's direction ended, and ours goes on. It is reported after the queued bytes. */
  endReading(): void {
    if (this.stopped || this.ending) return;
    this.halfEnded = true;
    if (this.opened && this.queue.length === 0) this.finishReading();
  }

  /**
   * Starts to deliver, in a microtask. Must be called just after the promise of `connect` was resolved: the code that
   * awaits it then has the socket before the handler gets the bytes of a peer that speaks first.
   */
  open(): void {
    queueMicrotask(() => {
      this.opened = true;
      this.deliver();
    });
  }

  /** Queues what arrives from now on. */
  pause(): void {
    this.paused = true;
    this.direct = false;
  }

  /** Delivers the queued bytes in a microtask, and later ones directly. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    // Never within resume(): a parser that calls it in the middle of its work must not be re-entered.
    if (this.queue.length > 0) queueMicrotask(() => this.deliver());
    else this.direct = this.opened && !this.stopped;
  }

  /** The owner closed or aborted the socket: nothing more is delivered. */
  stop(): void {
    this.stopped = true;
    this.direct = false;
    this.queue = [];
  }

  private deliver(): void {
    if (!this.opened) return;
    while (!this.paused && !this.stopped) {
      const bytes = this.queue.shift();
      if (bytes === undefined) break;
      this.handler.data(bytes, bytes.length, this.queue.length > 0);
    }
    if (this.stopped || this.queue.length > 0) return;
    this.direct = !this.paused;
    if (this.halfEnded) this.finishReading();
    if (this.ending && !this.stopped) this.finish();
  }

  private finishReading(): void {
    this.halfEnded = false;
    this.handler.halfClosed?.();
  }

  private finish(): void {
    this.stop();
    this.handler.closed(this.error);
  }
}
