/** Servers that a test ends: one of each kind that `shutdown()` knows and the runtime has. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { ShutdownServer } from "../../../src/hono/mod.ts";
import { type Handler, has } from "../../support/serve.ts";

/** A server that listens. */
export interface Running {
  readonly server: ShutdownServer;
  readonly port: number;
}

interface Runtimes {
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(): void },
      handler: Handler,
    ): { addr: { port: number }; finished: Promise<void>; shutdown(): Promise<void> };
  };
  readonly Bun?: {
    serve(options: { port: number; hostname: string; fetch: Handler }): {
      port: number;
      pendingRequests: number;
      stop(now?: boolean): Promise<void>;
    };
  };
}

const { Deno, Bun } = globalThis as Runtimes;
/** Where they listen. */
export const HOSTNAME = "127.0.0.1";

async function node(handler: Handler): Promise<Running> {
  const server = createServer(getRequestListener(handler, { overrideGlobalObjects: false }));
  server.keepAliveTimeout = 60_000; // not what ends the connections here
  await new Promise<void>((resolve) => server.listen(0, HOSTNAME, resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

async function deno(handler: Handler): Promise<Running> {
  const server = Deno!.serve({ port: 0, hostname: HOSTNAME, onListen() {} }, handler);
  return { server, port: server.addr.port };
}

async function bun(handler: Handler): Promise<Running> {
  const server = Bun!.serve({ port: 0, hostname: HOSTNAME, fetch: handler });
  return { server, port: server.port };
}

/** Starts each kind of server that the runtime has. */
export const SERVERS: Readonly<Record<string, (handler: Handler) => Promise<Running>>> = {
  "@hono/node-server": node,
  ...(has.deno ? { "Deno.serve": deno } : {}),
  ...(has.bun ? { "Bun.serve": bun } : {}),
};
