/** A `node:http` server behind the gateway, with handlers written by a test. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers the requests for one path. */
export type OriginHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A running origin. */
export interface Origin {
  readonly url: string;
  /** Requests received so far, as `GET /path`. */
  readonly requests: string[];
  /** Number of connections opened so far. */
  readonly opened: () => number;
  close(): Promise<unknown>;
}

/** Starts an origin. A path without a handler is answered with 404. */
export async function startOrigin(handlers: Readonly<Record<string, OriginHandler>>): Promise<Origin> {
  const requests: string[] = [];
  let opened = 0;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const handler = handlers[request.url ?? ""];
    if (handler !== undefined) return handler(request, response);
    response.writeHead(404).end("nowhere");
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", () => {
    opened += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, opened: () => opened, close };
}

/** A promise and the function that resolves it. */
export function signal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
