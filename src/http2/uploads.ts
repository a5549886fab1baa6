/**
 * Uploads: sends the bodies of requests as far as the windows allow (RFC 9113 §6.9). Streams take turns, a frame each. Nothing
 * is sent while the socket is behind, so that what waits in memory is bounded.
 */

import { ProtocolError } from "../contract/errors.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { FLAG, FRAME, INITIAL_WINDOW, LARGEST, writeFrame } from "./frames.ts";
import { FRAME_BYTES } from "./limits.ts";
import type { Http2Stream } from "./stream.ts";

/** The socket gets what was written when it is as much as this. */
const WRITE_BYTES = 262_144;

/** The uploads of one connection. */
export class Uploads {
  /** What we may send on the connection. */
  window: number = INITIAL_WINDOW;
  /** The window of a new stream. */
  streamWindow: number = INITIAL_WINDOW;
  /** Whether the socket accepts more. */
  isAccepting = true;
  /** Streams that have something to send, or are to be told that it was sent. */
  #queue: Http2Stream[] = [];
  /** Streams that wait for the window of the connection. */
  #stalled: Http2Stream[] = [];
  #isPumping = false;
  #open = 0;
  readonly #out: ByteWriter;
  /** Passes what was written to the socket. Returns whether it accepts more. */
  readonly #flush: () => boolean;
  /** A frame of DATA was written. */
  readonly #sent: () => void;

  constructor(out: ByteWriter, flush: () => boolean, sent: () => void) {
    this.#out = out;
    this.#flush = flush;
    this.#sent = sent;
  }

  /** How many requests are not sent completely. */
  get open(): number {
    return this.#open;
  }

  /** The body of a request follows its head. */
  opens(): void {
    this.#open += 1;
  }

  /** END_STREAM was written, or the stream is over. */
  ended(stream: Http2Stream): void {
    if (stream.sentEnd) return;
    stream.sentEnd = true;
    this.#open -= 1;
  }

  /** A stream has a body that went with its head. Its exchange is not told. */
  begin(stream: Http2Stream): void {
    this.#enqueue(stream);
    this.pump();
  }

  /** A stream has a new piece. Returns whether it was sent, and the socket accepts more. */
  add(stream: Http2Stream): boolean {
    stream.awaitsDrain = false;
    this.#enqueue(stream);
    this.pump();
    if (stream.piece === undefined && this.isAccepting) return true;
    stream.awaitsDrain = true;
    if (stream.piece === undefined) this.#enqueue(stream);
    return false;
  }

  /** The window of the connection was opened. Returns whether it is too large now. */
  opened(bytes: number): boolean {
    this.window += bytes;
    if (this.window > LARGEST) return true;
    if (this.#stalled.length > 0) {
      this.#queue.push(...this.#stalled);
      this.#stalled = [];
      this.pump();
    }
    return false;
  }

  /** The window of a stream was opened. Returns whether it is too large now. */
  openedOn(stream: Http2Stream, bytes: number): boolean {
    const isTooLarge = this.widened(stream, bytes);
    this.pump();
    return isTooLarge;
  }

  /** The same, but nothing is sent yet: settings count for the peer when they are acknowledged (§6.5.3). */
  widened(stream: Http2Stream, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.piece !== undefined && stream.sendWindow > 0) this.#enqueue(stream);
    return stream.sendWindow > LARGEST;
  }

  /** Sends what can be sent. A stream that is told so may add its next piece within that call. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.isAccepting) {
      const stream = this.#queue.shift();
      if (stream === undefined) break;
      stream.isQueued = false;
      if (stream.isOver) stream.piece = undefined;
      else if (stream.piece === undefined) this.#tell(stream);
      else this.#sendFrame(stream, stream.piece);
      if (this.#out.length >= WRITE_BYTES) this.isAccepting = this.#flush();
    }
    this.#isPumping = false;
  }

  #enqueue(stream: Http2Stream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#queue.push(stream);
  }

  #tell(stream: Http2Stream): void {
    if (!stream.awaitsDrain) return;
    stream.awaitsDrain = false;
    stream.listener?.drained();
  }

  #sendFrame(stream: Http2Stream, piece: Uint8Array): void {
    const left = stream.pieceLength - stream.pieceAt;
    const size = Math.min(left, stream.sendWindow, this.window, FRAME_BYTES);
    if (size <= 0) {
      if (stream.sendWindow <= 0) return;
      stream.isQueued = true;
      this.#stalled.push(stream);
      return;
    }
    const part = partOf(piece, stream.pieceAt, size);
    if (part === undefined) return this.#abandon(stream);
    this.#write(stream, part, stream.isLastPiece && size === left);
    if (size < left) return this.#enqueue(stream);
    stream.piece = undefined;
    if (stream.awaitsDrain) this.#enqueue(stream);
  }

  #write(stream: Http2Stream, part: Uint8Array, isLast: boolean): void {
    const out = this.#out;
    writeFrame(out, part.length, FRAME.data, isLast ? FLAG.endStream : 0, stream.id);
    out.bytes.set(part, out.length);
    out.length += part.length;
    stream.pieceAt += part.length;
    stream.sendWindow -= part.length;
    this.window -= part.length;
    if (isLast) this.ended(stream);
    this.#sent();
  }

  /** The upload finds out that its buffer has changed when it is told to go on. A body that went with its head has none. */
  #abandon(stream: Http2Stream): void {
    stream.piece = undefined;
    if (stream.awaitsDrain) return this.#enqueue(stream);
    const message = "The buffer of the request body was transferred or shrunk before it was sent";
    const facts = { phase: "send", sent: "partial", message } as const;
    stream.listener?.fault(new ProtocolError("local", "bad-content-length", facts));
  }
}

/** A part of a piece; `undefined` if its buffer was transferred or shrunk meanwhile, on which `subarray` may throw. */
function partOf(piece: Uint8Array, start: number, size: number): Uint8Array | undefined {
  try {
    const part = piece.subarray(start, start + size);
    return part.length === size ? part : undefined;
  } catch {
    return undefined;
  }
}
