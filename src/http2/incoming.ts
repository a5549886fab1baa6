/**
 * Incoming: what the peer's frames do (RFC 9113 §6). It keeps their order, the windows, and count of what brings no progress;
 * what ends a stream or takes one away is the session's.
 */

import type { TextCodec } from "../contract/transport.ts";
import type { ResponseLimits } from "../options/options.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { type BlockSink, FieldBlocks } from "./field-blocks.ts";
import { type FrameHeader, FrameReader, type FrameSink } from "./frame-reader.ts";
import { CODE, FLAG, FRAME, uint31, uint32, writeFrame, writeNumber } from "./frames.ts";
import { CONNECTION_WINDOW, EMPTY_DATA_COST, IDLE_FRAMES, REFUND, WAITING_ANSWERS } from "./limits.ts";
import { peerFault } from "./peer-fault.ts";
import { checkSize, checkStream, readSettings, type SettingsSink } from "./peer-settings.ts";
import { ResponseReader, type StreamFault } from "./response-reader.ts";
import type { Http2Stream } from "./stream.ts";

/** The session, as the peer's frames see it. */
export interface IncomingOwner {
  readonly over: boolean;
  readonly out: ByteWriter;
  /**
   * The open stream with this number, for a frame of this type; `undefined` if the frame is to be ignored. `isLast`: the peer
   * sends nothing more on it.
   *
   * @throws {PeerFault} if the peer may not send such a frame.
   */
  streamOf(type: number, id: number, isLast: boolean): Http2Stream | undefined;
  /** The response breaks the protocol: the stream is reset. */
  failStream(stream: Http2Stream, fault: StreamFault): void;
  /** The response is complete. */
  responseEnded(stream: Http2Stream, trailers: string): void;
  streamReset(stream: Http2Stream, code: number): void;
  /** `debug`: what the peer adds for people. */
  goaway(lastId: number, code: number, debug: string): void;
  /** @throws {PeerFault} if a window gets too large. */
  setting(setting: number, value: number): void;
  /** All settings of a frame were passed on. */
  settled(): void;
  /** Returns whether the window is too large now. `stream` is `undefined` for the connection's. */
  windowOpened(stream: Http2Stream | undefined, bytes: number): boolean;
}

/** What is read of what a peer adds to a GOAWAY. */
const DEBUG_BYTES = 80;

/** The frames of one connection. */
export class Incoming implements FrameSink, BlockSink, SettingsSink {
  readonly #owner: IncomingOwner;
  readonly #text: TextCodec;
  readonly #frames: FrameReader = new FrameReader(this);
  readonly #blocks: FieldBlocks;
  readonly #responses: ResponseReader;
  /** The peer's SETTINGS have come. */
  #isSettled = false;
  /** What the peer may still send on the connection. */
  #window = CONNECTION_WINDOW;
  /** The DATA frame being read: its stream, if it is of interest, its flags and size, and whether it has any data. */
  #dataStream: Http2Stream | undefined = undefined;
  #dataFlags = 0;
  #dataSize = 0;
  #isEmpty = true;
  /** Streams whose listeners are to be told that all that came at once was passed on. */
  #touched: Http2Stream[] = [];
  #budget = IDLE_FRAMES;
  /** Answers that were written and not passed on. */
  #answers = 0;

  constructor(owner: IncomingOwner, limits: Required<ResponseLimits>, text: TextCodec) {
    this.#owner = owner;
    this.#text = text;
    this.#blocks = new FieldBlocks(this, limits);
    this.#responses = new ResponseReader(limits, text);
  }

  get over(): boolean {
    return this.#owner.over;
  }

  /** @throws {PeerFault} if the peer breaks the protocol. */
  receive(bytes: Uint8Array, length: number): void {
    this.progressed();
    this.#frames.feed(bytes, length);
    const touched = this.#touched;
    if (touched.length === 0) return;
    this.#touched = [];
    for (const stream of touched) {
      stream.isTouched = false;
      if (!stream.ended) stream.listener?.progress();
    }
  }

  /** Something was achieved: frames that achieve nothing are forgiven. */
  progressed(): void {
    this.#budget = Math.min(IDLE_FRAMES, this.#budget + REFUND);
  }

  /** What was written has been passed on. */
  flushed(): void {
    this.#answers = 0;
  }

