/**
 * Session: one HTTP/2 connection without its socket (RFC 9113). Bytes go in, and come out in one writer; what the peer says
 * reaches the listeners of the streams within the call. It knows no promise, timer or clock.
 */

import { ProtocolError, type Sent } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import { type TextCodec, TransportError } from "../contract/transport.ts";
import type { ForwardedBy, RequestMessage, WireListener } from "../contract/wire.ts";
import type { ResponseLimits } from "../options/options.ts";
import { ByteWriter } from "./byte-writer.ts";
import {
  CODE,
  codeName,
  FLAG,
  FRAME,
  INITIAL_WINDOW,
  LARGEST,
  PREFACE,
  SETTING,
  writeBlock,
  writeFrame,
  writeGoaway,
  writeNumber,
  writeSettings,
} from "./frames.ts";
import { Incoming, type IncomingOwner } from "./incoming.ts";
import {
  CONNECTION_WINDOW,
  FAULTY_STREAMS,
  MOST_STREAMS,
  REFUSALS,
  STREAM_WINDOW,
  STREAMS_AT_FIRST,
} from "./limits.ts";
import { frameError, PeerFault, peerFault } from "./peer-fault.ts";
import { settingFault } from "./peer-settings.ts";
import { saidOf } from "./peer-words.ts";
import { RequestBlocks } from "./request-block.ts";
import { sizeBeyond, trailersBeyond } from "./request-fields.ts";
import { ResetStreams } from "./reset-streams.ts";
import type { StreamFault } from "./response-reader.ts";
import { Http2Stream, type StreamOwner } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";
import { Uploads } from "./uploads.ts";

/** What the session tells the wire. */
export interface SessionOwner {
  /** Something was written to `out`, which is to be passed on before the turn ends. */
  wrote(): void;
  /** The same, and it was a request. */
  requested(): void;
  /** Passes on what was written. Returns whether the socket accepts more. */
  flush(): boolean;
  /** Whether the socket is known to have ended. */
  readonly lost: boolean;
  /** Whether the process is kept alive for a response. */
  ref(awaited: boolean): void;
  capacityChanged(capacity: number): void;
  retire(reason: RetireReason, taken?: number): void;
  /** The peer has broken the protocol. GOAWAY is written. The wire ends the session. */
  broken(fault: PeerFault): void;
}

/** What a session needs of the options. */
export interface SessionOptions {
  readonly limits: Required<ResponseLimits>;
  /** The most streams at a time, whatever the peer allows. */
  readonly maxStreams: number;
}

/** The streams of one connection. */
export class Session implements IncomingOwner, StreamOwner {
  over = false;
  /** What is to be written. */
  readonly out: ByteWriter = new ByteWriter(1024);
  /** Why the peer ended the connection, if it said so: the streams that it may have processed are lost for that reason. */
  farewell: TransportError | undefined = undefined;
  /** Its last GOAWAY, whatever the code. */
  lastGoaway: TransportError | undefined = undefined;
  /** The peer allows Extended CONNECT (RFC 8441). */
  connectProtocol = false;
  readonly #owner: SessionOwner;
  readonly #incoming: Incoming;
  readonly #requests: RequestBlocks = new RequestBlocks();
  readonly #uploads: Uploads;
  /** Those whose request was sent, and that have not ended. */
  readonly #streams: StreamTable = new StreamTable();
  readonly #reset: ResetStreams = new ResetStreams();
  #nextId = 1;
  /** Nothing has come since the requests of streams from this one on were sent. */
  unheardFrom = 1;
  /** No further stream may be opened. */
  #isRetired = false;
  #endReason: RetireReason | undefined = undefined;
  readonly #maxStreams: number;
  #peerStreams = MOST_STREAMS;
  /** The peer's SETTINGS_MAX_HEADER_LIST_SIZE. */
  #mostFieldBytes = Infinity;
  #capacity: number;
  /** Streams for which the process is kept alive. */
  #awaited = 0;
  #faults = 0;
  #refusals = 0;
  /** Streams from this one on were opened by what the peer said last of its limit. `Infinity`: it has said nothing yet. */
  #informedFrom = Infinity;

