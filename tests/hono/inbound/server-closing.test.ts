/** A server that closes while requests are at work: their responses are the last, and nothing holds it up afterwards. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { type KeepAliveEvent, keepAlive } from "../../../src/hono/mod.ts";
import type { Handler } from "../../support/serve.ts";
import { signal } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";

/** Bun gives a test 5 s, unless told otherwise. */
const PATIENCE = { timeout: 60_000 };

interface Closing {
  readonly port: number;
  /** Takes no more connections; resolves when the last has ended. */
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

async function node(handler: Handler): Promise<Closing> {
  const server = createServer(getRequestListener(handler, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const SERVERS: Readonly<Record<string, (handler: Handler) => Promise<Closing>>> = {
  "@hono/node-server": node,
  ...(Deno === undefined ? {} : { "Deno.serve": async (handler: Handler) => denoServer(handler) }),
  ...(Bun === undefined ? {} : { "Bun.serve": async (handler: Handler) => bunServer(handler) }),
};

function denoServer(handler: Handler): Closing {
  const server = Deno?.serve({ port: 0, hostname, onListen() {} }, handler);
  return { port: server?.addr.port ?? 0, close: async () => server?.shutdown() };
}

function bunServer(handler: Handler): Closing {
  const server = Bun?.serve({ port: 0, hostname, fetch: handler });
  return { port: server?.port ?? 0, close: async () => server?.stop() };
}

for (const [name, serve] of Object.entries(SERVERS)) {
  describe(`keepAlive() while ${name} closes`, () => {
    for (const streams of [false, true]) {
      it(
        `ends the connection of a request at work${streams ? ", whose response had begun" : ""}`,
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
          // Deno.serve tells nothing of it, but ends the connection itself.
          if (!streams && name !== "Deno.serve")
            assertEquals([headers.get("connection"), headers.has("keep-alive")], ["close", false]);
          await raw.end();
          await closed;
        },
      );
    }
  });
}

/** What Bun.serve passes, as far as it is used. */
function bunLike(port = 3000) {
  const timeouts: number[] = [];
  const server = {
    port,
    requestIP: () => ({ address: "192.0.2.1", port: 1 }),
    timeout: (_request: Request, seconds: number) => void timeouts.push(seconds),
  };
  return { server, timeouts };
}

describe("keepAlive() with Bun.serve's timer", () => {
  it("lifts it while a handler works, and sets it for the silence that follows", async () => {
    const { server, timeouts } = bunLike();
    const app = new Hono();
    app.use(keepAlive({ idleTimeout: "5s" }));
    app.get("/", (c) => c.text(timeouts.join()));
    assertEquals(await (await app.request("/", {}, server)).text(), "0");
    assertEquals(timeouts.slice(0, 2), [0, 9]);
  });

  it("sets it as well when something is thrown that nobody answers", async () => {
    const { server, timeouts } = bunLike();
    const app = new Hono();
    app.use(keepAlive({ idleTimeout: "5s" }));
    app.get("/", () => {
      throw "not an error";
    });
    await Promise.resolve(app.request("/", {}, server)).catch(() => {});
    assertEquals(timeouts.slice(0, 2), [0, 9]);
  });
});

describe("keepAlive() without its server's environment", () => {
  it("says so once, and what to do", async () => {
    const events: KeepAliveEvent[] = [];
    const app = new Hono();
    app.use(keepAlive({}, { onEvent: (event) => events.push(event) }));
    app.get("/", (c) => c.text("hello"));
    for (const env of [undefined, {}, { KV: {} }]) await app.fetch(new Request("http://a.test/"), env);
    assertEquals(
      events.map(({ type }) => type),
      ["environment.missing"],
    );
    const [event] = events;
    assertEquals(
      event !== undefined && "message" in event && event.message.includes("fetch: app.fetch"),
      true,
    );
  });

  it("says nothing where there is one, of whatever kind", async () => {
    const events: KeepAliveEvent[] = [];
    const app = new Hono();
    app.use(keepAlive({}, { onEvent: (event) => events.push(event) }));
    app.get("/", (c) => c.text("hello"));
    const http2 = { incoming: { httpVersionMajor: 2 }, outgoing: {} };
    const unix = { remoteAddr: { transport: "unix", path: "/run/a.sock" } };
    for (const env of [http2, unix, bunLike().server, { server: bunLike().server }])
      await app.fetch(new Request("http://a.test/"), env);
    assertEquals(
      events.filter(({ type }) => type === "environment.missing"),
      [],
    );
  });
});