  // DATA

  dataBegins({ flags, id, size }: FrameHeader): void {
    this.#checkOrder(FRAME.data, id);
    checkStream(FRAME.data, id, false);
    this.#dataFlags = flags;
    this.#dataSize = size;
    this.#isEmpty = true;
    this.#takeFromConnection(id, size);
    const isLast = (flags & FLAG.endStream) !== 0;
    const stream = this.#owner.streamOf(FRAME.data, id, isLast);
    this.#dataStream = stream;
    if (stream === undefined) return this.#spend(FRAME.data, id, 1);
    stream.responded = true;
    this.#unless(stream, this.#responses.dataBegins(stream, size));
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    const stream = this.#dataStream;
    if (stream === undefined || stream.isOver) return;
    this.#isEmpty = false;
    this.#unless(stream, this.#responses.data(stream, bytes, start, end));
  }

  dataEnds(): void {
    const stream = this.#dataStream;
    if (stream === undefined) return;
    const isLast = (this.#dataFlags & FLAG.endStream) !== 0;
    if (!this.#isEmpty || isLast) this.progressed();
    else this.#spend(FRAME.data, stream.id, EMPTY_DATA_COST);
    this.#dataStream = undefined;
    if (stream.isOver) return;
    if (!isLast) {
      stream.took(this.#dataSize);
      return this.#touch(stream);
    }
    if (this.#unless(stream, this.#responses.endOfBody(stream, FRAME.data)))
      this.#owner.responseEnded(stream, "");
  }

  /** The window of the connection is given back however slow a reader is: that of its stream holds it back. */
  #takeFromConnection(id: number, size: number): void {
    this.#window -= size;
    if (this.#window < 0)
      throw peerFault(
        CODE.flowControlError,
        "flow-control",
        FRAME.data,
        id,
        "is larger than the connection's window",
      );
    const taken = CONNECTION_WINDOW - this.#window;
    if (2 * taken < CONNECTION_WINDOW) return;
    this.#window = CONNECTION_WINDOW;
    writeNumber(this.#owner.out, FRAME.windowUpdate, 0, taken);
  }

  // Field blocks

  block(id: number, isLast: boolean, bytes: Uint8Array, start: number, end: number): void {
    const stream = this.#owner.streamOf(FRAME.headers, id, isLast);
    if (stream === undefined) {
      this.#spend(FRAME.headers, id, 1);
      return this.#responses.ignore(id, bytes, start, end);
    }
    stream.responded = true;
    const hadHead = stream.hasHead;
    const fault = this.#responses.block(stream, isLast, bytes, start, end);
    this.progressed();
    if (!this.#unless(stream, fault)) return;
    if (isLast) this.#owner.responseEnded(stream, hadHead ? this.#responses.trailers : "");
    else if (stream.hasHead) this.#touch(stream);
  }

  /** Resets the stream if there is a fault. Returns whether the stream goes on: a listener may have left it. */
  #unless(stream: Http2Stream, fault: StreamFault | undefined): boolean {
    if (fault !== undefined) this.#owner.failStream(stream, fault);
    return !stream.isOver;
  }

  #touch(stream: Http2Stream): void {
    if (stream.isTouched) return;
    stream.isTouched = true;
    this.#touched.push(stream);
  }

  // All other frames

  frame(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    const { type, id } = header;
    this.#checkOrder(type, id);
    if (type === FRAME.headers) return this.#blocks.headers(header, bytes, start, end);
    if (type === FRAME.continuation) return this.#blocks.continuation(header, bytes, start, end);
    if (type === FRAME.windowUpdate) return this.#windowUpdate(id, bytes, start, end);
    this.#spend(type, id, 1);
    if (type === FRAME.settings) this.#settings(header, bytes, start, end);
    else if (type === FRAME.ping) this.#ping(header, bytes, start, end);
    else if (type === FRAME.rstStream) this.#rstStream(id, bytes, start, end);
    else if (type === FRAME.goaway) this.#goaway(id, bytes, start, end);
    else if (type === FRAME.priority) this.#priority(id, start, end);
    else if (type === FRAME.pushPromise)
      throw peerFault(CODE.protocolError, "unexpected-frame", type, id, "came although we allow no push");
    // Frames of unknown types are ignored (§5.5).
  }

  /** SETTINGS come first (§3.4), and nothing comes between HEADERS and its CONTINUATIONs (§6.10). */
  #checkOrder(type: number, id: number): void {
    if (!this.#isSettled && type !== FRAME.settings)
      throw peerFault(CODE.protocolError, "unexpected-frame", type, id, "came before SETTINGS");
    const { open } = this.#blocks;
    const follows = type === FRAME.continuation && id === open;
    if (open !== 0 ? follows : type !== FRAME.continuation) return;
    const problem = open === 0 ? "continues nothing" : `interrupts the field block of stream ${open}`;
    throw peerFault(CODE.protocolError, "unexpected-frame", type, id, problem);
  }

  /** A frame without progress. */
  #spend(type: number, id: number, cost: number): void {
    this.#budget -= cost;
    if (this.#budget >= 0) return;
    const problem = "is one of too many frames that bring nothing";
    throw peerFault(CODE.enhanceYourCalm, "flood", type, id, problem);
  }

  #answer(type: number): void {
    this.#answers += 1;
    if (this.#answers <= WAITING_ANSWERS) return;
    const problem = "is one of too many whose answer waits for a peer that does not read";
    throw peerFault(CODE.enhanceYourCalm, "flood", type, 0, problem);
  }

  #settings(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    const isAnswer = readSettings(this, header, bytes, start, end);
    if (isAnswer) {
      if (this.#isSettled) return;
      const problem = "acknowledges settings before the peer's own";
      throw peerFault(CODE.protocolError, "unexpected-frame", FRAME.settings, 0, problem);
    }
    this.#isSettled = true;
    this.#answer(FRAME.settings);
    writeFrame(this.#owner.out, 0, FRAME.settings, FLAG.ack, 0);
    this.#owner.settled();
  }

  setting(setting: number, value: number): void {
    this.#owner.setting(setting, value);
  }

  #ping({ flags, id }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    checkStream(FRAME.ping, id, true);
    checkSize(FRAME.ping, 0, end - start, 8);
    if ((flags & FLAG.ack) !== 0) return;
    this.#answer(FRAME.ping);
    writeFrame(this.#owner.out, 8, FRAME.ping, FLAG.ack, 0);
    this.#owner.out.copy(bytes, start, end);
  }

  #rstStream(id: number, bytes: Uint8Array, start: number, end: number): void {
    checkStream(FRAME.rstStream, id, false);
    checkSize(FRAME.rstStream, id, end - start, 4);
    const stream = this.#owner.streamOf(FRAME.rstStream, id, true);
    if (stream === undefined) return;
    this.#owner.streamReset(stream, uint32(bytes, start));
  }

  #goaway(id: number, bytes: Uint8Array, start: number, end: number): void {
    checkStream(FRAME.goaway, id, true);
    if (end - start < 8) checkSize(FRAME.goaway, 0, end - start, 8);
    const debug = this.#text.latin1(bytes, start + 8, Math.min(end, start + 8 + DEBUG_BYTES));
    this.#owner.goaway(uint31(bytes, start), uint32(bytes, start + 4), debug);
  }

  /** The tree of priorities is deprecated (§5.3.2). */
  #priority(id: number, start: number, end: number): void {
    checkStream(FRAME.priority, id, false);
    checkSize(FRAME.priority, id, end - start, 5);
  }

  #windowUpdate(id: number, bytes: Uint8Array, start: number, end: number): void {
    checkSize(FRAME.windowUpdate, id, end - start, 4);
    const increment = uint31(bytes, start);
    this.#spend(FRAME.windowUpdate, id, 1);
    const stream = id === 0 ? undefined : this.#owner.streamOf(FRAME.windowUpdate, id, false);
    if (id !== 0 && stream === undefined) return;
    const isTooLarge = increment > 0 && this.#owner.windowOpened(stream, increment);
    if (increment > 0 && !isTooLarge) return;
    const code = isTooLarge ? CODE.flowControlError : CODE.protocolError;
    const problem = isTooLarge ? "makes a window larger than 2^31-1" : "opens a window by 0";
    const type = FRAME.windowUpdate;
    if (stream === undefined) throw peerFault(code, "flow-control", type, 0, problem);
    this.#owner.failStream(stream, { code, type, fault: "flow-control", problem });
  }
}
