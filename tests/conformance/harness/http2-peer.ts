/**
 * HTTP/2 peer: the server's end of one HTTP/2 connection, as the script of a scenario uses it. It writes its frames by hand,
 * so that it can do what no real server does. Settings, PINGs and the windows of uploads are answered by itself.
 */

import { portableText } from "../../../src/contract/text.ts";
import { HpackDecoder } from "../../../src/http2/hpack/hpack-decoder.ts";
import * as f from "../../http2/frame-text.ts";
import { Gone, type Peer } from "./peer.ts";

/** SETTINGS, as they are numbered (RFC 9113 §6.5.2). */
export const MAX_STREAMS = 3;
export const INITIAL_WINDOW = 4;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DEFAULT_WINDOW = 65_535;
/** The largest payload of a frame without any settings. */
const FRAME_BYTES = 16_384;

export type Http2Script = (h2: Http2Peer) => Promise<void>;
type Setting = readonly [setting: number, value: number];

/** The script of a connection that speaks HTTP/2 from its first byte. */
export function http2(script: Http2Script, ...settings: readonly Setting[]): (peer: Peer) => Promise<void> {
  return async (peer) => {
    const h2 = new Http2Peer(peer);
    await h2.begin(settings);
    await Promise.all([script(h2), h2.serve()]);
  };
}

/** Responds to every request with its method and path. */
export const echo: Http2Script = async (h2) => {
  for (;;) {
    const stream = await h2.request();
    await stream.ended();
    stream.answer(`${stream.method} ${stream.path}`);
  }
};

/** One request of the client, and the response to it. */
export class PeerStream {
  readonly id: number;
  readonly fields: f.Fields;
  trailers: f.Fields = [];
  /** Bytes of the body so far. */
  received = 0;
  text = "";
  /** The client has sent all. */
  isEnded = false;
  /** The code with which the client has reset it. */
  resetCode: string | undefined = undefined;
  window: number;
  readonly #h2: Http2Peer;

  constructor(h2: Http2Peer, id: number, fields: f.Fields, window: number) {
    this.#h2 = h2;
    this.id = id;
    this.fields = fields;
    this.window = window;
  }

  get method(): string {
    return this.field(":method") ?? "";
  }

  get path(): string {
    return this.field(":path") ?? "";
  }

  field(name: string): string | undefined {
    return this.fields.find(([known]) => known === name)?.[1];
  }

  /** Waits for the end of the request. Returns its body, of which the first bytes are kept. */
  async ended(): Promise<string> {
    await this.#h2.until(() => this.isEnded);
    return this.text;
  }

  /** Waits until so many bytes of the body have come. */
  arrived(bytes: number): Promise<void> {
    return this.#h2.until(() => this.received >= bytes);
  }

  /** Waits until the client has reset the stream. Returns the code. */
  async wasReset(): Promise<string> {
    await this.#h2.until(() => this.resetCode !== undefined);
    return this.resetCode ?? "";
  }

  /** Writes a head, and perhaps more, as one. */
  head(status = 200, fields: f.Fields = [], flags = 0): void {
    this.#h2.write(f.head(this.id, status, fields, flags));
  }

  /** A whole response. */
  answer(body = "ok", fields: f.Fields = []): void {
    this.#h2.write(
      f.head(this.id, 200, [["content-length", `${body.length}`], ...fields]),
      f.data(this.id, body, f.END_STREAM),
    );
  }

  data(body: string, flags = 0): void {
    this.#h2.write(f.data(this.id, body, flags));
  }

  /** Trailers, which end the response. */
  end(trailers: f.Fields): void {
    this.#h2.write(f.headers(this.id, trailers, f.END_STREAM));
  }

  reset(code: string): void {
    this.#h2.write(f.reset(this.id, code));
  }

  /** Sends a body as far as the windows allow, and waits for more. */
  send(bytes: Uint8Array): Promise<void> {
    return this.#h2.send(this, bytes);
  }
}

