/** Recording origin: a server that never gives a connection up by itself, and writes down what happens on each. */

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo, Socket } from "node:net";

/** What happened on one connection. Times are those of `performance.now()`. */
export interface ConnectionLog {
  readonly port: number;
  readonly openedAt: number;
  closedAt: number | undefined;
  /** Paths in the order in which they arrived, with the method. */
  readonly requests: string[];
  /** When PINGs arrived over HTTP/2. */
  readonly pings: number[];
}

/** Answers a request, or does something worse. */
export type Respond = (request: IncomingMessage, response: ServerResponse, log: ConnectionLog) => void;

/** An origin with a port of its own. */
export interface RecordingOrigin {
  readonly url: string;
  readonly port: number;
  readonly connections: readonly ConnectionLog[];
  close(): void;
}

/** Pages of another origin may read it. */
const FIELDS = {
  "access-control-allow-origin": "*",
  "cache-control": "no-store",
  "timing-allow-origin": "*",
};

/** Answers at once. */
export const answer: Respond = (_, response) => void response.writeHead(200, FIELDS).end("ok");

/** Answers with further fields. */
export function answerWith(fields: Readonly<Record<string, string>>): Respond {
  return (_, response) => void response.writeHead(200, { ...FIELDS, ...fields }).end("ok");
}

/** HTTP/1.1 without TLS. */
export async function http1Origin(respond: Respond = answer): Promise<RecordingOrigin> {
  const logs = new Map<Socket, ConnectionLog>();
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.timeout = 0;
  server.on("connection", (socket: Socket) => logs.set(socket, record(socket)));
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const log = logs.get(request.socket);
    if (log === undefined) return;
    log.requests.push(`${request.method} ${request.url}`);
    respond(request, response, log);
  });
  return await listening(server, "http", () => [...logs.values()]);
}

const pem = (name: string): Buffer => readFileSync(new URL(`../certs/${name}`, import.meta.url));

/** HTTP/2 with TLS. */
export async function http2Origin(): Promise<RecordingOrigin> {
  const logs: ConnectionLog[] = [];
  const server = createSecureServer({ key: pem("server.key"), cert: pem("server.pem") });
  server.on("session", (session) => {
    const log = record(session.socket as unknown as Socket);
    logs.push(log);
    session.on("error", () => {}); // a browser may leave without a word
    session.on("ping", () => log.pings.push(performance.now()));
    session.on("close", () => {
      log.closedAt ??= performance.now();
    });
    session.on("stream", (stream, headers) => {
      log.requests.push(`${headers[":method"]} ${headers[":path"]}`);
      stream.on("error", () => {}); // as above
      stream.respond({ ":status": 200, ...FIELDS });
      stream.end("ok");
    });
  });
  return await listening(server, "https", () => logs);
}

function record(socket: Socket): ConnectionLog {
  const log: ConnectionLog = {
    port: socket.remotePort ?? 0,
    openedAt: performance.now(),
    closedAt: undefined,
    requests: [],
    pings: [],
  };
  const closed = (): void => {
    log.closedAt ??= performance.now();
  };
  socket.on("end", closed);
  socket.on("close", closed);
  socket.on("error", closed);
  return log;
}

async function listening(
  server: Server | Http2SecureServer,
  scheme: string,
  connections: () => readonly ConnectionLog[],
): Promise<RecordingOrigin> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    get connections() {
      return connections();
    },
    close() {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
    },
  };
}
