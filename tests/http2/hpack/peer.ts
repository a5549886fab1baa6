/** Peer: field blocks to and from the HTTP/2 server of the runtime at hand, over frames that are written by hand. */

import { createServer, type Http2Server } from "node:http2";
import { type AddressInfo, connect, type Socket } from "node:net";

/** What the server got, and the block that it answered with. */
export interface Echo {
  /** The request's fields, without pseudo-headers. Those of one name are joined. */
  readonly received: Readonly<Record<string, string>>;
  readonly block: Uint8Array;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM = 1;
const END_HEADERS = 4;

/** A session with a server that sends back, as fields, what it got as the value of `x-answer`, a list in JSON. */
export class Peer {
  readonly #server: Http2Server;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake: () => void = () => {};
  #stream = 1;
  #received: Record<string, string> = {};

  static async open(): Promise<Peer> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await new Promise<void>((done) => socket.once("connect", () => done()));
    return new Peer(server, socket);
  }

  private constructor(server: Http2Server, socket: Socket) {
    this.#server = server;
    this.#socket = socket;
    server.on("stream", (stream, headers) => {
      this.#received = Object.fromEntries(
        Object.entries(headers)
          .filter(([name]) => !name.startsWith(":"))
          .map(([name, value]) => [name, String(value)]),
      );
      const answer = JSON.parse(String(headers["x-answer"] ?? "{}")) as Record<string, string | string[]>;
      stream.respond({ ":status": 200, ...answer }, { endStream: true });
    });
    socket.on("data", (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    socket.write(PREFACE);
    this.#write(SETTINGS, 0, 0, new Uint8Array(0));
  }

  async exchange(block: Uint8Array): Promise<Echo> {
    this.#write(HEADERS, END_STREAM | END_HEADERS, this.#stream, block);
    this.#stream += 2;
    for (;;) {
      const frame = await this.#read();
      if (frame.type === SETTINGS && frame.flags === 0) this.#write(SETTINGS, 1, 0, new Uint8Array(0));
      else if (frame.type === HEADERS) return { received: this.#received, block: frame.payload };
      else if (frame.type === 3 || frame.type === 7) throw new Error(`refused: ${frame.payload.join(" ")}`);
    }
  }

  close(): void {
    this.#socket.destroy();
    this.#server.close();
  }

  async #read(): Promise<{ type: number; flags: number; payload: Uint8Array }> {
    for (;;) {
      const bytes = this.#bytes;
      const length = bytes.length < 9 ? Infinity : bytes.readUIntBE(0, 3);
      if (bytes.length >= 9 + length) {
        this.#bytes = bytes.subarray(9 + length);
        return { type: bytes[3]!, flags: bytes[4]!, payload: bytes.subarray(9, 9 + length) };
      }
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  #write(type: number, flags: number, stream: number, payload: Uint8Array): void {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    this.#socket.write(Buffer.concat([head, payload]));
  }
}
