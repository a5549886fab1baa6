/** Support for transport tests: servers that misbehave on demand, and a handler that records its calls. */

import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket as ServerSocket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import type {
  Socket,
  SocketHandler,
  Target,
  TlsTarget,
  TransportError,
} from "../../src/contract/transport.ts";
import { detectTransport } from "../../transports/detect.ts";
import { guarded } from "../support/patience.ts";

export { guarded } from "../support/patience.ts";
export const transport = await detectTransport();

const certs = new URL("../certs/", import.meta.url);
export const pem = (name: string): string => readFileSync(fileURLToPath(new URL(name, certs)), "utf8");

/** Whether this runtime has neither Bun's nor Deno's global, so that a test may bring one. */
export const isNode = process.versions.bun === undefined && process.versions.deno === undefined;

/** A signal that never fires. */
export const patient = new AbortController().signal;

/** A handler that records its calls. */
export class Recorder implements SocketHandler {
  length = 0;
  drains = 0;
  /** The arguments of `closed`. More than one item is a bug. */
  ends: (TransportError | undefined)[] = [];
  private pieces: Uint8Array[] = [];
  private waiting: { condition: () => boolean; resolve: () => void }[] = [];

  data(bytes: Uint8Array, length: number): void {
    this.length += length;
    this.pieces.push(new Uint8Array(bytes.subarray(0, length)));
    this.check();
  }

  drain(): void {
    this.drains++;
    this.check();
  }

  closed(error: TransportError | undefined): void {
    this.ends.push(error);
    this.check();
  }

  get text(): string {
    return Array.from(this.bytes, (byte) => String.fromCharCode(byte)).join("");
  }

  get bytes(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let offset = 0;
    for (const piece of this.pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }

  /** Resolves once a call makes the condition true. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return guarded(
      new Promise<void>((resolve) => this.waiting.push({ condition, resolve })),
      `${condition} with ${this.length} bytes, ${this.ends.length} ends, ${this.drains} drains`,
    );
  }

  private check(): void {
    this.waiting = this.waiting.filter(({ condition, resolve }) => {
      if (condition()) resolve();
      return !condition();
    });
  }
}

/** A handler that can be told that a request was dropped, and that the peer has ended its direction. */
export class Owner extends Recorder {
  readonly dropped: (string | undefined)[] = [];
  halfCloses = 0;

  halfClosed(): void {
    this.halfCloses++;
  }

  writeDropped(ended?: boolean, error?: TransportError): void {
    this.dropped.push(ended === true ? (error?.kind ?? "ended") : "overtaken");
  }
}

/** Lets all promises settle that can. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await undefined;
}

/** Bytes exchanged in a {@linkcode moment}. */
const ROUND_TRIPS = 5;

/**
 * Lets the event loop poll every socket, by sending a byte back and forth over a separate connection several times.
 * Everything that had reached the kernel before is delivered then, also on a busy machine, where a fixed delay would prove
 * nothing. Use it to show that something does *not* happen. Wait for events that must happen.
 */
export async function moment(): Promise<void> {
  await using peer = await tcpServer(echo);
  const probe = connect(peer.port, "127.0.0.1");
  try {
    for (let trip = 0; trip < ROUND_TRIPS; trip++) {
      const back = new Promise((resolve, reject) => probe.once("data", resolve).once("error", reject));
      probe.write(".");
      await guarded(back, "a byte that goes to and fro");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } finally {
    probe.destroy();
  }
}

/** A server that closes its connections when it closes. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Sockets of the connections so far. */
  readonly sockets: readonly ServerSocket[];
  /** Resolves with the socket of the next connection, or of the first one if that exists. */
  first(): Promise<ServerSocket>;
}

async function listening(
  server: Server,
  event: "connection" | "secureConnection",
  where: string | undefined,
  address = "127.0.0.1",
): Promise<TestServer> {
  const sockets: ServerSocket[] = [];
  const raw: ServerSocket[] = [];
  let arrived: (socket: ServerSocket) => void = () => {};
  const first = new Promise<ServerSocket>((resolve) => {
    arrived = resolve;
  });
  server.on("connection", (socket: ServerSocket) => {
    raw.push(socket);
    socket.on("error", () => {}); // a client that aborts does not fail the test
  });
  server.on(event, (socket: ServerSocket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    arrived(socket);
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => {
    if (where === undefined) server.listen(0, address, resolve);
    else server.listen(where, resolve);
  });
  return {
    port: where === undefined ? (server.address() as AddressInfo).port : 0,
    sockets,
    first: () => guarded(first, "a connection"),
    async [Symbol.asyncDispose]() {
      for (const socket of [...sockets, ...raw]) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Serves TCP, on a free port or a Unix socket. */
export function tcpServer(serve: (socket: ServerSocket) => void, unixPath?: string): Promise<TestServer> {
  return listening(createServer({ noDelay: true }, serve), "connection", unixPath);
}

/** Serves TLS for localhost, 127.0.0.1 and example.test. */
export function tlsServer(
  serve: (socket: TLSSocket) => void,
  options: TlsOptions = {},
  address?: string,
): Promise<TestServer> {
  const server = createTlsServer({ key: pem("server.key"), cert: pem("server.pem"), ...options }, serve);
  return listening(server, "secureConnection", undefined, address);
}

/** Echoes everything. */
export function echo(socket: ServerSocket): void {
  socket.pipe(socket);
}

/**
 * Forwards everything to another port, with sockets that can be paused. The sockets of a TLS server cannot serve as peers
 * that do not read: on Deno 2.9 a paused socket of `node:tls` reads on.
 */
export function relay(port: number): Promise<TestServer> {
  return tcpServer((socket) => forward(socket, port));
}

/** Forwards a connection to another port, each direction until its own end. */
export function forward(socket: ServerSocket, port: number): void {
  socket.allowHalfOpen = true;
  const onward = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  onward.on("error", () => {});
  socket.pipe(onward).pipe(socket);
}

/** A target on this machine, without socket options unless given. */
export function target(port: number, more: Partial<Target> = {}): Target {
  return { hostname: "127.0.0.1", port, tcpKeepAlive: false, noDelay: true, ...more };
}

/** TLS to the server above. */
export function tls(more: Partial<TlsTarget> = {}): TlsTarget {
  return { serverName: "localhost", ca: [pem("ca.pem")], verify: true, alpn: [], ...more };
}

/** An open socket and its recording handler. */
export interface Opened {
  readonly socket: Socket;
  readonly seen: Recorder;
}

export async function open(where: Target): Promise<Opened> {
  const seen = new Recorder();
  return { socket: await guarded(transport.connect(where, seen, patient), "connect"), seen };
}

/** Bytes in which any loss or reordering shows. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) * 7) & 0xff;
  return bytes;
}

/** Compares many bytes: `assertEquals` takes a second for each mebibyte. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  const differs = expected.findIndex((byte, index) => byte !== actual[index]);
  assert(differs === -1, `The byte at ${differs} is ${actual[differs]}, not ${expected[differs]}`);
}
