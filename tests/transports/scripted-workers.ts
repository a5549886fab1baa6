/**
 * A scripted `connect` of Workers, with sockets of a test, which says when they open, read and end. It shows what the transport of
 * Workers does with each event, without workerd.
 */

import { latin1Bytes, latin1Text } from "../../transports/latin1.ts";
import type { WorkersSocket } from "../../transports/workers-api.ts";

/** A socket. `calls`: what the transport had it do, in order. */
export class ScriptedWorkersSocket implements WorkersSocket {
  readonly calls: string[] = [];
  readonly opened: Promise<unknown>;
  readonly closed: Promise<unknown> = new Promise(() => {});
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** The socket on which TLS was started, once it was. */
  secure: ScriptedWorkersSocket | undefined;
  /** Writes wait for {@linkcode wrote}, instead of being accepted at once. */
  isFull = false;
  /** Opens the socket. */
  open: () => void = () => {};
  /** No connection came about. */
  refuse: (error: unknown) => void = () => {};
  /** The kernel accepted the write that is under way. */
  wrote: () => void = () => {};
  #received: ReadableByteStreamController | undefined;

  constructor() {
    this.opened = new Promise<void>((resolve, reject) => {
      this.open = resolve;
      this.refuse = reject;
    });
    this.readable = new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#received = controller;
      },
    });
    this.writable = new WritableStream({
      write: (bytes) => this.#write(bytes),
      close: () => void this.calls.push("FIN"),
    });
  }

  // What the test has happen.

  /** Whether a read is outstanding. */
  get isRead(): boolean {
    return this.#received?.byobRequest != null;
  }

  receive(text: string): void {
    this.#received?.enqueue(latin1Bytes(text) as Uint8Array<ArrayBuffer>);
  }

  peerEnds(): void {
    const request = this.#received?.byobRequest;
    this.#received?.close();
    request?.respond(0);
  }

  fail(error: unknown): void {
    this.#received?.error(error);
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    this.calls.push(latin1Text(bytes));
    if (!this.isFull) return undefined;
    return new Promise((resolve) => {
      this.wrote = resolve;
    });
  }

  // What the transport calls.

  close(): Promise<unknown> {
    this.calls.push("close");
    return Promise.resolve();
  }

  startTls(options?: { readonly expectedServerHostname?: string }): WorkersSocket {
    if (this.readable.locked || this.writable.locked) throw new TypeError("The streams are locked");
    this.calls.push(`TLS ${options?.expectedServerHostname ?? ""}`);
    this.secure = new ScriptedWorkersSocket();
    return this.secure;
  }
}
