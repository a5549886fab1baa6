/** `keepAlive()` with environments that a test passes in place of a server, and with none. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { type KeepAliveEvent, keepAlive } from "../../../src/hono/mod.ts";

/** The environment that Bun.serve passes, as far as it is used. */
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
  it("turns it off while a handler runs, and sets it for the idle time afterwards", async () => {
    const { server, timeouts } = bunLike();
    const app = new Hono();
    app.use(keepAlive({ idleTimeout: "5s" }));
    app.get("/", (c) => c.text(timeouts.join()));
    assertEquals(await (await app.request("/", {}, server)).text(), "0");
    assertEquals(timeouts.slice(0, 2), [0, 9]);
  });

  it("sets it after a handler threw something that no error handler takes", async () => {
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
  it("reports it once, with the remedy", async () => {
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

  it("reports nothing if there is one, of any kind", async () => {
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
