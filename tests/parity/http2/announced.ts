/** Announced: what a real program says of itself in its first HTTP/2 frames. */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { guarded } from "../../support/patience.ts";

/** The limits that SETTINGS and WINDOW_UPDATE name. Those of the standard where they do not (RFC 9113 §6.5.2, §6.9.2). */
export interface Announced {
  readonly maxStreams: number;
  readonly streamWindow: number;
  readonly connectionWindow: number;
}

const [SETTINGS, WINDOW_UPDATE] = [4, 8];
const [MAX_STREAMS, STREAM_WINDOW] = [3, 4];
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EMPTY_SETTINGS: Uint8Array = new Uint8Array([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]);
const FRAME_HEAD = 9;
const INITIAL_WINDOW = 65_535;
/** The first frames come at once. Those that follow an answer are not wanted. */
const QUIET_MS = 300;

const pem = (name: string): Buffer => readFileSync(new URL(`../../certs/${name}`, import.meta.url));

/** What a server without TLS announces. */
export async function announcedByServer(port: number): Promise<Announced> {
  const socket = connectTcp({ port, host: "127.0.0.1" });
  socket.on("error", () => {}); // it is closed below
  socket.write(PREFACE);
  socket.write(EMPTY_SETTINGS);
  const bytes: Buffer[] = [];
  const first = new Promise<void>((resolve) =>
    socket.on("data", (piece) => resolve(void bytes.push(piece as Buffer))),
  );
  await guarded(first, "the server's first frame");
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  socket.destroy();
  return read(Buffer.concat(bytes));
}

/** What a client announces that is given the URL of a server. `start` answers how to end it. */
export async function announcedByClient(start: (url: string) => () => unknown): Promise<Announced> {
  let heard = (_: Buffer): void => {};
  const first = new Promise<Buffer>((resolve) => {
    heard = resolve;
  });
  const sockets: TLSSocket[] = [];
  const options = { key: pem("server.key"), cert: pem("server.pem"), ALPNProtocols: ["h2"] };
  const server = createServer(options, (socket) => {
    sockets.push(socket);
    let bytes = Buffer.alloc(0);
    let quiet: NodeJS.Timeout | undefined;
    socket.on("error", () => {}); // the client is of no more interest
    socket.on("data", (piece) => {
      bytes = Buffer.concat([bytes, piece as Buffer]);
      // A client on a busy machine may take its time before it says anything.
      if (bytes.length <= PREFACE.length) return;
      clearTimeout(quiet);
      quiet = setTimeout(heard, QUIET_MS, bytes);
    });
    socket.write(EMPTY_SETTINGS);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = start(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  try {
    return read((await guarded(first, "a connection")).subarray(PREFACE.length));
  } finally {
    await stop();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Runs a program with the URL as its last argument. */
export function run([program = "", ...args]: readonly string[]): (url: string) => () => unknown {
  return (url) => {
    const child = spawn(program, [...args, url], { stdio: "ignore" });
    child.on("error", () => {}); // the connection is awaited in vain then
    const ended = new Promise((resolve) => child.once("close", resolve));
    return () => (child.kill() ? ended : undefined);
  };
}

function read(bytes: Buffer): Announced {
  const found = { maxStreams: Infinity, streamWindow: INITIAL_WINDOW, connectionWindow: INITIAL_WINDOW };
  for (let at = 0; at + FRAME_HEAD <= bytes.length; at += FRAME_HEAD + bytes.readUIntBE(at, 3)) {
    const payload = bytes.subarray(at + FRAME_HEAD, at + FRAME_HEAD + bytes.readUIntBE(at, 3));
    const [type, stream] = [bytes[at + 3], bytes.readUInt32BE(at + 5)];
    if (type === WINDOW_UPDATE && stream === 0) found.connectionWindow += payload.readUInt32BE(0);
    if (type !== SETTINGS) continue;
    for (let entry = 0; entry + 6 <= payload.length; entry += 6) {
      const value = payload.readUInt32BE(entry + 2);
      if (payload.readUInt16BE(entry) === MAX_STREAMS) found.maxStreams = value;
      if (payload.readUInt16BE(entry) === STREAM_WINDOW) found.streamWindow = value;
    }
  }
  return found;
}