export class Http2Peer {
  readonly peer: Peer;
  /** Whether windows of uploads are given back by themselves. */
  givesBack = true;
  /** Whether PINGs are answered. */
  answersPings = true;
  /** PINGs of the client so far. */
  pings = 0;
  /** What the client's answers to our PINGs said. */
  readonly pongs: string[] = [];
  /** Acknowledged SETTINGS of ours. */
  acknowledged = 0;
  /** The code of the client's GOAWAY. */
  goneAway: string | undefined = undefined;
  readonly #decoder = new HpackDecoder(4096, portableText);
  readonly #streams: Map<number, PeerStream> = new Map();
  readonly #requests: PeerStream[] = [];
  #block: number[] = [];
  #waiting: (() => void)[] = [];
  #isOver = false;
  #window = DEFAULT_WINDOW;
  #streamWindow = DEFAULT_WINDOW;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  async begin(settings: readonly Setting[]): Promise<void> {
    const preface = (await this.peer.read(PREFACE.length)).toString();
    if (preface !== PREFACE) throw new Error(`Not the preface: ${JSON.stringify(preface)}`);
    this.write(f.settings(...settings));
  }

  /** Writes frames in one piece. */
  write(...frames: readonly (readonly number[])[]): void {
    // What the client no longer reads is nobody's loss.
    void this.peer.send(Uint8Array.from(frames.flat())).catch(() => {});
  }

  // Reading

  /** Waits until something has happened. The script ends here, without a failure, if the client goes before. */
  async until(happened: () => boolean): Promise<void> {
    while (!happened()) {
      if (this.#isOver) throw new Gone();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** The next request of the client, of which the head has come. */
  async request(): Promise<PeerStream> {
    await this.until(() => this.#requests.length > 0);
    return this.#requests.shift() as PeerStream;
  }

  /** Reads frames until the client has gone. */
  async serve(): Promise<void> {
    try {
      for (;;) {
        const [a = 0, b = 0, c = 0, type = 0, flags = 0, ...id] = await this.peer.read(9);
        const payload = await this.peer.read(a * 65_536 + b * 256 + c);
        this.#frame(type, flags, number(id), payload);
        this.#wake();
      }
    } finally {
      this.#isOver = true;
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    const stream = this.#streams.get(id);
    const ends = (flags & f.END_STREAM) !== 0;
    if (type === f.HEADERS || type === f.CONTINUATION) this.#fields(id, flags, payload);
    else if (type === f.DATA) this.#data(stream, payload);
    else if (type === f.SETTINGS) this.#settings(flags, payload);
    else if (type === f.PING) this.#ping(flags, payload);
    else if (type === f.WINDOW_UPDATE) this.#widen(stream, id, number(payload));
    else if (type === f.GOAWAY) this.goneAway = f.codeName(number(payload.subarray(4, 8)));
    else if (type === f.RST_STREAM && stream !== undefined)
      stream.resetCode = f.codeName(number(payload)) ?? "?";
    if (stream !== undefined && ends && type === f.DATA) stream.isEnded = true;
  }

  #fields(id: number, flags: number, payload: Buffer): void {
    this.#block.push(...payload);
    if ((flags & f.END_HEADERS) === 0) return;
    const fields: [string, string][] = [];
    const block = Uint8Array.from(this.#block);
    this.#block = [];
    const field = (name: string, value: string): number => fields.push([name, value]);
    this.#decoder.decode(block, 0, block.length, { field });
    const known = this.#streams.get(id);
    const stream = known ?? new PeerStream(this, id, fields, this.#streamWindow);
    stream.isEnded = (flags & f.END_STREAM) !== 0;
    if (known !== undefined) {
      known.trailers = fields;
      return;
    }
    this.#streams.set(id, stream);
    this.#requests.push(stream);
  }

  #data(stream: PeerStream | undefined, payload: Buffer): void {
    const { length } = payload;
    if (stream !== undefined) {
      stream.received += length;
      if (stream.text.length < 1000) stream.text += payload.toString("latin1");
    }
    if (!this.givesBack || length === 0) return;
    this.write(f.windowUpdate(0, length));
    if (stream !== undefined && !stream.isEnded) this.write(f.windowUpdate(stream.id, length));
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & f.ACK) !== 0) {
      this.acknowledged += 1;
      return;
    }
    for (let at = 0; at < payload.length; at += 6)
      if (payload.readUInt16BE(at) === INITIAL_WINDOW) this.#streamWindow = payload.readUInt32BE(at + 2);
    this.write(f.frame(f.SETTINGS, f.ACK, 0));
  }

  #ping(flags: number, payload: Buffer): void {
    if ((flags & f.ACK) !== 0) {
      this.pongs.push(payload.toString("latin1"));
      return;
    }
    this.pings += 1;
    if (this.answersPings) this.write(f.frame(f.PING, f.ACK, 0, [...payload]));
  }

  #widen(stream: PeerStream | undefined, id: number, bytes: number): void {
    if (id === 0) this.#window += bytes;
    else if (stream !== undefined) stream.window += bytes;
  }

  // Writing

  async send(stream: PeerStream, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      await this.until(() => this.#window > 0 && stream.window > 0);
      const size = Math.min(FRAME_BYTES, this.#window, stream.window, bytes.length - at);
      this.#window -= size;
      stream.window -= size;
      const head = Uint8Array.from([...f.uint32(size).slice(1), f.DATA, 0, ...f.uint32(stream.id)]);
      await this.peer.send(Buffer.concat([head, bytes.subarray(at, at + size)]));
      at += size;
    }
  }

  /** Resolves once the client has read everything that was written before. */
  async ping(): Promise<void> {
    const text = `ping${String(this.pongs.length).padStart(4)}`;
    this.write(f.frame(f.PING, 0, 0, f.latin1(text)));
    await this.until(() => this.pongs.includes(text));
  }

  /** Sends SETTINGS. Resolves once the client has acknowledged them. */
  async settings(...values: readonly Setting[]): Promise<void> {
    const before = this.acknowledged;
    await this.until(() => this.acknowledged > 0);
    this.write(f.settings(...values));
    await this.until(() => this.acknowledged > Math.max(before, 1));
  }

  signal(name: string, data: string | number = ""): void {
    this.peer.signal(name, data);
  }

  wait(name: string): Promise<string> {
    return this.peer.wait(name);
  }
}

function number(bytes: Iterable<number>): number {
  return [...bytes].reduce((value, byte) => value * 256 + byte, 0);
}
