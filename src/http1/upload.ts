/**
 * Upload: a request body on its way to the socket, with backpressure. Bytes go in pieces, so that progress can
 * be seen; a stream is read only as fast as the peer takes it.
 */

import type { Socket } from "../transport.ts";
import type { RequestFraming } from "./request.ts";
import { LINGER_BYTES } from "./stage.ts";

/** A request body that can be sent, and perhaps sent again. */
export type RequestBody =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | {
      readonly kind: "stream";
      /** Its length, where it is known; else it is sent chunked. */
      readonly length: number | undefined;
      /** Whether {@linkcode open} may be called again. */
      readonly replayable: boolean;
      open(): ReadableStream<Uint8Array>;
    };

/** How a body is framed on the wire. */
export function requestFraming(body: RequestBody | undefined): RequestFraming {
  if (body === undefined) return "none";
  if (body.kind === "bytes") return body.bytes.length;
  return body.length ?? "chunked";
}

/** What an upload tells the exchange. */
export interface UploadOwner {
  /** Bytes were taken by the kernel. */
  moved(): void;
  uploaded(): void;
  /** The body could not be read, or is not as long as was said. */
  uploadFailed(error: unknown): void;
}

/** Written at once: large enough for throughput, small enough to see that the peer takes it. */
const PIECE = 131_072;

/** A body up to this size leaves with the head, in one write. */
const WITH_HEAD = 65_536;

const LAST_CHUNK = new TextEncoder().encode("0\r\n\r\n");

/** Sends one body over one socket. */
export class Upload {
  #done = false;
  #started = false;
  /** Bytes of the body not yet handed to the socket; `undefined` when nobody knows. */
  #left: number | undefined;
  #onDrain: (() => void) | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #stopped = false;
  readonly #socket: Socket;
  readonly #body: RequestBody;
  readonly #owner: UploadOwner;

  constructor(socket: Socket, body: RequestBody, owner: UploadOwner) {
    this.#socket = socket;
    this.#body = body;
    this.#owner = owner;
    this.#left = body.kind === "bytes" ? body.bytes.length : body.length;
  }

  /** Whether the body, where there is one, can leave together with the head. */
  static fitsWithHead(body: RequestBody | undefined): body is RequestBody & { kind: "bytes" } {
    return body?.kind === "bytes" && body.bytes.length <= WITH_HEAD;
  }

  /** Whether every byte was handed to the socket; a stream of a known length may not have said yet that it ends. */
  get handedOver(): boolean {
    return this.#left === 0;
  }

  /** Whether any of it was read: a stream cannot be read again then. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * Whether a complete response leaves so little to send that the connection is worth it. A `100 Continue` that never
   * came leaves the server's idea of the body open: nothing may follow it.
   */
  get isWorthFinishing(): boolean {
    return this.#started && (this.#left ?? Infinity) <= LINGER_BYTES;
  }

  start(): void {
    this.#started = true;
    if (this.#body.kind === "bytes") this.#sendBytes(this.#body.bytes, 0);
    else this.#sendStream(this.#body.open(), this.#body.length).catch((error) => this.#fail(error));
  }

  /** The socket has taken what was written. */
  drained(): void {
    const resume = this.#onDrain;
    this.#onDrain = undefined;
    this.#owner.moved();
    resume?.();
  }

  /** Sends no more; a stream is cancelled with `reason`. */
  stop(reason: unknown): void {
    if (this.#stopped || this.#done) return;
    this.#stopped = true;
    this.#reader?.cancel(reason).catch(() => {});
    this.#onDrain?.();
  }

  #sendBytes(bytes: Uint8Array, start: number): void {
    for (let at = start; at < bytes.length; ) {
      if (this.#stopped) return;
      const end = Math.min(bytes.length, at + PIECE);
      this.#left = bytes.length - end;
      const taken = this.#socket.write(bytes.subarray(at, end));
      at = end;
      if (taken) continue;
      this.#onDrain = () => this.#sendBytes(bytes, at);
      return;
    }
    // Stopped while it waited for the last piece to be taken, it ends the exchange no second time.
    if (!this.#stopped) this.#finish();
  }

  async #sendStream(stream: ReadableStream<Uint8Array>, length: number | undefined): Promise<void> {
    const reader = stream.getReader();
    this.#reader = reader;
    let sent = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#stopped) return;
      if (done) break;
      sent += sizeOf(value);
      this.#count(sent, length);
      if (!this.#sendPiece(value, length)) await this.#drain();
      if (this.#stopped) return;
      this.#owner.moved();
    }
    if (length !== undefined && sent < length) throw lengthError(length, `${sent}`);
    if (length === undefined) this.#socket.write(LAST_CHUNK);
    this.#finish();
  }

  #count(sent: number, length: number | undefined): void {
    if (length === undefined) return;
    if (sent > length) throw lengthError(length, `more than ${length}`);
    this.#left = length - sent;
  }

  #sendPiece(piece: Uint8Array, length: number | undefined): boolean {
    // An empty chunk would be the last one.
    if (piece.length === 0) return true;
    if (length !== undefined) return this.#socket.write(piece);
    return this.#socket.write(`${piece.length.toString(16)}\r\n`, piece, "\r\n");
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrain = resolve;
    });
  }

  #finish(): void {
    this.#done = true;
    this.#left = 0;
    this.#owner.uploaded();
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#reader?.cancel(error).catch(() => {});
    this.#owner.uploadFailed(error);
  }
}

function sizeOf(piece: unknown): number {
  if (piece instanceof Uint8Array) return piece.length;
  throw new TypeError(`A request body stream must give Uint8Array: got ${typeof piece}`);
}

function lengthError(length: number, got: string): TypeError {
  return new TypeError(`The request body must be ${length} bytes, as its length says: it gave ${got}`);
}
