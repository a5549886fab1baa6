/**
 * HTTP/2 of a probe (RFC 9113): one stream at a time, and what the server says of the connection: SETTINGS, GOAWAY, PING. It
 * keeps no rule of the pool's session, because it wants to see what the server does.
 */

import { peerExcerpt } from "../contract/secrets.ts";
import { portableText } from "../contract/text.ts";
import { headFields } from "../http1/parse/fields.ts";
import { requestFields } from "../http1/send/request-head.ts";
import { ByteWriter } from "../http2/byte-writer.ts";
import { type BlockSink, FieldBlocks } from "../http2/field-blocks.ts";
import { type FrameHeader, FrameReader, type FrameSink } from "../http2/frame-reader.ts";
import {
  CODE,
  codeName,
  FLAG,
  FRAME,
  INITIAL_FRAME_SIZE,
  INITIAL_WINDOW,
  PREFACE,
  SETTING,
  uint31,
  uint32,
  writeBlock,
  writeFrame,
  writeNumber,
  writeSettings,
} from "../http2/frames.ts";
import { HpackDecoder } from "../http2/hpack/hpack-decoder.ts";
import { HpackError } from "../http2/hpack/hpack-error.ts";
import { TABLE_SIZE } from "../http2/limits.ts";
import { PeerFault } from "../http2/peer-fault.ts";
import { checkSize, readSettings, type SettingsSink } from "../http2/peer-settings.ts";
import { RequestBlocks } from "../http2/request-block.ts";
import { ResponseSection } from "../http2/response-section.ts";
import { resolveOptions } from "../options/resolve.ts";
import {
  type ProbePeer,
  type ProbeProtocol,
  type ProbeRequest,
  type ProtocolOwner,
  USER_AGENT,
} from "./probe-protocol.ts";

/** What a server allows in its SETTINGS, and in the standard's words where it is silent (§6.5.2). */
export interface Http2Settings {
  /** Streams at a time. `undefined`: no limit is announced. */
  readonly maxStreams: number | undefined;
  /** Bytes that may be sent before it gives more: on a stream, and on the connection. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** Bytes of a frame's payload. */
  readonly maxFrameSize: number;
  /** Bytes of a request's fields. `undefined`: no limit is announced. */
  readonly maxFieldBytes: number | undefined;
  /** Extended CONNECT (RFC 8441), for WebSockets. */
  readonly extendedConnect: boolean;
}

/** What is read of the text in a GOAWAY. */
const DEBUG_BYTES = 80;

/** The streams of one connection, one after the other. */
export class ProbeHttp2 implements ProbeProtocol, FrameSink, BlockSink, SettingsSink {
  over = false;
  /** The settings by number. */
  readonly #settings: Map<number, number> = new Map();
  #connectionWindow = INITIAL_WINDOW;
  readonly #owner: ProtocolOwner;
  readonly #peer: ProbePeer;
  readonly #frames: FrameReader = new FrameReader(this);
  readonly #blocks: FieldBlocks;
  readonly #decoder: HpackDecoder;
  readonly #section: ResponseSection;
  readonly #requests: RequestBlocks = new RequestBlocks();
  readonly #out: ByteWriter = new ByteWriter(256);
  /** Until then what is written waits: the server may speak first. */
  #isOpen = false;
  #nextId = 1;
  /** The stream whose answer is awaited, or 0. */
  #stream = 0;
  /** The text of its final head. */
  #head: string | undefined = undefined;
  #isComplete = false;
  #isLeaving = false;

