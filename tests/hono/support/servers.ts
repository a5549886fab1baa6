/** Servers: those that a Hono application can run under here, each started in the same way. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

/** A server that listens. */
export interface Listening {
  readonly port: number;
  close(): Promise<unknown>;
}

/** One kind of server, and what it can do. */
export interface ServerUnderTest {
  readonly name: string;
  readonly enforcement: "enforced" | "advisory";
  /** The most that an idle timeout may be late: Bun counts in steps of 4 s, and one more to be sure. */
  readonly coarseMs: number;
  /** Whether it keeps a connection of HTTP/1.0 that asks for it. */
  readonly keeps10: boolean;
  /** Whether it tells that a request came by HTTP/1.0. */
  readonly tells10: boolean;
  /** Whether requests may wait behind one that is at work: Bun.serve closes the connection instead. */
  readonly queues: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: an application of any environment can be served
  serve(app: Hono<any>): Promise<Listening>;
}

type Handler = (request: Request, info: object) => Response | Promise<Response>;

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
const hostname = "127.0.0.1";

const node: ServerUnderTest = {
  name: "@hono/node-server",
  enforcement: "enforced",
  coarseMs: 0,
  keeps10: Bun === undefined,
  tells10: true,
  queues: true,
  async serve(app) {
    const server: Server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
    await new Promise<void>((resolve) => server.listen(0, hostname, 1024, resolve));
    const close = () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    return { port: (server.address() as AddressInfo).port, close };
  },
};

const deno: ServerUnderTest = {
  name: "Deno.serve",
  enforcement: "advisory",
  coarseMs: 0,
  keeps10: true,
  tells10: false,
  queues: true,
  async serve(app) {
    const server = Deno!.serve({ port: 0, hostname, onListen() {} }, app.fetch);
    return { port: server.addr.port, close: () => server.shutdown() };
  },
};

const bun: ServerUnderTest = {
  name: "Bun.serve",
  enforcement: "enforced",
  coarseMs: 8000,
  keeps10: false,
  tells10: false,
  queues: false,
  async serve(app) {
    const server = Bun!.serve({ port: 0, hostname, fetch: app.fetch });
    return { port: server.port, close: () => server.stop(true) };
  },
};

/** Those of this runtime. */
export const SERVERS: readonly ServerUnderTest[] = [
  node,
  ...(Deno === undefined ? [] : [deno]),
  ...(Bun === undefined ? [] : [bun]),
];
