/** Promise: no limit is ever exceeded. A request that has to wait is served, or fails with the reason. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { HoldfastError } from "../../src/contract/errors.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

const ORIGINS = ["http://a.test", "http://b.test", "http://c.test"];

describe("maxConnectionsPerOrigin and maxConnections", () => {
  it("are never exceeded by a crowd of requests, which are all served", async () => {
    const { pool, transport } = service({ maxConnectionsPerOrigin: 2, maxConnections: 4 });
    let most = 0;
    const watch = () => {
      most = Math.max(most, pool.stats().open);
      for (const origin of Object.values(pool.stats().origins)) assert(origin.open <= 2);
    };
    pool.subscribe(watch);
    const crowd = Array.from({ length: 300 }, (_, nth) => pool.request(`${ORIGINS[nth % 3]}/${nth}`));
    const responses = await Promise.all(crowd);
    assertEquals(
      responses.map(({ status }) => status),
      responses.map(() => 200),
    );
    assertEquals([most, pool.stats().queued], [4, 0]);
    assert(transport.attempts < 50, `${transport.attempts} connections for 300 requests`);
  });

  it("evict an idle connection of another origin rather than wait", async () => {
    const { get, retired } = service({ maxConnections: 2 });
    for (const origin of ORIGINS) await get(origin);
    assertEquals(retired(), ["make-room"]);
  });
});

describe("maxIdle and maxIdlePerOrigin", () => {
  it("evict the stalest", async () => {
    const { get, pool, retired } = service({ maxIdle: 2 });
    for (const origin of ORIGINS) await get(origin);
    assertEquals(
      [pool.stats().idle, retired(), pool.stats().origins["http://a.test"]?.open],
      [2, ["max-idle"], 0],
    );
  });

  it("count per origin, too", async () => {
    const { pool } = service({ maxIdlePerOrigin: 1 });
    await Promise.all([pool.request("http://a.test/1"), pool.request("http://a.test/2")]);
    await settled();
    assertEquals(pool.stats().retired, { "max-idle": 1 });
  });
});

describe("the queue", () => {
  it("refuses beyond maxQueue, with the counts", async () => {
    const { pool } = service({ maxConnectionsPerOrigin: 1, maxQueue: 1 }, undefined, { respond: undefined });
    void pool.request("http://a.test/1").catch(() => {});
    void pool.request("http://a.test/2").catch(() => {});
    const error = await assertRejects(() => pool.request("http://a.test/3"), HoldfastError);
    assertEquals(
      [error.code, error.phase, error.sent, error.retriable],
      ["ERR_QUEUE_FULL", "queue", "none", true],
    );
    await pool.close({ timeout: 0 });
  });

  it("gives up after acquireTimeout, with the numbers", async () => {
    const options = { maxConnectionsPerOrigin: 1, acquireTimeout: "5s" } as const;
    const { pool, clock } = service(options, undefined, { respond: undefined });
    void pool.request("http://a.test/1").catch(() => {});
    const waiting = assertRejects(() => pool.request("http://a.test/2"), HoldfastError);
    await clock.advance(5000);
    const { message, code } = await waiting;
    assertEquals(code, "ERR_ACQUIRE_TIMEOUT");
    assertEquals(
      message,
      "No connection to http://a.test: timed out after 5000 ms in the queue (1 active, 0 idle, 0 queued)",
    );
    const closed = pool.close({ timeout: 0 });
    await clock.advance(0);
    await closed;
  });
});
