/** Serve: the HTTP servers of each runtime, on a port of their own, around a handler function. */

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";

/** `info` differs by server. An application of Hono reads it as its environment. */
export type Handler = (request: Request, info: object) => Response | Promise<Response>;

/** A running server. */
export interface Listening {
  readonly port: number;
  close(): Promise<unknown>;
}

interface Runtimes {
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(): void },
      handler: Handler,
    ): { addr: { port: number }; shutdown(): Promise<void> };
  };
  readonly Bun?: {
    serve(options: { port: number; hostname: string; fetch: Handler }): {
      port: number;
      stop(now: boolean): Promise<void>;
    };
  };
}

const { Deno, Bun } = globalThis as Runtimes;
/** The address at which the servers listen. */
export const hostname = "127.0.0.1";

/** Which servers this runtime has. */
export const has = { deno: Deno !== undefined, bun: Bun !== undefined } as const;

/** Room for a thousand connections at once. */
const BACKLOG = 1024;

/** `node:http` through @hono/node-server, without its own Request and Response in place of the global ones. */
export function serveNode(handler: Handler): Promise<Listening> {
  return listen(getRequestListener(handler, { overrideGlobalObjects: false }));
}

/**
 * The same as users run it: with its own Request and Response in place of the global ones, until the server is
 * closed.
 */
export async function serveNodeOverriding(handler: Handler): Promise<Listening> {
  const { Request, Response } = globalThis;
  const { port, close } = await listen(getRequestListener(handler));
  const restore = async () => {
    Object.defineProperty(globalThis, "Request", { value: Request });
    Object.defineProperty(globalThis, "Response", { value: Response });
    await close();
  };
  return { port, close: restore };
}

async function listen(listener: RequestListener): Promise<Listening> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, hostname, BACKLOG, resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, close };
}

export async function serveDeno(handler: Handler): Promise<Listening> {
  const server = Deno!.serve({ port: 0, hostname, onListen() {} }, handler);
  return { port: server.addr.port, close: () => server.shutdown() };
}

export async function serveBun(handler: Handler): Promise<Listening> {
  const server = Bun!.serve({ port: 0, hostname, fetch: handler });
  return { port: server.port, close: () => server.stop(true) };
}
