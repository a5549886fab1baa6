/** `keepAlive()` while a server shuts down: active requests get the last response, and nothing delays the shutdown. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { keepAlive } from "../../../src/hono/mod.ts";
import type { Handler } from "../../support/serve.ts";
import { signal } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";

/** Bun's default limit for a test is 5 s. */
const PATIENCE = { timeout: 60_000 };

/** A server that a test can shut down. */
interface ClosableServer {
  readonly port: number;
  /** Accepts no more connections. Resolves when the last one has ended. */
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
    serve(options: { port: number; hostname: string; fetch: Handler; idleTimeout?: number }): {
      port: number;
      stop(): Promise<void>;
    };
  };
}

const { Deno, Bun } = globalThis as Runtimes;
const hostname = "127.0.0.1";

async function node(handler: Handler): Promise<ClosableServer> {
  const server = createServer(getRequestListener(handler, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const SERVERS: Readonly<Record<string, (handler: Handler) => Promise<ClosableServer>>> = {
  "@hono/node-server": node,
  ...(Deno === undefined ? {} : { "Deno.serve": async (handler: Handler) => denoServer(handler) }),
  ...(Bun === undefined ? {} : { "Bun.serve": async (handler: Handler) => bunServer(handler) }),
};

function denoServer(handler: Handler): ClosableServer {
  const server = Deno?.serve({ port: 0, hostname, onListen() {} }, handler);
  return { port: server?.addr.port ?? 0, close: async () => server?.shutdown() };
}

function bunServer(handler: Handler): ClosableServer {
  const server = Bun?.serve({ port: 0, hostname, fetch: handler });
  return { port: server?.port ?? 0, close: async () => server?.stop() };
}

for (const [name, serve] of Object.entries(SERVERS)) {
  describe(`keepAlive() while ${name} shuts down`, () => {
    for (const streams of [false, true]) {
      it(
        `ends the connection of an active request${streams ? " whose response has begun" : ""}`,
        PATIENCE,
        async () => {
          const [begun, go] = [signal(), signal()];
          const app = new Hono();
          app.use(keepAlive({ idleTimeout: "60s" }));
          app.get("/", async (c) => {
            if (!streams) {
              begun.give();
              await go.given;
              return c.text("done");
            }
            return c.body(
              new ReadableStream<Uint8Array>({
                async start(controller) {
                  controller.enqueue(new TextEncoder().encode("do"));
                  await go.given;
                  controller.enqueue(new TextEncoder().encode("ne"));
                  controller.close();
                },
              }),
            );
          });
          const server = await serve(app.fetch);
          const raw = await RawClient.open(server.port);
          raw.get("/");
          await (streams ? raw.heard("do") : begun.given);
          const closed = server.close();
          go.give();
          const { body, headers } = await raw.response();
          assertEquals(body, "done");
          // Deno.serve does not show that it is closing, but ends the connection itself.
          if (!streams && name !== "Deno.serve")
            assertEquals([headers.get("connection"), headers.has("keep-alive")], ["close", false]);
          await raw.end();
          await closed;
        },
      );
    }
  });
}
