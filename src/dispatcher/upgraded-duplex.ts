/** Upgraded duplex: the socket of an upgrade or a tunnel, as the stream of Node that callers of undici get. */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { UpgradedSocket } from "../exchange/upgraded-socket.ts";

/** A stream of Node over an upgraded socket. */
export class UpgradedDuplex extends Duplex {
  readonly #socket: UpgradedSocket;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(socket: UpgradedSocket) {
    // As the sockets that undici gives out: undici's WebSocket leaves it to them to end after the peer's FIN.
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#reader = socket.readable.getReader();
    this.#writer = socket.writable.getWriter();
    // Each failure is told by the call that meets it.
    this.#reader.closed.catch(() => {});
    this.#writer.closed.catch(() => {});
  }

  override _read(): void {
    this.#reader.read().then(
      ({ done, value }) => {
        if (done || value === undefined) this.push(null);
        else this.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      },
      (error) => this.destroy(error),
    );
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#writer.write(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#writer.close().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const isWhole = this.readableEnded && this.writableFinished;
    if (!isWhole) this.#socket.abort(error ?? undefined);
    done(error);
  }
}