  constructor(owner: SessionOwner, { limits, maxStreams }: SessionOptions, text: TextCodec) {
    this.#owner = owner;
    this.#maxStreams = maxStreams;
    this.#capacity = Math.min(STREAMS_AT_FIRST, maxStreams);
    this.#incoming = new Incoming(this, limits, text);
    const { out } = this;
    const flush = (): boolean => owner.flush();
    this.#uploads = new Uploads(out, flush, () => this.#incoming.progressed());
    out.latin1(PREFACE);
    writeSettings(out, [
      [SETTING.enablePush, 0],
      [SETTING.initialWindowSize, STREAM_WINDOW],
      [SETTING.maxHeaderListSize, Math.min(limits.headBytes, LARGEST)],
    ]);
    writeNumber(out, FRAME.windowUpdate, 0, CONNECTION_WINDOW - INITIAL_WINDOW);
  }

  /** How many streams may be open at a time. */
  get capacity(): number {
    return this.#capacity;
  }

  /** How many streams are open: their request was sent, and they have not ended. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Bytes of responses that are known to come, as far as the peer may send them at once. */
  awaitedBytes(): number {
    return this.#streams.awaitedBytes();
  }

  /** Whether the stream with this number is open. */
  isOpen(id: number): boolean {
    return this.#streams.get(id) !== undefined;
  }

  // The wire calls

  open(listener: WireListener): Http2Stream {
    this.#awaited += 1;
    this.#owner.ref(true);
    return new Http2Stream(this, listener);
  }

  /** Bytes have arrived. It throws for nothing that the peer sends. */
  receive(bytes: Uint8Array, length: number): void {
    if (this.over) return;
    this.unheardFrom = this.#nextId;
    try {
      this.#incoming.receive(bytes, length);
    } catch (thrown) {
      if (!(thrown instanceof PeerFault)) throw thrown;
      writeGoaway(this.out, thrown.code);
      this.#owner.broken(thrown);
    }
  }

  /** Whether a body is being sent, so that much will be written. */
  get isUploading(): boolean {
    return this.#uploads.open > 0;
  }

  /** What was written has been passed on. */
  flushed(): void {
    this.#incoming.flushed();
  }

  /** The socket accepts more, or no more. */
  setAccepting(isAccepting: boolean): void {
    this.#uploads.isAccepting = isAccepting;
    if (isAccepting) this.#uploads.pump();
  }

  ping(): void {
    writeFrame(this.out, 8, FRAME.ping, 0, 0);
    this.out.uint32(0);
    this.out.uint32(0);
    this.#owner.wrote();
  }

  /** We open no further streams, and none is open. */
  leave(): void {
    this.#isRetired = true;
    writeGoaway(this.out, CODE.noError);
  }

  /** The connection is over. `tell` passes that on to each stream. */
  end(reason: RetireReason, tell: (listener: WireListener, id: number) => void): void {
    if (this.over) return;
    this.over = true;
    this.#endReason = reason;
    const streams = this.#streams.all();
    this.#streams.clear();
    for (const stream of streams) stream.isOver = true;
    for (const { listener, id } of streams) if (listener !== undefined) tell(listener, id);
  }

