/** `shutdown()` and `drain()`: servers end in order, with each kind of server that the runtime has. */

import { createServer } from "node:http";
import { connect, createServer as createServer2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Hono } from "hono";
import { createPool } from "../../../mod.ts";
import { systemClock } from "../../../src/contract/clock.ts";
import { keepAlive, shutdown } from "../../../src/hono/mod.ts";
import { eventually, PATIENT } from "../../support/patience.ts";
import { has } from "../../support/serve.ts";
import { signal } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { HOSTNAME, SERVERS } from "../support/stoppable-servers.ts";

/** A value of a wrong type, as JavaScript may pass it. */
type Wrong = never;

/** An application with a request that runs until `go` is given. */
function slowApp(withKeepAlive = true) {
  const [begun, go] = [signal(), signal()];
  const app = new Hono();
  if (withKeepAlive) app.use(keepAlive({ idleTimeout: "60s" }));
  app.get("/", (c) => c.text("quick"));
  app.get("/slow", async (c) => {
    begun.give();
    await go.given;
    return c.text("done");
  });
  return { app, begun, go };
}

/** A pool that notes how it was closed. */
function notedPool() {
  const closes: unknown[] = [];
  return { closes, close: async (options?: object) => void closes.push(options) };
}

for (const [name, serve] of Object.entries(SERVERS)) {
  describe(`shutdown() of ${name}`, () => {
    it("ends idle connections, lets a running request end, and then closes the pool", PATIENT, async () => {
      const { app, begun, go } = slowApp();
      const { server, port } = await serve(app.fetch);
      const [idle, slow] = [await RawClient.open(port), await RawClient.open(port)];
      idle.get("/");
      await idle.response();
      const fresh = await RawClient.open(port);
      slow.get("/slow");
      await begun.given;
      const pool = notedPool();
      const stopping = shutdown(server, { pool });
      await idle.end();
      if (!has.bun) await fresh.end();
      assertEquals(pool.closes, []);
      await assertRejects(() => RawClient.open(port));
      for (let turns = 0; turns < 3; turns++) await new Promise<void>((resolve) => systemClock.turn(resolve));
      go.give();
      const { body, headers } = await slow.response();
      assertEquals([body, headers.get("connection")], ["done", "close"]);
      await slow.end();
      fresh.abort();
      const { ended, cut } = await stopping;
      assertEquals([cut, pool.closes.length], [0, 1]);
      assert(ended >= 1, String(ended));
      assertEquals(await shutdown(server, { timeout: 0 }), await stopping);
    });

    it("ends a connection after its response without keepAlive(), too", PATIENT, async () => {
      const { app, begun, go } = slowApp(false);
      const { server, port } = await serve(app.fetch);
      const slow = await RawClient.open(port);
      slow.get("/slow");
      await begun.given;
      const stopping = shutdown(server, { timeout: "60s" });
      go.give();
      assertEquals((await slow.response()).body, "done");
      await slow.end();
      const { cut, ms } = await stopping;
      assertEquals([cut, ms < 30_000], [0, true]);
    });

    for (const [how, options] of [
      ["at the deadline", () => ({ timeout: 50 })],
      ["when the signal is aborted", () => ({ timeout: Infinity, signal: AbortSignal.timeout(50) })],
    ] as const) {
      it(`cuts off what still runs ${how}`, PATIENT, async () => {
        const { app, begun, go } = slowApp();
        const { server, port } = await serve(app.fetch);
        const slow = await RawClient.open(port);
        slow.get("/slow");
        await begun.given;
        const pool = notedPool();
        const report = await shutdown(server, { ...options(), pool: [pool] });
        if (name !== "Deno.serve") await slow.end();
        go.give();
        await slow.end();
        assertEquals([report.ended, report.cut], [0, 1]);
        assertEquals(pool.closes, [{ timeout: 0 }]);
      });
    }

    it("closes a real pool that a handler uses", PATIENT, async () => {
      const pool = createPool();
      const up = (): string => `http://${HOSTNAME}:${port}/up`;
      const { server, port } = await serve((request) =>
        new URL(request.url).pathname === "/up" ? new Response("up") : pool.fetch(up()),
      );
      const client = await RawClient.open(port);
      client.get("/");
      assertEquals((await client.response()).body, "up");
      client.abort();
      const { cut } = await shutdown(server, { pool });
      assertEquals(cut, 0);
      await assertRejects(() => pool.fetch(up()));
    });
  });

  describe(`drain() on ${name}`, () => {
    it("makes each response the last on its connection, and the server accepts others", PATIENT, async () => {
      const app = new Hono();
      const alive = keepAlive({ idleTimeout: "60s" });
      app.use(alive);
      app.get("/", (c) => c.text("quick"));
      const { server, port } = await serve(app.fetch);
      const before = await RawClient.open(port);
      before.get("/");
      assertEquals((await before.response()).headers.get("connection"), "keep-alive");
      alive.drain();
      for (const client of [before, await RawClient.open(port)]) {
        client.get("/");
        assertEquals((await client.response()).headers.get("connection"), "close");
        if (name === "Deno.serve") client.abort();
        else await client.end();
      }
      await shutdown(server, { timeout: "60s" });
    });
  });
}

