/** Connections known by address and port only: how they are counted, and what a hostile client cannot do. */

import { describe, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import { Hono } from "hono";
import { keepAlive } from "../../../src/hono/mod.ts";
import { ConnectionTable, newInboundConnection } from "../../../src/inbound/connection-table.ts";
import { MovableClock } from "../../support/clock.ts";
import { cpuMs } from "../../support/cost.ts";

describe("the connection table", () => {
  it("has no more entries than its capacity, and drops the least recently added", () => {
    const table = new ConnectionTable(3);
    for (let port = 0; port < 1000; port++) table.add(`a ${port}`, newInboundConnection(0, 1));
    assertEquals(table.size, 3);
    assertEquals(
      [996, 997, 998, 999].map((port) => table.find(`a ${port}`, 10, 0) !== undefined),
      [false, true, true, true],
    );
  });

  it("keeps the most recently seen entry", () => {
    const table = new ConnectionTable(2);
    table.add("a", newInboundConnection(0, 1));
    table.add("b", newInboundConnection(0, 1));
    table.find("a", 10, 0);
    table.add("c", newInboundConnection(0, 1));
    assertEquals([table.find("a", 10, 0) === undefined, table.find("b", 10, 0)], [false, undefined]);
  });

  it("does not find a silent connection, unless it has an active request", () => {
    const table = new ConnectionTable(2);
    const record = newInboundConnection(0, 1);
    table.add("a", record);
    assertEquals(table.find("a", 10, 10), record);
    assertEquals(table.find("a", 10, 11), undefined);
    record.activeRequests = 1;
    assertEquals(table.find("a", 10, 11), record);
  });
});

/** An application with the environment of Deno.serve. The test is the server. */
function denoLike(maxTracked: number) {
  const clock = new MovableClock();
  const app = new Hono();
  app.use(keepAlive({ idleTimeout: "10s", maxRequests: 100 }, { maxTracked, clock, random: () => 0 }));
  app.get("/", (c) => c.text("hello"));
  const request = async (port: number, headers: Record<string, string> = {}) => {
    const info = { remoteAddr: { transport: "tcp", hostname: "192.0.2.1", port } };
    const response = await app.request("/", { headers }, info);
    return response.headers.get("keep-alive");
  };
  return { clock, request };
}

describe("keepAlive() where a connection is an address and a port", () => {
  it("counts each port separately, whatever the headers claim", async () => {
    const { request } = denoLike(10);
    const spoofed = {
      "x-forwarded-for": "198.51.100.7",
      forwarded: "for=198.51.100.8:9",
      "keep-alive": "max=1",
    };
    assertEquals(
      [await request(1), await request(1, spoofed), await request(2), await request(1)],
      ["timeout=9, max=99", "timeout=9, max=98", "timeout=9, max=99", "timeout=9, max=97"],
    );
  });

  it("starts counting anew after a silence longer than the idle timeout", async () => {
    const { request, clock } = denoLike(10);
    await request(1);
    await clock.advance(9000);
    assertEquals(await request(1), "timeout=9, max=98");
    await clock.advance(20_000);
    assertEquals(await request(1), "timeout=9, max=99");
  });

  it("counts a connection as new after its last response", async () => {
    const { request } = denoLike(10);
    for (let count = 0; count < 100; count++) await request(1);
    assertEquals(await request(1), "timeout=9, max=99");
  });

  it("remembers a bounded number of ports", async () => {
    const { request } = denoLike(100);
    await request(1);
    for (let port = 2; port <= 2000; port++) await request(port);
    assertEquals(await request(1), "timeout=9, max=99");
    assertEquals(await request(2000), "timeout=9, max=98");
  });

  it("reads a long Connection field in linear time", async () => {
    const cost = (items: number) =>
      cpuMs(() => denoLike(10).request(1, { connection: `${"x,".repeat(items)}close` }));
    const [short, long] = [await cost(2000), await cost(64 * 2000)];
    // A quadratic reader would take 4096 times as long.
    assertLess(long, 256 * Math.max(short, 0.1));
  });
});
