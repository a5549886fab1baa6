/** Serve: the servers of each runtime that send what a handler answers, on a port of their own. */

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";

/** What a server passes besides is its own: an application of Hono reads it as its environment. */
export type Handler = (request: Request, info: object) => Response | Promise<Response>;

/** A server that runs. */
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
/** Where they listen. */
export const hostname = "127.0.0.1";

/** Whether this runtime has them. */
export const has = { deno: Deno !== undefined, bun: Bun !== undefined } as const;

/** Room for a thousand connections that come at once. */
const BACKLOG = 1024;

/** `node:http` through @hono/node-server, which may put a Response of its own in the place of the global one. */
export function serveNode(handler: Handler): Promise<Listening> {
  return listen(getRequestListener(handler, { overrideGlobalObjects: false }));
}

/** As users run it: with Request and Response of its own in the place of the global ones, until it is closed. */
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
