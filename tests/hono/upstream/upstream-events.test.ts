/** The events of `upstream()`, and what is printed without a listener. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { createPool, type PoolOptions } from "../../../mod.ts";
import { type UpstreamEnv, type UpstreamEvent, upstream } from "../../../src/hono/mod.ts";
import { consoleListener } from "../../../src/hono/upstream/upstream-events.ts";
import { memoryTransport } from "../../../transports/memory.ts";
import { MovableClock } from "../../support/clock.ts";

/** An application whose upstream refuses every connection. */
function failing(options: PoolOptions, onEvent: (event: UpstreamEvent) => void) {
  const pool = createPool({ transport: memoryTransport({ connect: () => "refused" }), ...options });
  const app = new Hono<UpstreamEnv>();
  app.use(upstream(pool, { onEvent }));
  app.all("/", (c) => c.var.upstream.fetch("http://a.test/secret?secret", { method: c.req.method }));
  app.get("/light", async (c) => c.text(await (await c.var.upstream.request("http://a.test/")).text()));
  return { app, pool };
}

describe("upstream()'s events", () => {
  it("report a failure with its status, its method and the error", async () => {
    const events: UpstreamEvent[] = [];
    const { app } = failing({}, (event) => events.push(event));
    assertEquals((await app.request("/", { method: "DELETE" })).status, 502);
    assertEquals((await app.request("/light")).status, 502);
    const received = events.map((event) => [
      event.type,
      event.status,
      event.method,
      event.error instanceof Error,
    ]);
    assertEquals(received, [
      ["upstream.failed", 502, "DELETE", true],
      ["upstream.failed", 502, "GET", true],
    ]);
  });

  it("report a closed pool, whose response has Retry-After", async () => {
    const events: UpstreamEvent[] = [];
    const { app, pool } = failing({}, (event) => events.push(event));
    await pool.close();
    const response = await app.request("/");
    assertEquals([response.status, response.headers.get("retry-after")], [503, "1"]);
    assertEquals(
      events.map(({ status }) => status),
      [503],
    );
    assertEquals((await failing({}, () => {}).app.request("/")).headers.has("retry-after"), false);
  });

  it("report a request that cannot be passed on", async () => {
    const events: UpstreamEvent[] = [];
    const { app } = failing({}, (event) => events.push(event));
    app.get("/passed", (c) => c.var.upstream.fetch("http://a.test/", { headers: c.req.raw.headers }));
    assertEquals((await app.request("/passed", { headers: { expect: "miracles" } })).status, 417);
    assertEquals(
      events.map(({ type, status }) => [type, status]),
      [["client.failed", 417]],
    );
  });

  it("do not report the application's own mistakes", async () => {
    const events: UpstreamEvent[] = [];
    const { app } = failing({}, (event) => events.push(event));
    const seen: unknown[] = [];
    app.onError((error, c) => {
      seen.push(error);
      return c.text("mine", 500);
    });
    app.get("/mistake", (c) => c.var.upstream.fetch("not a URL"));
    assertEquals((await app.request("/mistake", { headers: { connection: "close" } })).status, 500);
    assertEquals([seen.length, events.length], [1, 0]);
    assert(seen[0] instanceof TypeError);
  });

  it("survive a listener that throws", async () => {
    const { app } = failing({}, () => {
      throw new Error("listener");
    });
    assertEquals((await app.request("/")).status, 502);
  });

  it("require a function as listener", () => {
    assertThrows(() => upstream({}, { onEvent: 5 as never }), TypeError, "onEvent");
  });
});

describe("without a listener", () => {
  const failed = (error: unknown): UpstreamEvent => ({
    type: "upstream.failed",
    status: 502,
    method: "GET",
    error,
  });

  it("each kind of failure is printed at most every 10 s, with the number of suppressed lines", async () => {
    const clock = new MovableClock();
    const lines: string[] = [];
    const listen = consoleListener(clock, (line) => lines.push(line));
    const pool = createPool({ transport: memoryTransport({ connect: () => "refused" }) });
    const error = await pool.fetch("http://a.test/secret").catch((reason: unknown) => reason);
    for (let count = 0; count < 100; count++) listen(failed(error));
    assertEquals(lines.length, 1);
    assertMatch(lines[0] ?? "", /^upstream\(\): a GET was answered with 502: .*http:\/\/a\.test/);
    assertEquals(/secret/.test(lines.join()), false);
    listen(failed(new DOMException("slow", "TimeoutError")));
    assertEquals(lines.length, 2);
    await clock.advance(10_000);
    listen(failed(error));
    assertMatch(lines[2] ?? "", /\(and 99 more like it before\)$/);
    listen({ type: "client.failed", status: 499, method: "GET", error });
    assertEquals(lines.length, 3);
  });
});