  /** Calls each open stream's listener. */
  each(tell: (listener: WireListener) => void): void {
    for (const { listener } of this.#streams.all()) if (listener !== undefined) tell(listener);
  }

  // StreamOwner: the streams call

  get gone(): boolean {
    if (this.over || this.#isRetired || this.#nextId > LARGEST || this.#owner.lost) return true;
    // The limit was lowered after the exchange had begun (§5.1.2).
    return this.#streams.size >= this.#peerStreams;
  }

  sendRequest(stream: Http2Stream, request: RequestMessage, by: ForwardedBy | undefined): void {
    const size = sizeBeyond(this.#mostFieldBytes, request, by);
    if (size !== undefined) return this.#refuse(stream, size, "fields", "none");
    stream.id = this.#nextId;
    this.#nextId += 2;
    stream.sendWindow = this.#uploads.streamWindow;
    stream.sentEnd = request.body === undefined || request.body.length === 0;
    if (!stream.sentEnd) this.#uploads.opens();
    this.#streams.add(stream);
    writeBlock(this.out, stream.id, this.#requests.of(request, by), stream.sentEnd);
    if (stream.piece !== undefined) this.#uploads.begin(stream);
    this.#owner.requested();
    if (this.#nextId > LARGEST) this.#owner.retire("stream-ids");
  }

  sendPiece(stream: Http2Stream): boolean {
    const isSent = this.#uploads.add(stream);
    this.#owner.wrote();
    return isSent;
  }

  sendEnd(stream: Http2Stream, trailers: string): void {
    const size = trailersBeyond(this.#mostFieldBytes, trailers);
    if (size !== undefined) return this.#refuse(stream, size, "trailers", "partial");
    this.#uploads.ended(stream);
    if (trailers === "") writeFrame(this.out, 0, FRAME.data, FLAG.endStream, stream.id);
    else writeBlock(this.out, stream.id, this.#requests.trailers(trailers), true);
    if (stream.ended) this.#remove(stream);
    this.#owner.wrote();
  }

  /** The peer would reset the stream, or read fields for nothing (§10.5.1). Go refuses as well; nghttp2 sends. */
  #refuse({ listener }: Http2Stream, size: number, what: "fields" | "trailers", sent: Sent): void {
    const most = this.#mostFieldBytes;
    const problem = `the request's ${what} are ${size} bytes, and the peer takes ${most} (MAX_HEADER_LIST_SIZE)`;
    const facts = { phase: "send", sent, limitBytes: most, message: `HTTP/2: ${problem}` } as const;
    listener?.fault(new ProtocolError("local", "head-too-large", facts));
  }

  giveBack(stream: Http2Stream, bytes: number): void {
    writeNumber(this.out, FRAME.windowUpdate, stream.id, bytes);
    this.#owner.wrote();
  }

  ref(stream: Http2Stream, awaited: boolean): void {
    stream.awaited = awaited;
    this.#awaited += awaited ? 1 : -1;
    this.#owner.ref(this.#awaited > 0);
  }

  left(stream: Http2Stream): RetireReason | undefined {
    if (stream.listener === undefined) return this.#endReason;
    stream.listener = undefined;
    if (stream.awaited) this.ref(stream, false);
    if (stream.id === 0 || stream.isOver) return this.#endReason;
    // The peer may still work on it, or wait for the rest of the request.
    this.#resetStream(stream, stream.ended ? CODE.noError : CODE.cancel);
    return undefined;
  }

  #resetStream(stream: Http2Stream, code: number): void {
    this.#remove(stream);
    if (!stream.ended) this.#reset.add(stream.id);
    writeNumber(this.out, FRAME.rstStream, stream.id, code);
    this.#owner.wrote();
  }

  #remove(stream: Http2Stream): void {
    stream.isOver = true;
    this.#uploads.ended(stream);
    this.#streams.delete(stream.id);
  }

  // IncomingOwner: the peer's frames call

  streamOf(type: number, id: number, isLast: boolean): Http2Stream | undefined {
    const stream = this.#streams.get(id);
    if (stream !== undefined) return stream;
    if (id >= this.#nextId || id % 2 === 0)
      throw peerFault(CODE.protocolError, "unexpected-frame", type, id, "is for a stream that is not open");
    // These two may cross our END_STREAM or RST_STREAM (§5.1).
    const isLate = this.#reset.mayCome(id, isLast) || type === FRAME.windowUpdate || type === FRAME.rstStream;
    if (isLate) return undefined;
    throw peerFault(CODE.streamClosed, "unexpected-frame", type, id, "is for a stream that has ended");
  }

  failStream(stream: Http2Stream, { code, type, fault, problem }: StreamFault): void {
    const { id, listener } = stream;
    this.#resetStream(stream, code);
    listener?.fault(frameError(fault, type, id, problem));
    this.#faults += 1;
    if (this.#faults > FAULTY_STREAMS)
      throw peerFault(
        CODE.enhanceYourCalm,
        "flood",
        type,
        0,
        `is faulty on more than ${FAULTY_STREAMS} streams`,
      );
  }

  responseEnded(stream: Http2Stream, trailers: string): void {
    stream.ended = true;
    stream.remaining = 0;
    if (stream.sentEnd) this.#remove(stream);
    stream.listener?.complete(trailers);
  }

  streamReset(stream: Http2Stream, code: number): void {
    this.#remove(stream);
    const { listener } = stream;
    // An interim response is proof of processing, whatever the code says.
    if (code !== CODE.refusedStream || stream.responded) {
      stream.responded = true;
      const message = `the peer reset the stream with ${codeName(code)}`;
      return listener?.lost(new TransportError("reset", message, { reason: codeName(code) }));
    }
    // One beyond a limit that we could not know says nothing of the connection.
    if (stream.id >= this.#informedFrom) this.#refusals += 1;
    if (this.#refusals === REFUSALS) this.#retire("refused");
    listener?.unprocessed("refused", saidOf("RST_STREAM", code));
  }

  goaway(lastId: number, code: number, debug: string): void {
    const said = saidOf("GOAWAY", code, debug);
    this.lastGoaway = said;
    if (code !== CODE.noError) this.farewell = said;
    const reason = code === CODE.enhanceYourCalm ? "calm" : "goaway";
    const isCount = code === CODE.noError && lastId < LARGEST;
    this.#retire(reason, isCount ? (Math.min(lastId, this.#nextId - 2) + 1) >> 1 : undefined);
    const left = this.#streams.all().filter(({ id }) => id > lastId);
    for (const stream of left) this.#remove(stream);
    for (const { listener, responded } of left) {
      // What was answered in part was processed, although the peer says that it was not.
      if (responded) listener?.lost(said);
      else listener?.unprocessed(reason, said);
    }
  }

  #retire(reason: RetireReason, taken?: number): void {
    this.#isRetired = true;
    this.#owner.retire(reason, taken);
  }

  setting(setting: number, value: number): void {
    if (setting === SETTING.headerTableSize) this.#requests.setTableSize(value);
    else if (setting === SETTING.maxConcurrentStreams) this.#peerStreams = value;
    else if (setting === SETTING.initialWindowSize) this.#setWindow(value);
    else if (setting === SETTING.maxHeaderListSize) this.#mostFieldBytes = value;
    else if (setting === SETTING.enableConnectProtocol) this.connectProtocol = value === 1;
  }

  /** The windows of open streams change by the difference (§6.9.2). */
  #setWindow(size: number): void {
    const difference = size - this.#uploads.streamWindow;
    this.#uploads.streamWindow = size;
    for (const stream of this.#streams.all()) {
      if (this.#uploads.widened(stream, difference))
        throw settingFault(CODE.flowControlError, SETTING.initialWindowSize, size);
    }
  }

  settled(): void {
    this.#uploads.pump();
    this.#owner.wrote();
    // There is no word for a connection that takes no stream for now.
    if (this.#peerStreams === 0) return this.#retire("goaway");
    const capacity = Math.min(this.#peerStreams, this.#maxStreams);
    const isFirst = this.#informedFrom === Infinity;
    if (isFirst || capacity < this.#capacity) this.#informedFrom = this.#nextId;
    // The pool may have begun with a guess.
    if (capacity === this.#capacity && !isFirst) return;
    this.#capacity = capacity;
    this.#owner.capacityChanged(capacity);
  }

  windowOpened(stream: Http2Stream | undefined, bytes: number): boolean {
    if (stream === undefined) return this.#uploads.opened(bytes);
    return this.#uploads.openedOn(stream, bytes);
  }
}
