/**
 * What arrives on a socket, in order: holds it back while its owner has paused or does not own it yet,
 * and tells the end once, after the last byte. Every transport puts one between its runtime and the handler.
 */

import type { SocketHandler, TransportError } from "../src/contract/transport.ts";

/** Delivers to a handler, keeps what may not be delivered yet. Starts closed: see {@linkcode Inbox.open}. */
export class Inbox {
  handler: SocketHandler;
  /** One flag for the hot path: opened, not paused, nothing kept, not over. */
  private direct = false;
  private opened = false;
  private paused = false;
  private over = false;
  private ending = false;
  private error: TransportError | undefined = undefined;
  private kept: Uint8Array[] = [];

  constructor(handler: SocketHandler) {
    this.handler = handler;
  }

  /** Whether nothing will be delivered any more. */
  get done(): boolean {
    return this.over;
  }

  /** Whether the handler wants no data now. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** Bytes arrived; they are copied only if they cannot be delivered now. */
  data(bytes: Uint8Array, length: number, more = false): void {
    if (this.direct) this.handler.data(bytes, length, more);
    else if (!this.over) this.kept.push(new Uint8Array(bytes.subarray(0, length)));
  }

  /** Everything written was taken. */
  drain(): void {
    if (!this.over && !this.ending) this.handler.drain();
  }

  /** The connection ended. The first call counts; it is told after all that was kept. */
  end(error: TransportError | undefined): void {
    if (this.over || this.ending) return;
    this.ending = true;
    this.error = error;
    if (this.opened && this.kept.length === 0) this.finish();
  }

  /**
   * Lets the handler see what arrives. Call it just after resolving the promise of `connect`: a peer that
   * speaks first is heard when whoever waits for that promise has the socket in hand, not before.
   */
  open(): void {
    queueMicrotask(() => {
      this.opened = true;
      this.deliver();
    });
  }

  /** Keeps what arrives from now on. */
  pause(): void {
    this.paused = true;
    this.direct = false;
  }

  /** Delivers what was kept, soon, and then directly again. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    // Never from within resume(): a parser that calls it in the middle of its work is not re-entered.
    if (this.kept.length > 0) queueMicrotask(() => this.deliver());
    else this.direct = this.opened && !this.over;
  }

  /** The owner closed or aborted: nothing is delivered any more. */
  stop(): void {
    this.over = true;
    this.direct = false;
    this.kept = [];
  }

  private deliver(): void {
    if (!this.opened) return;
    while (!this.paused && !this.over) {
      const bytes = this.kept.shift();
      if (bytes === undefined) break;
      this.handler.data(bytes, bytes.length, this.kept.length > 0);
    }
    if (this.over || this.kept.length > 0) return;
    this.direct = !this.paused;
    if (this.ending) this.finish();
  }

  private finish(): void {
    this.stop();
    this.handler.closed(this.error);
  }
}
