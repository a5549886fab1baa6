/**
 * Upload: a request body on its way to the socket, with backpressure. Bytes go in pieces, so that progress can
 * be seen; a stream is read only as fast as the peer takes it.
 */

import type { Clock } from "../contract/clock.ts";
import type { WireBody } from "../contract/wire.ts";
import { LINGER_BYTES } from "./phase.ts";
import {
  type BytesBody,
  cancelQuietly,
  discardBody,
  type PieceReader,
  type RequestBody,
  type StreamBody,
} from "./request-body.ts";

/** What an upload tells the exchange. */
export interface UploadOwner {
  /** Bytes were taken by the kernel. */
  uploadMoved(): void;
  /** All of the body is written. */
  uploadDone(): void;
  /** The body could not be read, or is not as long as was said. */
  uploadFailed(error: unknown): void;
}

/** Written at once: large enough for throughput, small enough to see that the peer takes it. */
const PIECE = 131_072;

/** The same for what a stream gives in one piece: it lies in memory anyway, and a chunk of its own costs a write. */
const STREAM_PIECE = 1_048_576;

/** A body up to this size leaves with the head, in one write. */
const WITH_HEAD = 65_536;

/**
 * Pieces that may be at hand, and taken, one after the other before the event loop gets its turn: a stream that never
 * waits would keep every timer and every answer from being seen.
 */
const PIECES_PER_TURN = 256;

/** Sends one body over one socket. */
export class Upload {
  #done = false;
  #started = false;
  #onDrain: (() => void) | undefined;
  #reader: PieceReader | undefined;
  /** Pieces since the socket or the event loop was last waited for. */
  #piecesAhead = 0;
  #stopped = false;
  #stopReason: unknown = undefined;
  readonly #out: WireBody;
  readonly #body: RequestBody;
  readonly #owner: UploadOwner;
  readonly #clock: Pick<Clock, "turn">;

  constructor(out: WireBody, body: RequestBody, owner: UploadOwner, clock: Pick<Clock, "turn">) {
    this.#out = out;
    this.#body = body;
    this.#owner = owner;
    this.#clock = clock;
  }

  /** Whether the body, where there is one, can leave together with the head. */
  static fitsWithHead(body: RequestBody | undefined): body is BytesBody {
    return body?.kind === "bytes" && body.length <= WITH_HEAD && isWhole(body);
  }

  /**
   * Whether every byte is out of the caller's hands. A stream of a known length may not have said yet that it ends; bytes
   * that still wait to be taken are the caller's, who would be free to change them if the exchange were over.
   */
  get handedOver(): boolean {
    return this.#out.left === 0 && (this.#body.kind === "stream" || this.#onDrain === undefined);
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
    return this.#started && (this.#out.left ?? Infinity) <= LINGER_BYTES;
  }

  /** Why the body itself is to blame if the connection is lost now, or `undefined`. */
  get fault(): TypeError | undefined {
    const body = this.#body;
    return body.kind === "stream" || this.#done || isWhole(body) ? undefined : changedError(body);
  }

