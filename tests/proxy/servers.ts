/** Small proxies on this machine. A test sees their requests and decides their answers. */

import { connect, type Socket } from "node:net";
import { type TestServer, tcpServer, tlsServer } from "../transports/support.ts";

/** Handles a request whose head was read. Answers `undefined` to have it handled as proxies do. */
export type Answer = (head: string, socket: Socket) => string | undefined;

/** A proxy, and the heads of its requests. */
export interface HttpProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly heads: readonly string[];
  /** Connections so far. */
  readonly connections: () => number;
  /** Ends every connection, like a proxy that restarts. */
  readonly drop: () => void;
}

/**
 * An HTTP proxy. Its tunnels lead to the requested port of this machine. It answers requests to be forwarded itself, with
 * the request line as the body.
 */
export async function httpProxy(answer: Answer = () => undefined, secure = false): Promise<HttpProxy> {
  const heads: string[] = [];
  const serve = (socket: Socket): void => {
    const onward = readHeads(socket, (head) => {
      heads.push(head);
      const given = answer(head, socket);
      if (given !== undefined) return void socket.write(given, "latin1");
      if (head.startsWith("CONNECT ")) {
        onward();
        return tunnel(
          socket,
          Number(/:(\d+) HTTP/.exec(head)?.[1]),
          "HTTP/1.1 200 Connection established\r\n\r\n",
        );
      }
      const [line = ""] = head.split("\r\n");
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${line.length}\r\n\r\n${line}`, "latin1");
    });
  };
  const server = secure ? await tlsServer(serve) : await tcpServer(serve);
  return { ...shown(server, secure ? "https" : "http"), heads };
}

function shown(server: TestServer, scheme: string): Omit<HttpProxy, "heads"> {
  const { port, sockets } = server;
  return {
    port,
    url: `${scheme}://${scheme === "https" ? "localhost" : "127.0.0.1"}:${port}`,
    connections: () => sockets.length,
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Calls back with each head, without its end. The function returned stops that. */
function readHeads(socket: Socket, found: (head: string) => void): () => void {
  let held = "";
  const read = (chunk: Uint8Array): void => {
    held += Buffer.from(chunk).toString("latin1");
    for (let end = held.indexOf("\r\n\r\n"); end >= 0; end = held.indexOf("\r\n\r\n")) {
      const head = held.slice(0, end);
      held = held.slice(end + 4);
      found(head);
    }
  };
  socket.on("data", read);
  return () => void socket.off("data", read);
}

function tunnel(socket: Socket, port: number, opened: string | Uint8Array): void {
  const onward = connect(port, "127.0.0.1", () => {
    socket.write(opened);
    socket.pipe(onward).pipe(socket);
  });
  onward.on("error", () => socket.destroy());
  socket.on("close", () => onward.destroy());
}

/** A SOCKS5 proxy, and its requests: `"name example.test 443"`. */
export interface SocksProxy extends Omit<HttpProxy, "heads"> {
  readonly requests: readonly string[];
  readonly logins: readonly string[];
}

/** A SOCKS5 proxy that connects to the requested port of this machine, or replies with `code`. */
export async function socksProxy(
  credentials: readonly [username: string, password: string] | undefined = undefined,
  code = 0,
): Promise<SocksProxy> {
  const requests: string[] = [];
  const logins: string[] = [];
  const server = await tcpServer((socket) => {
    const steps = socksSteps(socket, { credentials, code, requests, logins });
    steps.next();
    socket.on("data", (chunk: Buffer) => void steps.next(Buffer.from(chunk)));
  });
  return { ...shown(server, "socks5"), requests, logins };
}

interface SocksScript {
  readonly credentials: readonly [username: string, password: string] | undefined;
  readonly code: number;
  readonly requests: string[];
  readonly logins: string[];
}

/** Reads one message of the client at a time. */
function* socksSteps(socket: Socket, script: SocksScript): Generator<void, void, Buffer> {
  const { credentials, code, requests, logins } = script;
  const method = credentials === undefined ? 0 : 2;
  if (![...(yield)].slice(2).includes(method)) return void socket.end(Uint8Array.of(5, 255));
  socket.write(Uint8Array.of(5, method));
  if (credentials !== undefined) {
    const login = loginIn(yield);
    logins.push(login);
    const right = login === credentials.join(":");
    socket.write(Uint8Array.of(1, right ? 0 : 1));
    if (!right) return void socket.end();
  }
  const request = yield;
  const port = request.readUInt16BE(request.length - 2);
  requests.push(`${describeAddress(request)} ${port}`);
  const reply = Uint8Array.of(5, code, 0, 1, 127, 0, 0, 1, 0, 80);
  if (code !== 0) return void socket.end(reply);
  socket.removeAllListeners("data");
  tunnel(socket, port, reply);
}

function loginIn(message: Buffer): string {
  const end = 2 + (message[1] ?? 0);
  return `${message.subarray(2, end)}:${message.subarray(end + 1)}`;
}

function describeAddress(request: Buffer): string {
  const address = request.subarray(4, -2);
  if (request[3] === 3) return `name ${address.subarray(1)}`;
  return request[3] === 1 ? `ipv4 ${address.join(".")}` : `ipv6 ${address.toString("hex")}`;
}
