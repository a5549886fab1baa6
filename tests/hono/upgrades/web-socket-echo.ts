/** A WebSocket server in a few lines (RFC 6455): it echoes messages, and closes with the code that it is asked for. */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** A frame that a client sent, unmasked. */
interface Frame {
  readonly opcode: number;
  readonly data: Buffer;
  readonly length: number;
}

function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  let length = bytes.readUInt8(1) & 0x7f;
  let at = 2;
  if (length === 126) [length, at] = [bytes.length < 4 ? Infinity : bytes.readUInt16BE(2), 4];
  else if (length === 127) [length, at] = [bytes.length < 10 ? Infinity : bytes.readUInt32BE(6), 10];
  if (bytes.length < at + 4 + length) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const data = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let index = 0; index < data.length; index++) data[index] = (data[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return { opcode: bytes.readUInt8(0) & 0x0f, data, length: at + 4 + length };
}

function frame(opcode: number, data: Buffer): Buffer {
  const { length } = data;
  const second = [length, 126, 127][Number(length > 125) + Number(length > 65_535)] ?? 0;
  const head = Buffer.alloc(second === 127 ? 10 : 4);
  head.writeUInt8(0x80 | opcode, 0);
  head.writeUInt8(second, 1);
  if (second === 127) head.writeBigUInt64BE(BigInt(length), 2);
  else head.writeUInt16BE(length, 2);
  return Buffer.concat([second < 126 ? head.subarray(0, 2) : head, data]);
}

/** A running echo server, and what it saw. */
export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: IncomingMessage[];
  /** The codes with which clients closed. */
  readonly closed: number[];
  readonly sockets: Duplex[];
}

/** Echoes. The text `close 4001` makes it close with that code, and `send 70000` send a text of that length. */
export async function echoServer(): Promise<EchoServer> {
  const requests: IncomingMessage[] = [];
  const closed: number[] = [];
  const sockets: Duplex[] = [];
  const answer = (socket: Duplex, { opcode, data }: Frame): void => {
    const text = data.toString();
    if (opcode === 8) {
      closed.push(data.length >= 2 ? data.readUInt16BE(0) : 1005);
      socket.end(frame(8, data));
    } else if (text.startsWith("close ")) {
      const code = Buffer.alloc(2);
      code.writeUInt16BE(Number(text.slice(6)));
      socket.write(frame(8, Buffer.concat([code, Buffer.from("by the server")])));
    } else if (text.startsWith("send ")) socket.write(frame(1, Buffer.alloc(Number(text.slice(5)), "x")));
    else socket.write(frame(opcode, data));
  };
  const server = createServer().on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests.push(request);
    sockets.push(socket);
    socket.on("error", () => {});
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const offered = request.headers["sec-websocket-protocol"]?.split(",")[0]?.trim();
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\n${offered === undefined ? "" : `Sec-WebSocket-Protocol: ${offered}\r\n`}\r\n`,
    );
    let waiting = head;
    const onData = (bytes: Buffer): void => {
      waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
      for (let next = readFrame(waiting); next !== undefined; next = readFrame(waiting)) {
        waiting = waiting.subarray(next.length);
        answer(socket, next);
      }
    };
    socket.on("data", onData);
    socket.on("end", () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    closed,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