  start(): void {
    this.#started = true;
    const body = this.#body;
    if (body.kind === "stream") this.#sendStream(body).catch((error) => this.#fail(error));
    // Whoever starts it is in the middle of something, and must not find the exchange over when this returns.
    else if (!isWhole(body)) queueMicrotask(() => this.#fail(changedError(body)));
    else this.#sendBytes(body, 0);
  }

  /** What was written has been taken. */
  drained(): void {
    const resume = this.#onDrain;
    this.#onDrain = undefined;
    this.#owner.uploadMoved();
    resume?.();
  }

  /** Sends no more; a stream is cancelled with `reason`, unless it is `kept` for another attempt and was not begun. */
  stop(reason: unknown, kept = false): void {
    if (this.#stopped || this.#done) return;
    this.#stopped = true;
    this.#stopReason = reason;
    if (this.#reader !== undefined) cancelQuietly(this.#reader, reason);
    else if (!this.#started && !kept) discardBody(this.#body, reason);
    this.#onDrain?.();
  }

  #sendBytes(body: BytesBody, start: number): void {
    const { bytes, length } = body;
    for (let at = start; at < length; ) {
      if (this.#stopped) return;
      if (!isWhole(body)) return this.#fail(changedError(body));
      const end = Math.min(length, at + PIECE);
      this.#out.count(end - at);
      const taken = this.#out.write(bytes.subarray(at, end));
      at = end;
      if (taken) continue;
      this.#onDrain = () => this.#sendBytes(body, at);
      return;
    }
    // Stopped while it waited for the last piece to be taken, it ends the exchange no second time.
    if (this.#stopped) return;
    // What waited to be taken may have been sent short: nobody can tell any more.
    if (isWhole(body)) this.#finish();
    else this.#fail(changedError(body));
  }

  async #sendStream(body: StreamBody): Promise<void> {
    const reader = body.open();
    this.#reader = reader;
    // The function that made it may have ended the request.
    if (this.#stopped) return cancelQuietly(reader, this.#stopReason);
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#stopped) return;
      if (done) return this.#end();
      const piece = bytesOf(value);
      this.#out.count(piece.length);
      if (piece.length > STREAM_PIECE) await this.#sendParts(piece);
      else if (!this.#sendPiece(piece)) await this.#drain();
      if (this.#piecesAhead >= PIECES_PER_TURN) await this.#turn();
      if (this.#stopped) return;
    }
  }

  #end(): void {
    this.#out.end();
    this.#finish();
  }

  async #sendParts(piece: Uint8Array): Promise<void> {
    const size = piece.length;
    for (let at = 0; at < size && !this.#stopped; at += STREAM_PIECE) {
      if (piece.length !== size)
        throw new TypeError("A piece of the request body was transferred or shrunk while it was sent");
      if (!this.#sendPiece(piece.subarray(at, at + STREAM_PIECE))) await this.#drain();
    }
  }

  #sendPiece(piece: Uint8Array): boolean {
    this.#piecesAhead += 1;
    if (piece.length > 0) this.#owner.uploadMoved();
    return this.#out.write(piece);
  }

  #drain(): Promise<void> {
    this.#piecesAhead = 0;
    return new Promise((resolve) => {
      this.#onDrain = resolve;
    });
  }

  #turn(): Promise<void> {
    this.#piecesAhead = 0;
    return new Promise((resolve) => {
      this.#clock.turn(resolve, true);
    });
  }

  #finish(): void {
    this.#done = true;
    this.#owner.uploadDone();
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#reader !== undefined) cancelQuietly(this.#reader, error);
    this.#owner.uploadFailed(error);
  }
}

/** The request is over: sends no more of its body, and cancels what was not read of it. */
export function endUpload(upload: Upload | undefined, body: RequestBody | undefined, reason: unknown): void {
  if (upload === undefined) discardBody(body, reason);
  else upload.stop(reason);
}

/**
 * Whether the bytes are all there, still. Their length alone does not tell: in optimized code Node 20 has been seen to read
 * the former one of a buffer that was transferred, of which no part can be taken.
 */
function isWhole({ bytes, length }: BytesBody): boolean {
  if (bytes.length !== length) return false;
  try {
    bytes.subarray(0, 0);
    return true;
  } catch {
    return false;
  }
}

/** Those of another realm are as good. */
function bytesOf(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (ArrayBuffer.isView(piece) && Object.prototype.toString.call(piece) === "[object Uint8Array]")
    return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  throw new TypeError(`A request body stream must give Uint8Array: got ${typeof piece}`);
}

function changedError({ bytes, length }: BytesBody): TypeError {
  return new TypeError(
    `The request body was ${length} bytes, and its buffer has ${bytes.length} now: it was transferred or shrunk`,
  );
}