  constructor(owner: ProtocolOwner, peer: ProbePeer) {
    this.#owner = owner;
    this.#peer = peer;
    const { limits } = resolveOptions({});
    this.#blocks = new FieldBlocks(this, limits);
    this.#decoder = new HpackDecoder(TABLE_SIZE, peer.transport.text ?? portableText);
    this.#section = new ResponseSection(limits);
    this.#out.latin1(PREFACE);
    writeSettings(this.#out, [[SETTING.enablePush, 0]]);
  }

  /** What the server has announced so far. */
  get settings(): Http2Settings {
    const of = (setting: number) => this.#settings.get(setting);
    return {
      maxStreams: of(SETTING.maxConcurrentStreams),
      streamWindow: of(SETTING.initialWindowSize) ?? INITIAL_WINDOW,
      connectionWindow: this.#connectionWindow,
      maxFrameSize: of(SETTING.maxFrameSize) ?? INITIAL_FRAME_SIZE,
      maxFieldBytes: of(SETTING.maxHeaderListSize),
      extendedConnect: of(SETTING.enableConnectProtocol) === 1,
    };
  }

  opened(): void {
    this.#isOpen = true;
    this.#flush();
  }

  request({ method }: ProbeRequest): void {
    const { origin, path } = this.#peer;
    const fields = requestFields([
      ["user-agent", USER_AGENT],
      ["accept", "*/*"],
    ]);
    this.#stream = this.#nextId;
    this.#nextId += 2;
    this.#head = undefined;
    const block = this.#requests.of({ method, origin, target: path, fields, body: undefined }, undefined);
    writeBlock(this.#out, this.#stream, block, true);
    this.#flush();
  }

  ping(): void {
    writeFrame(this.#out, 8, FRAME.ping, 0, 0);
    this.#out.uint32(0);
    this.#out.uint32(0);
    this.#flush();
  }

  #flush(): void {
    if (this.#out.length === 0 || !this.#isOpen) return;
    this.#owner.write(this.#out.taken());
    this.#out.clear();
  }

  receive(bytes: Uint8Array, length: number): void {
    if (this.over) return;
    try {
      this.#frames.feed(bytes, length);
    } catch (error) {
      this.over = true;
      return this.#owner.faulty(messageOf(error));
    }
    this.#flush();
    if (this.#isComplete) this.#answered();
  }

  closed(): void {
    this.over = true;
  }

  /** Once all that came at the same time was read: a GOAWAY may have come behind the answer. */
  #answered(): void {
    const text = this.#head ?? "";
    this.#isComplete = false;
    this.#stream = 0;
    const fields = headFields(text);
    this.#owner.answered({
      status: Number(text.split(" ", 2)[1]),
      httpVersion: "2",
      keepAlive: undefined,
      field: (name) => fields.get(name) ?? undefined,
      persists: !this.#isLeaving,
    });
  }

  // The frames

  dataBegins({ id, size, flags }: FrameHeader): void {
    if (size > 0) writeNumber(this.#out, FRAME.windowUpdate, 0, size);
    const isLast = (flags & FLAG.endStream) !== 0;
    if (id !== this.#stream) return;
    if (isLast) this.#isComplete = true;
    else if (size > 0) writeNumber(this.#out, FRAME.windowUpdate, id, size);
  }

  data(): void {}

  dataEnds(): void {}

  block(id: number, isLast: boolean, bytes: Uint8Array, start: number, end: number): void {
    const isHead = this.#head === undefined;
    this.#section.begin(isHead);
    // Also for a stream that was given up: the table must stay the same on both sides.
    this.#decoder.decode(bytes, start, end, this.#section);
    this.#section.end();
    if (id !== this.#stream) return;
    if (isHead && this.#section.status >= 200) this.#head = this.#section.head().text;
    if (isLast) this.#isComplete = true;
  }

  frame(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    const { type, flags, id } = header;
    if (type === FRAME.headers) this.#blocks.headers(header, bytes, start, end);
    else if (type === FRAME.continuation) this.#blocks.continuation(header, bytes, start, end);
    else if (type === FRAME.settings) this.#gotSettings(header, bytes, start, end);
    else if (type === FRAME.ping) this.#gotPing(flags, bytes, start, end);
    else if (type === FRAME.goaway) this.#gotGoaway(bytes, start, end);
    else if (type === FRAME.rstStream && id === this.#stream)
      this.#owner.faulty(`it reset the stream with ${codeName(uint32(bytes, start))}`);
    else if (type === FRAME.windowUpdate && id === 0 && this.#nextId === 1)
      this.#connectionWindow += uint31(bytes, start);
  }

  #gotSettings(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (!readSettings(this, header, bytes, start, end)) writeFrame(this.#out, 0, FRAME.settings, FLAG.ack, 0);
  }

  setting(setting: number, value: number): void {
    this.#settings.set(setting, value);
    if (setting === SETTING.headerTableSize) this.#requests.setTableSize(value);
  }

  #gotPing(flags: number, bytes: Uint8Array, start: number, end: number): void {
    checkSize(FRAME.ping, 0, end - start, 8);
    if ((flags & FLAG.ack) !== 0) return this.#owner.ponged();
    writeFrame(this.#out, 8, FRAME.ping, FLAG.ack, 0);
    this.#out.copy(bytes, start, end);
  }

  #gotGoaway(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 8) checkSize(FRAME.goaway, 0, end - start, 8);
    const [lastId, code] = [uint31(bytes, start), uint32(bytes, start + 4)];
    const text = portableText.latin1(bytes, start + 8, Math.min(end, start + 8 + DEBUG_BYTES));
    this.#isLeaving = true;
    const said = `GOAWAY ${codeName(code)}${text === "" ? "" : `: ${peerExcerpt(text)}`}`;
    const isLost =
      !this.#isComplete && (code !== CODE.noError || this.#stream === 0 || lastId < this.#stream);
    this.#owner.leaving(said, isLost);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof PeerFault) return error.error.message;
  if (error instanceof HpackError) return `its field block cannot be decoded: ${error.message}`;
  throw error;
}
