/**
 * Frame reader: cuts what arrives into frames. The payload of DATA is handed on as it comes, from the buffer that it was read
 * into. Any other frame is handed on whole, and is copied only if it arrived in pieces.
 */

import { ByteWriter } from "./byte-writer.ts";
import { CODE, FLAG, FRAME, FRAME_HEADER, INITIAL_FRAME_SIZE, uint31 } from "./frames.ts";
import { notHttp2, peerFault } from "./peer-fault.ts";

/** What comes before a payload. There is one object per connection, which is used again for each frame. */
export interface FrameHeader {
  type: number;
  flags: number;
  /** The stream; 0 for the connection. */
  id: number;
  /** Bytes of the payload, padding included. */
  size: number;
}

/** Takes the frames. Any of its functions may throw a {@linkcode PeerFault}. */
export interface FrameSink {
  /** The session is over: nothing more is handed on. */
  readonly over: boolean;
  /** DATA begins. Its whole payload, padding included, counts in the windows. */
  dataBegins(header: FrameHeader): void;
  data(bytes: Uint8Array, start: number, end: number): void;
  dataEnds(): void;
  /** Any other frame. The payload is valid only during the call. */
  frame(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void;
}

/** Reads the frames of one connection. After an error it must not be fed again. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header: FrameHeader = { type: 0, flags: 0, id: 0, size: 0 };
  /** The beginning of a frame whose rest has not arrived. */
  readonly #partial = new ByteWriter(64);
  #inData = false;
  /** The DATA frame at hand: bytes still to come, and padding after them. */
  #left = 0;
  #padding = 0;
  /** The first byte of its payload is the length of the padding, and has not arrived. */
  #padded = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** @throws {PeerFault} if a frame breaks the protocol. */
  feed(bytes: Uint8Array, length: number): void {
    const sink = this.#sink;
    let at = this.#inData ? this.#readData(bytes, 0, length) : 0;
    if (this.#partial.length > 0) at = this.#complete(bytes, at, length);
    while (length - at >= FRAME_HEADER && !sink.over) {
      const { type, size } = this.#readHeader(bytes, at);
      const start = at + FRAME_HEADER;
      if (type === FRAME.data) {
        at = this.#beginData(bytes, start, length);
        continue;
      }
      if (length - start < size) break;
      at = start + size;
      sink.frame(this.#header, bytes, start, at);
    }
    if (at < length && !sink.over) this.#partial.copy(bytes, at, length);
  }

  /** Adds to the frame that arrives in pieces. Returns the position after what was taken. */
  #complete(bytes: Uint8Array, start: number, end: number): number {
    const partial = this.#partial;
    let at = this.#take(FRAME_HEADER, bytes, start, end);
    if (partial.length < FRAME_HEADER) return at;
    const { type, size } = this.#readHeader(partial.bytes, 0);
    if (type === FRAME.data) {
      partial.clear();
      return this.#beginData(bytes, at, end);
    }
    at = this.#take(FRAME_HEADER + size, bytes, at, end);
    if (partial.length < FRAME_HEADER + size) return at;
    partial.clear();
    this.#sink.frame(this.#header, partial.bytes, FRAME_HEADER, FRAME_HEADER + size);
    return at;
  }

  #readHeader(bytes: Uint8Array, at: number): FrameHeader {
    const header = this.#header;
    header.size =
      ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    header.type = bytes[at + 3] as number;
    header.flags = bytes[at + 4] as number;
    header.id = uint31(bytes, at + 5);
    if (header.size <= INITIAL_FRAME_SIZE) return header;
    // "HTT", "P", "/", "1.1 ": no frame of HTTP/2 has this size.
    if (header.size === 0x48_54_54 && header.type === 0x50 && header.flags === 0x2f) throw notHttp2();
    const problem = `has ${header.size} bytes, and ${INITIAL_FRAME_SIZE} are allowed`;
    throw peerFault(CODE.frameSizeError, "bad-frame", header.type, header.id, problem);
  }

  /** Takes bytes until the frame has as many. */
  #take(most: number, bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + Math.max(0, most - this.#partial.length));
    this.#partial.copy(bytes, start, stop);
    return stop;
  }

  #beginData(bytes: Uint8Array, start: number, end: number): number {
    const header = this.#header;
    this.#padded = (header.flags & FLAG.padded) !== 0;
    if (this.#padded && header.size === 0)
      throw peerFault(CODE.frameSizeError, "bad-frame", FRAME.data, header.id, "has no room for its padding");
    this.#inData = true;
    this.#left = header.size;
    this.#padding = 0;
    this.#sink.dataBegins(header);
    return this.#readData(bytes, start, end);
  }

  #readData(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#padded) {
      if (at === end) return at;
      this.#readPadding(bytes[at++] as number);
    }
    const stop = Math.min(end, at + this.#left);
    this.#left -= stop - at;
    if (stop > at) this.#sink.data(bytes, at, stop);
    const skipped = Math.min(end - stop, this.#padding);
    this.#padding -= skipped;
    if (this.#left === 0 && this.#padding === 0) {
      this.#inData = false;
      this.#sink.dataEnds();
    }
    return stop + skipped;
  }

  #readPadding(padding: number): void {
    if (padding >= this.#left)
      throw peerFault(CODE.protocolError, "bad-frame", FRAME.data, this.#header.id, PADDING);
    this.#padded = false;
    this.#left -= 1 + padding;
    this.#padding = padding;
  }
}

/** What is wrong with a frame whose padding takes all of its payload or more. */
export const PADDING = "has more padding than payload";
