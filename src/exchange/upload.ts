/**
 * Upload: sends a request body that follows its head, with backpressure. Bytes in memory are written in pieces, so that
 * progress is visible. A stream is read only as fast as the peer accepts its bytes.
 */

import type { Clock } from "../contract/clock.ts";
import type { WireBody } from "../contract/wire.ts";
import { unneededError } from "./exchange-errors.ts";
import { LINGER_BYTES } from "./phase.ts";
import {
  type BytesBody,
  cancelQuietly,
  discardBody,
  type PieceReader,
  type RequestBody,
  type StreamBody,
} from "./request-body.ts";
import type { ExchangeFailure } from "./request-events.ts";

/** The exchange, as its upload sees it. */
export interface UploadOwner {
  /** The upload has made progress. */
  uploadMoved(): void;
  /** All of the body is written. */
  uploadDone(): void;
  /** The body could not be read, or does not have the announced length. */
  uploadFailed(error: unknown): void;
}

/** Size of a write: large enough for throughput, small enough to make progress visible. */
const PIECE = 131_072;

/** Size of a write from a stream. Its pieces are in memory anyway, and each chunk costs a write. */
const STREAM_PIECE = 1_048_576;

/** The largest body that is sent with its head, in one write. */
const WITH_HEAD = 65_536;

/**
 * The most pieces that are sent without a turn of the event loop. Otherwise a stream that never waits would block timers and
 * responses.
 */
const PIECES_PER_TURN = 256;

/** Sends one body. */
export class Upload {
  #done = false;
  #started = false;
  #onDrain: (() => void) | undefined;
  #reader: PieceReader | undefined;
  /** Pieces sent since the last wait for the socket or the event loop. */
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

  /** Whether the body can be sent together with its head. */
  static fitsWithHead(body: RequestBody | undefined): body is BytesBody {
    return body?.kind === "bytes" && body.length <= WITH_HEAD && isWhole(body);
  }

  /**
   * Whether the caller may reuse its memory: every byte was written, and bytes in memory were accepted by the kernel. The
   * caller could change them once the exchange is over. A stream of known length need not have ended yet.
   */
  get handedOver(): boolean {
    return this.#out.left === 0 && (this.#body.kind === "stream" || this.#onDrain === undefined);
  }

  /** Whether sending has started. A stream cannot be read again then. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * Whether so little is left to send after a complete response that the connection is worth it. If `100 Continue` never
   * came, it is unknown whether the server expects the body, so that nothing may follow.
   */
  get isWorthFinishing(): boolean {
    return this.#started && (this.#out.left ?? Infinity) <= LINGER_BYTES;
  }

  /** The error if the body itself is to blame for a lost connection. */
  get fault(): TypeError | undefined {
    const body = this.#body;
    return body.kind === "stream" || this.#done || isWhole(body) ? undefined : changedError(body);
  }

  start(): void {
    this.#started = true;
    const body = this.#body;
    if (body.kind === "stream") this.#sendStream(body).catch((error) => this.#fail(error));
    // Deferred: the caller of `start` does not expect that the exchange is over when it returns.
    else if (!isWhole(body)) queueMicrotask(() => this.#fail(changedError(body)));
    else this.#sendBytes(body, 0);
  }

  /** The peer accepts more. */
  drained(): void {
    const resume = this.#onDrain;
    this.#onDrain = undefined;
    this.#owner.uploadMoved();
    resume?.();
  }

  /** Stops sending. A stream is cancelled with `reason`, unless it has not started and the request will be resent. */
  stop(reason: unknown, willResend = false): void {
    if (this.#stopped || this.#done) return;
    this.#stopped = true;
    this.#stopReason = reason;
    if (this.#reader !== undefined) cancelQuietly(this.#reader, reason);
    else if (!this.#started && !willResend) discardBody(this.#body, reason);
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
      const goOn = () => this.#sendBytes(body, at);
      this.#onDrain = goOn;
      return;
    }
    // If it was stopped while the last piece was pending, the exchange is over already.
    if (this.#stopped) return;
    // If the buffer has changed, the pending piece may have been sent short.
    if (isWhole(body)) this.#finish();
    else this.#fail(changedError(body));
  }

  async #sendStream(body: StreamBody): Promise<void> {
    const reader = body.open();
    this.#reader = reader;
    // The function that opened the body may have ended the request.
    if (this.#stopped) return cancelQuietly(reader, this.#stopReason);
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#stopped) return;
      if (done) return this.#end(body.trailers);
      const piece = bytesOf(value);
      this.#out.count(piece.length);
      if (piece.length > STREAM_PIECE) await this.#sendParts(piece);
      else if (!this.#sendPiece(piece)) await this.#drain();
      if (this.#piecesAhead >= PIECES_PER_TURN) await this.#turn();
      if (this.#stopped) return;
    }
  }

  #end(trailers: StreamBody["trailers"]): void | Promise<void> {
    this.#reader = undefined;
    if (trailers !== undefined) return this.#endBehind(trailers);
    this.#out.end();
    this.#finish();
  }

  async #endBehind(trailers: NonNullable<StreamBody["trailers"]>): Promise<void> {
    const lines = await trailers();
    if (this.#stopped) return;
    this.#out.end(lines);
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

/** The request is over: stops the upload, or cancels the body of a request that failed before it was sent. */
export function endUpload(
  upload: Upload | undefined,
  body: RequestBody | undefined,
  failure: ExchangeFailure | undefined,
): void {
  if (failure === undefined) upload?.stop(unneededError());
  else if (upload === undefined) discardBody(body, failure.error);
  else upload.stop(failure.error);
}

/**
 * Whether the buffer is unchanged. The length alone is no proof: optimized code on Node 20 was seen to read the former
 * length of a transferred buffer, on which `subarray` throws.
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

/** Accepts a `Uint8Array` of any realm. */
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