describe("HTTP/2", () => {
  for (const how of ["shutdown()", "drain()"] as const) {
    it(`gets its GOAWAY by ${how} while idle, and a running request is answered`, PATIENT, async () => {
      const { app, begun, go } = slowApp(false);
      const alive = keepAlive({ idleTimeout: "60s" });
      const outer = new Hono().use(alive).route("/", app);
      const server = createServer2(
        getRequestListener(outer.fetch, { overrideGlobalObjects: false }) as Wrong,
      );
      await new Promise<void>((resolve) => server.listen(0, HOSTNAME, resolve));
      const { port } = server.address() as AddressInfo;
      const [idle, busy] = [connect(`http://${HOSTNAME}:${port}`), connect(`http://${HOSTNAME}:${port}`)];
      for (const session of [idle, busy]) {
        session.on("error", () => {});
      }
      const body = (session: typeof idle, path: string) =>
        new Promise<string>((resolve, reject) => {
          let text = "";
          const stream = session.request({ ":path": path });
          stream.setEncoding("utf8");
          stream.on("data", (piece: string) => (text += piece));
          stream.on("end", () => resolve(text));
          stream.on("error", reject);
        });
      assertEquals(await body(idle, "/"), "quick");
      const slow = body(busy, "/slow");
      await begun.given;
      const stopping = how === "drain()" ? alive.drain() : shutdown(server, { timeout: "60s" });
      // A client closes its session when it gets GOAWAY.
      await eventually(() => idle.closed && busy.closed, "both sessions have their GOAWAY");
      go.give();
      assertEquals(await slow, "done");
      for (const session of [idle, busy]) session.close();
      await stopping;
      const { cut } = await shutdown(server, { timeout: "60s" });
      assertEquals(cut, 0);
    });
  }
});

describe("shutdown() refuses", () => {
  const rows: readonly (readonly [what: string, server: unknown, options: object, says: string])[] = [
    ["no server", undefined, {}, "server must be a server of"],
    ["an application", new Hono(), {}, "server must be a server of"],
    ["an unknown option", createServer(), { timeOut: 5 }, "timeOut"],
    ["a pool without close()", createServer(), { pool: {} }, "pool"],
    ["a list with something else", createServer(), { pool: [createPool(), 1] }, "pool"],
    ["a wrong timeout", createServer(), { timeout: "8" }, "timeout"],
    ["a wrong signal", createServer(), { signal: true }, "signal"],
  ];
  for (const [what, server, options, says] of rows) {
    it(what, async () => {
      const error = await assertRejects(() => shutdown(server as Wrong, options));
      assert(error instanceof TypeError || error instanceof RangeError);
      assert(error.message.includes(says), error.message);
    });
  }
});
