/** Stream: one request and its response on an HTTP/2 connection. It is both what the exchange reads and what it writes. */

import type { RetireReason } from "../contract/reasons.ts";
import type { TransportError } from "../contract/transport.ts";
import type {
  ForwardedBy,
  RequestMessage,
  WireBody,
  WireHints,
  WireListener,
  WireStream,
} from "../contract/wire.ts";
import { lengthError } from "../http1/send/body-writer.ts";
import { NO_HINTS } from "../rules/rules.ts";
import { LARGEST_STREAM_WINDOW, STREAM_WINDOW } from "./limits.ts";

/** The session, as its streams see it. */
export interface StreamOwner {
  /** Whether it takes no further streams. */
  readonly gone: boolean;
  /** What the peer said when it took no more streams, if it said so. */
  readonly lastGoaway: TransportError | undefined;
  /** Nothing has come since the requests of streams from this one on were sent. */
  readonly unheardFrom: number;
  sendRequest(stream: Http2Stream, request: RequestMessage, by: ForwardedBy | undefined): void;
  /** The stream has a piece to send. Returns whether the socket accepts more. */
  sendPiece(stream: Http2Stream): boolean;
  sendEnd(stream: Http2Stream, trailers: string): void;
  /** The peer may send `bytes` more on the stream. */
  giveBack(stream: Http2Stream, bytes: number): void;
  /** Whether the process is kept alive for this stream. */
  ref(stream: Http2Stream, awaited: boolean): void;
  /** The exchange has left the stream. Returns why the connection ends, if it has ended. */
  left(stream: Http2Stream): RetireReason | undefined;
}

/** One stream. What is not private belongs to the session. */
export class Http2Stream implements WireStream, WireBody {
  /** Its number; 0 until the request is sent. */
  id = 0;
  listener: WireListener | undefined;
  readonly owner: StreamOwner;
  /** Whether a reader waits for it. */
  awaited = true;

  // The response

  responded = false;
  remaining: number | undefined = undefined;
  /** The final head has come. */
  hasHead = false;
  /** The request's method was HEAD. */
  toHead = false;
  /** All of the response has come. */
  ended = false;
  /** The session has removed the stream: nothing more comes or goes. */
  isOver = false;
  /** It is among those to be told that all that came at once was passed on. */
  isTouched = false;
  interimCount = 0;
  interimBytes = 0;
  /** What the peer may still send. */
  receiveWindow: number = STREAM_WINDOW;
  /** What has come and was not given back to the window. */
  #taken = 0;
  #window = STREAM_WINDOW;
  #isPaused = false;

  // The request

  /** What we may still send; below 0 after the peer has made the windows smaller. */
  sendWindow = 0;
  left: number | undefined = 0;
  /** What is being sent, its length when it was given, and how far it was sent. */
  piece: Uint8Array | undefined = undefined;
  pieceLength = 0;
  pieceAt = 0;
  /** Nothing follows the piece. */
  isLastPiece = false;
  /** END_STREAM was written. */
  sentEnd = false;
  /** It waits in the queue of the uploads. */
  isQueued = false;
  /** The exchange waits for {@linkcode WireListener.drained}. */
  awaitsDrain = false;
  /** The length of the body that follows the head; `undefined`: not known. */
  #length: number | undefined = undefined;
  #written = 0;

  constructor(owner: StreamOwner, listener: WireListener) {
    this.owner = owner;
    this.listener = listener;
  }

  // WireStream

  get gone(): boolean {
    return this.owner.gone;
  }

  get farewell(): TransportError | undefined {
    return this.owner.lastGoaway;
  }

  get unheard(): boolean {
    return this.id >= this.owner.unheardFrom;
  }

  send(request: RequestMessage, _last: boolean, by: ForwardedBy | undefined, body?: Uint8Array): void {
    this.toHead = request.method === "HEAD";
    if (body !== undefined && body.length > 0) {
      this.piece = body;
      this.pieceLength = body.length;
      this.isLastPiece = true;
    }
    this.owner.sendRequest(this, request, by);
  }

  openBody(length: number | undefined): WireBody {
    this.#length = length;
    this.left = length;
    return this;
  }

  get framingEnd(): undefined {
    return undefined;
  }

  get announcedEnd(): undefined {
    return undefined;
  }

  /** HTTP/2 has no `Keep-Alive` field. */
  hints(): WireHints {
    return NO_HINTS;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#giveBack(false);
  }

  ref(awaited: boolean): void {
    if (this.awaited === awaited) return;
    this.owner.ref(this, awaited);
  }

  /** `reason` is why a connection of HTTP/1.1 would end. Other streams go on here. */
  close(): RetireReason | undefined {
    return this.owner.left(this);
  }

  // WireBody

  count(bytes: number): void {
    if (this.left === undefined || this.#length === undefined) return;
    if (bytes > this.left) throw lengthError(this.#length, `more than ${this.#length}`);
    this.left -= bytes;
  }

  write(piece: Uint8Array): boolean {
    if (piece.length === 0 || this.isOver) return true;
    if (this.piece !== undefined)
      throw new Error("Bug in Holdfast: a piece was written before the last was sent");
    this.#written += piece.length;
    this.piece = piece;
    this.pieceLength = piece.length;
    this.pieceAt = 0;
    this.isLastPiece = this.#written === this.#length;
    return this.owner.sendPiece(this);
  }

  /** A body of known length has ended with its last byte. As over HTTP/1.1 it has no place for trailers. */
  end(trailers = ""): void {
    if (this.left !== undefined && this.left > 0)
      throw lengthError(this.#length, `${(this.#length ?? 0) - this.left}`);
    this.left = 0;
    if (this.#length === undefined && !this.isOver) this.owner.sendEnd(this, trailers);
  }

  // The session's side

  /** Bytes of DATA have come, padding included. */
  took(bytes: number): void {
    this.#taken += bytes;
    if (!this.#isPaused) this.#giveBack(true);
  }

  /**
   * Lets the peer send on. Half a window at a time: a frame for each piece would cost more than it brings. The window of a
   * reader that keeps up grows.
   */
  #giveBack(keepsUp: boolean): void {
    const isEnough = this.remaining !== undefined && this.remaining <= this.receiveWindow;
    if (this.ended || this.isOver || isEnough || 2 * this.#taken < this.#window) return;
    const grown = keepsUp ? Math.min(2 * this.#window, LARGEST_STREAM_WINDOW) : this.#window;
    const bytes = this.#taken + grown - this.#window;
    this.#window = grown;
    this.#taken = 0;
    this.receiveWindow += bytes;
    this.owner.giveBack(this, bytes);
  }
}
