/** Support of the dispatcher's tests: the copies of undici at hand, and a server with what they ask for. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { has } from "../support/serve.ts";

/** The part of undici that the tests use, which 6, 7 and 8 have in common but for some interceptors. */
export type Undici = typeof import("undici");

/** undici 8 needs Node 22. */
const hasEight = has.deno || (!has.bun && Number(process.versions.node.split(".")[0]) >= 22);

/**
 * The copies of undici that run here, by name. Bun has a module of its own by that name, whose functions take no dispatcher;
 * undici 6 and 7 are found under other names there, and run.
 */
export async function copies(): Promise<Readonly<Record<string, Undici>>> {
  const older = {
    "undici 6": (await import("undici6")) as unknown as Undici,
    "undici 7": (await import("undici7")) as unknown as Undici,
  };
  return hasEight ? { ...older, "undici 8": await import("undici") } : older;
}

/** A server, and what it saw. */
export interface Peer {
  readonly url: string;
  readonly connections: () => number;
  close(): void;
}

type Route = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** The sent bytes of `/big`, as the server's kernel took them. */
export const sent: { bytes: number } = { bytes: 0 };

const PIECE = Buffer.alloc(65_536, "x");
/** Length of the body of `/big`. */
export const BIG = 512 * PIECE.length;

function big(response: ServerResponse): void {
  sent.bytes = 0;
  const write = (): void => {
    while (sent.bytes < BIG) {
      sent.bytes += PIECE.length;
      if (!response.write(PIECE)) return void response.once("drain", write);
    }
    response.end();
  };
  write();
}

let flaky = 0;

const ROUTES: Readonly<Record<string, Route>> = {
  "/echo": (request, response, body) => {
    const { method, url, headers } = request;
    response.setHeader("content-type", "application/json");
    response.setHeader("x-twice", ["1", "2"]);
    response.end(JSON.stringify({ method, url, headers, body }));
  },
  "/big": (_request, response) => big(response),
  "/trailers": (_request, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("body");
    response.addTrailers({ "x-sum": "42" });
    response.end();
  },
  "/hints": (_request, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("hinted");
  },
  "/never": () => {},
  "/cut": (_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  },
  "/flaky": (_request, response) => {
    flaky += 1;
    response.statusCode = flaky % 2 === 1 ? 503 : 200;
    response.end(`answer ${flaky}`);
  },
  "/fails": (_request, response) => void response.writeHead(500).end("no"),
  "/moved": (_request, response) => void response.writeHead(302, { location: "/echo?moved" }).end("go on"),
  "/cached": (_request, response) => {
    flaky += 1;
    response.writeHead(200, { "cache-control": "public, max-age=60" }).end(`made ${flaky}`);
  },
  "/gzip": (_request, response) => {
    const packed = "H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==";
    response.writeHead(200, { "content-encoding": "gzip" }).end(Buffer.from(packed, "base64"));
  },
};

function echo(socket: Socket): void {
  socket.on("error", () => {});
  socket.pipe(socket);
}

/** Opens the server. */
export async function open(): Promise<Peer> {
  let connections = 0;
  const server: Server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    const path = request.url?.split("?")[0] ?? "";
    request.on("end", () => ROUTES[path]?.(request, response, body));
    request.on("error", () => {});
  });
  server.on("connection", () => {
    connections += 1;
  });
  server.on("upgrade", (request, socket: Socket) => {
    if (request.url === "/echo") socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-A: b\r\n\r\n",
    );
    echo(socket);
  });
  server.on("connect", (request, socket: Socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nX-To: ${request.url}\r\n\r\n`);
    echo(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The error that a promise rejects with. */
export async function thrown(promise: Promise<unknown>): Promise<Error & { code?: string; cause?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("It resolved");
}
