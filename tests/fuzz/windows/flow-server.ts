/**
 * Flow server: an HTTP/2 server in memory that keeps account of all windows, of what it allowed at what time, and of every
 * byte. Its kernel takes what is written late, and reads it only then.
 */

import type { Random } from "../../http1/generate.ts";
import * as f from "../../http2/frame-text.ts";

const LARGEST = 2 ** 31 - 1;
const PREFACE_BYTES = 24;

/** What each byte of a body must be. */
export function patternAt(id: number, offset: number): number {
  return (7 * offset + 13 * id + (offset >> 8)) & 255;
}

/** Part of a body. */
export function pattern(id: number, from: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = patternAt(id, from + at);
  return bytes;
}

function joined(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** One stream, as the server sees it. */
export interface FlowStream {
  readonly id: number;
  /** What the client may send, and what it has sent. */
  window: number;
  received: number;
  /** The client has ended it, or either side has reset it. */
  ended: boolean;
  isReset: boolean;
  /** We have reset it: what was on its way only counts in the window of the connection. */
  isRefused: boolean;
  /** What we may send, have sent, and have to send. */
  sendWindow: number;
  sent: number;
  left: number;
  hasHead: boolean;
}

/** A change of settings that the client has not acknowledged. */
interface Change {
  readonly window: number;
  readonly frameSize: number;
}

export class FlowServer {
  readonly streams = new Map<number, FlowStream>();
  /** The first thing that was wrong. */
  problem: string | undefined = undefined;
  /** What the client may send on the connection, and on new streams, and in one frame. */
  window = 65_535;
  /** What we may send on the connection, and on new streams. */
  sendWindow = 65_535;
  #streamWindow = 65_535;
  #frameSize = 16_384;
  #sendStreamWindow = 65_535;
  readonly #changes: Change[] = [];
  readonly #random: Random;
  /** What was written, as it was given: a buffer that is used again too early is seen here. */
  readonly #pending: Uint8Array[] = [];
  #isBehind = false;
  /** So many writes may wait although the transport says that it accepts more. */
  readonly #slack: number;
  #bytes = new Uint8Array(0);
  #begun = false;

  constructor(random: Random) {
    this.#random = random;
    this.#slack = random.below(3);
  }

  // The kernel

  get allWritten(): boolean {
    return this.#pending.length === 0;
  }

  write(bytes: Uint8Array): boolean {
    this.#pending.push(bytes);
    if (this.#random.chance(0.5)) this.#read();
    this.#isBehind ||= this.#pending.length > this.#slack;
    return !this.#isBehind;
  }

  /** The kernel takes what was written. Returns whether the client is to be told. */
  take(): boolean {
    this.#read();
    const wasBehind = this.#isBehind;
    this.#isBehind = false;
    return wasBehind;
  }

  // What the server sends

  /** Opens the window of a stream, or of the connection. */
  grant(stream: FlowStream | undefined, bytes: number): number[] {
    const target = stream ?? this;
    const granted = Math.min(bytes, LARGEST - target.window);
    if (granted <= 0) return [];
    target.window += granted;
    return f.windowUpdate(stream?.id ?? 0, granted);
  }

  change(window: number, frameSize: number): number[] {
    this.#changes.push({ window, frameSize });
    return f.settings([4, window], [5, frameSize]);
  }

  /** A head, or as much of the body as the windows and `most` allow, and the end. */
  respond(stream: FlowStream, most: number): Uint8Array {
    const frames: (Uint8Array | readonly number[])[] = stream.hasHead ? [] : [f.head(stream.id)];
    stream.hasHead = true;
    let rest = most;
    while (stream.left > 0) {
      const size = Math.min(rest, stream.left, stream.sendWindow, this.sendWindow, 16_384);
      if (size <= 0) break;
      const payload = pattern(stream.id, stream.sent, size);
      stream.sent += size;
      stream.left -= size;
      stream.sendWindow -= size;
      this.sendWindow -= size;
      rest -= size;
      const header = f.frame(f.DATA, stream.left === 0 ? f.END_STREAM : 0, stream.id);
      frames.push([...f.uint32(size).slice(1), ...header.slice(3)], payload);
    }
    return joined(frames);
  }

  /** We reset a stream. */
  refuse(stream: FlowStream, code: string): number[] {
    stream.isReset = true;
    stream.isRefused = true;
    stream.ended = true;
    return f.reset(stream.id, code);
  }

  // What the client has sent

  #read(): void {
    this.#bytes = joined([this.#bytes, ...this.#pending.splice(0)]);
    if (!this.#begun) {
      this.#begun = this.#bytes.length >= PREFACE_BYTES;
      if (this.#begun) this.#bytes = this.#bytes.slice(PREFACE_BYTES);
    }
    let at = 0;
    for (; this.#begun && this.#bytes.length - at >= 9; ) {
      const size = this.#number(at, 3);
      if (this.#bytes.length - at < 9 + size) break;
      const [type = 0, flags = 0] = this.#bytes.subarray(at + 3, at + 5);
      this.#frame(type, flags, this.#number(at + 5, 4), this.#bytes.subarray(at + 9, at + 9 + size));
      at += 9 + size;
    }
    this.#bytes = this.#bytes.slice(at);
  }

  #number(at: number, size: number): number {
    return this.#bytes.subarray(at, at + size).reduce((value, byte) => value * 256 + byte, 0);
  }

  #frame(type: number, flags: number, id: number, payload: Uint8Array): void {
    const stream = this.streams.get(id);
    if (type === f.DATA) this.#data(stream, id, flags, payload);
    else if (type === f.HEADERS) this.#headers(stream, id, flags);
    else if (type === f.SETTINGS) this.#settings(flags, payload);
    else if (type === f.WINDOW_UPDATE) this.#opened(stream, id, payload);
    else if (type === f.RST_STREAM && stream !== undefined) {
      stream.isReset = true;
      stream.ended = true;
    } else if (type === f.GOAWAY) this.#wrong(`GOAWAY ${payload.join(" ")}`);
  }

  #headers(stream: FlowStream | undefined, id: number, flags: number): void {
    if (stream?.isRefused) return;
    if (stream?.ended) this.#wrong(`HEADERS after the end of stream ${id}`);
    const ended = (flags & f.END_STREAM) !== 0;
    if (stream !== undefined) stream.ended = ended;
    else
      this.streams.set(id, {
        ...{ id, window: this.#streamWindow, received: 0, ended, isReset: false },
        isRefused: false,
        ...{ sendWindow: this.#sendStreamWindow, sent: 0, left: 0, hasHead: false },
      });
  }

  #data(stream: FlowStream | undefined, id: number, flags: number, payload: Uint8Array): void {
    const { length } = payload;
    if (stream?.isRefused) {
      this.window -= length;
      return;
    }
    if (stream === undefined || stream.ended) return this.#wrong(`DATA after the end of stream ${id}`);
    if (length > this.#frameSize) this.#wrong(`DATA of ${length} bytes on stream ${id}`);
    if (length > 0 && (length > stream.window || length > this.window))
      this.#wrong(`DATA of ${length} bytes, and the windows are ${stream.window} and ${this.window}`);
    for (let at = 0; at < length; at++) {
      if (payload[at] === patternAt(id, stream.received + at)) continue;
      this.#wrong(`byte ${stream.received + at} of stream ${id} is not what was sent`);
      break;
    }
    stream.received += length;
    stream.window -= length;
    this.window -= length;
    stream.ended = (flags & f.END_STREAM) !== 0;
  }

  /** The client's own settings change what we may send; its acknowledgement says from where on ours are kept. */
  #settings(flags: number, payload: Uint8Array): void {
    if ((flags & f.ACK) === 0) {
      for (let at = 0; at < payload.length; at += 6)
        if (payload[at + 1] === 4)
          this.#sendStreamWindow = payload
            .subarray(at + 2, at + 6)
            .reduce((sum, byte) => sum * 256 + byte, 0);
      return;
    }
    const change = this.#changes.shift();
    if (change === undefined) return this.#wrong("an acknowledgement too many");
    const difference = change.window - this.#streamWindow;
    this.#streamWindow = change.window;
    this.#frameSize = change.frameSize;
    for (const stream of this.streams.values()) stream.window += difference;
  }

  #opened(stream: FlowStream | undefined, id: number, payload: Uint8Array): void {
    const bytes = payload.reduce((sum, byte) => sum * 256 + byte, 0);
    const target = id === 0 ? this : stream;
    if (target === undefined) return this.#wrong(`WINDOW_UPDATE for stream ${id}`);
    target.sendWindow += bytes;
    if (bytes === 0 || target.sendWindow > LARGEST) this.#wrong(`WINDOW_UPDATE of ${bytes} on stream ${id}`);
  }

  #wrong(problem: string): void {
    this.problem ??= problem;
  }
}
