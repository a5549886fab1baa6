/** `drain()` without a server: what each response says from then on. `shutdown.test.ts` has it with real servers. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { keepAlive } from "../../../src/hono/mod.ts";

/** What @hono/node-server passes to an application. The socket is the same for all requests of a connection. */
function connection() {
  const socket = { timeout: 0, server: { listening: true }, setTimeout() {} };
  return () => ({
    incoming: { socket, httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1, headers: {} },
    outgoing: { shouldKeepAlive: true, once() {}, removeHeader() {} },
  });
}

describe("drain()", () => {
  it("makes each response the last on its connection, and not before", async () => {
    const alive = keepAlive({ idleTimeout: "60s" });
    const app = new Hono();
    app.use(alive);
    app.get("/", (c) => c.text("quick"));
    const [before, fresh] = [connection(), connection()];
    const said = async (env: object) => (await app.request("/", {}, env)).headers.get("connection");
    // Node adds `Connection: keep-alive` itself.
    assertEquals(await said(before()), null);
    alive.drain();
    assertEquals([await said(before()), await said(fresh())], ["close", "close"]);
    assertEquals((await app.request("/", {}, fresh())).status, 503);
  });
});
