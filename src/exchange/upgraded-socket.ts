/**
 * Upgraded socket: the two directions of a connection that speaks another protocol now, as streams. It belongs to whoever asked
 * for the upgrade. The pool knows nothing of it any more.
 */

import { HoldfastError } from "../contract/errors.ts";
import type { Socket, SocketHandler, TransportError } from "../contract/transport.ts";

/** Bytes that wait for a reader before the socket is paused. */
const READ_AHEAD = 65_536;

/** A socket after an upgrade: bytes in both directions, with backpressure, each direction with an end of its own. */
export interface UpgradedSocket {
  /**
   * What the peer sends, beginning with what came in one piece with its answer. It ends with the peer's FIN, and fails if the
   * connection does. Cancelling it aborts the socket.
   */
  readonly readable: ReadableStream<Uint8Array>;
  /**
   * What is sent to the peer. A write settles when the kernel has taken its bytes, or a bounded queue has. Closing it sends
   * FIN, and `readable` goes on until the peer's FIN; with a transport that cannot do that, both end. Aborting it aborts the
   * socket.
   */
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when both directions have ended, in whatever way. It never rejects. */
  readonly closed: Promise<void>;
  /** Drops the connection at once, with RST where the runtime can. Both streams fail with `reason`. */
  abort(reason?: unknown): void;
}

/** Takes over a socket. `early`: what came behind the head of the answer. */
export function upgradedSocket(socket: Socket, early: Uint8Array, origin: string): UpgradedSocket {
  const streams = new SocketStreams(socket, origin);
  const { readable, writable, whenClosed: closed } = streams;
  socket.setHandler(streams);
  socket.halfOpen?.();
  if (early.length > 0) streams.data(early, early.length);
  return { readable, writable, closed, abort: (reason) => streams.abort(reason) };
}

/** The streams of a socket, and the handler of its events. */
class SocketStreams implements SocketHandler {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly whenClosed: Promise<void>;
  readonly #socket: Socket;
  readonly #origin: string;
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  #writer: WritableStreamDefaultController | undefined;
  #resolveClosed: () => void = () => {};
  #isReadEnded = false;
  #isWriteEnded = false;
  #isPaused = false;
  /** The write that waits for the kernel. */
  #waiting: { resolve(): void; reject(error: unknown): void } | undefined;

  constructor(socket: Socket, origin: string) {
    this.#socket = socket;
    this.#origin = origin;
    this.whenClosed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#reader = controller;
        },
        pull: () => this.#readOn(),
        cancel: (reason) => this.abort(reason),
      },
      { highWaterMark: READ_AHEAD, size: (piece) => piece.length },
    );
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#writer = controller;
      },
      write: (piece) => this.#write(piece),
      close: () => this.#endWriting(),
      abort: (reason) => this.abort(reason),
    });
  }

  abort(reason: unknown = new Error("The upgraded socket was aborted")): void {
    if (this.#isReadEnded && this.#isWriteEnded) return;
    this.#socket.abort();
    this.#end(reason);
  }

  // Called by the transport

  data(bytes: Uint8Array, length: number): void {
    if (this.#isReadEnded) return;
    // Not `slice`, which copies nothing if the runtime gave a Buffer (Bun).
    this.#reader?.enqueue(new Uint8Array(bytes.subarray(0, length)));
    if (this.#isPaused || (this.#reader?.desiredSize ?? 0) > 0) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve();
  }

  halfClosed(): void {
    if (this.#isReadEnded) return;
    this.#isReadEnded = true;
    this.#reader?.close();
    this.#settle();
  }

  closed(error: TransportError | undefined): void {
    if (error === undefined) this.halfClosed();
    this.#end(this.#lost(error));
  }

  // Called by the streams

  #readOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  #write(piece: unknown): Promise<void> | undefined {
    if (!(piece instanceof Uint8Array)) throw new TypeError("An upgraded socket takes Uint8Arrays");
    const written = this.#socket.write(piece);
    if (written || this.#isWriteEnded) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #endWriting(): void {
    if (this.#isWriteEnded) return;
    this.#isWriteEnded = true;
    if (this.#socket.halfOpen !== undefined && this.#socket.endWrites !== undefined) this.#socket.endWrites();
    else {
      this.#socket.close();
      this.halfClosed();
    }
    this.#settle();
  }

  // The end

  /** Ends what has not ended. */
  #end(reason: unknown): void {
    const [read, written] = [this.#isReadEnded, this.#isWriteEnded];
    [this.#isReadEnded, this.#isWriteEnded] = [true, true];
    if (!read) this.#reader?.error(reason);
    if (!written) this.#writer?.error(reason);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(reason);
    this.#settle();
  }

  #settle(): void {
    if (this.#isReadEnded && this.#isWriteEnded) this.#resolveClosed();
  }

  #lost(cause: TransportError | undefined): HoldfastError {
    const how = cause === undefined ? "was closed by the peer" : `failed (${cause.message})`;
    return new HoldfastError({
      code: "ERR_CONNECTION_LOST",
      phase: "body",
      sent: "full",
      retriable: false,
      origin: this.#origin,
      cause,
      message: `${this.#origin}: the upgraded connection ${how}`,
    });
  }
}
