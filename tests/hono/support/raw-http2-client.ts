/** A raw HTTP/2 client: writes frames as a test says, and notes the frames that the server sends. */

import { connect, type Socket } from "node:net";
import { eventually } from "../../support/patience.ts";

/** The frame types that tests look at (RFC 9113 §6). */
const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;

export class RawHttp2Client {
  readonly frames: Frame[] = [];
  /** The server has ended the connection. */
  closed = false;
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #nextStream = 1;

  static async open(port: number): Promise<RawHttp2Client> {
    const socket = connect({ port, host: "127.0.0.1" });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new RawHttp2Client(socket);
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#received(bytes as Buffer));
    socket.on("error", () => {}); // RST from a server that ended; "close" follows
    socket.on("close", () => {
      this.closed = true;
    });
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    this.#write({ type: FRAME.settings, flags: 0, stream: 0, payload: Buffer.alloc(0) });
  }

  /** Sends requests in one write. Answers their stream ids. */
  get(...paths: readonly string[]): number[] {
    const streams = paths.map(() => this.#nextId());
    const frames = paths.map((path, index) => {
      const flags = END_STREAM + END_HEADERS;
      return encode({ type: FRAME.headers, flags, stream: streams[index] ?? 0, payload: fields(path) });
    });
    this.#socket.write(Buffer.concat(frames));
    return streams;
  }

  /** Resets a stream with CANCEL. */
  reset(stream: number): void {
    this.#write({ type: FRAME.reset, flags: 0, stream, payload: Buffer.from([0, 0, 0, 8]) });
  }

  #of(type: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The last stream ids of the GOAWAYs so far. */
  get goaways(): number[] {
    return this.#of(FRAME.goaway).map(({ payload }) => payload.readUInt32BE(0));
  }

  /** Streams whose response has ended. */
  get answered(): number[] {
    const isEnd = ({ type, flags }: Frame) => type <= FRAME.headers && (flags & END_STREAM) !== 0;
    return this.frames.filter(isEnd).map(({ stream }) => stream);
  }

  until(holds: (client: this) => boolean, what: string): Promise<void> {
    return eventually(() => holds(this), what);
  }

  end(): void {
    this.#socket.destroy();
  }

  #nextId(): number {
    this.#nextStream += 2;
    return this.#nextStream - 2;
  }

  #write(frame: Frame): void {
    this.#socket.write(encode(frame));
  }

  #received(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const length = this.#pending.length < 9 ? Infinity : 9 + this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < length) return;
      const frame = {
        type: this.#pending[3] ?? 0,
        flags: this.#pending[4] ?? 0,
        stream: this.#pending.readUInt32BE(5),
        payload: this.#pending.subarray(9, length),
      };
      this.#pending = this.#pending.subarray(length);
      this.#noted(frame);
    }
  }

  #noted(frame: Frame): void {
    this.frames.push(frame);
    if ((frame.flags & ACK) !== 0) return;
    if (frame.type === FRAME.settings) this.#write({ ...frame, flags: ACK, payload: Buffer.alloc(0) });
    if (frame.type === FRAME.ping) this.#write({ ...frame, flags: ACK });
  }
}

function encode({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** `:method: GET` and `:scheme: http` of the static table, then `:path` and `:authority` as literals (RFC 7541 §6). */
function fields(path: string): Buffer {
  const authority = "a.test";
  return Buffer.concat([
    Buffer.from([0x82, 0x86, 0x04, path.length]),
    Buffer.from(path),
    Buffer.from([0x01, authority.length]),
    Buffer.from(authority),
  ]);
}
