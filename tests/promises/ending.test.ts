/** Promise: a pool that is closed leaves nothing behind. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { HoldfastError } from "../../src/contract/errors.ts";
import { service } from "../support/service.ts";

describe("close", () => {
  it("lets running requests end, and refuses new ones", async () => {
    const { pool, clock, transport } = service({}, undefined, { respond: undefined });
    const running = pool.request("http://a.test/");
    await clock.advance(0);
    const closing = pool.close({ timeout: "10s" });
    const error = await assertRejects(() => pool.request("http://a.test/"), HoldfastError);
    assertEquals([error.code, error.retriable], ["ERR_POOL_CLOSED", false]);
    transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertEquals((await running).status, 200);
    await closing;
    assertEquals([pool.stats().open, clock.timers], [0, 0]);
  });

  it("cuts them off when its timeout is over", async () => {
    const { pool, clock, transport } = service({}, undefined, { respond: undefined });
    const running = assertRejects(() => pool.request("http://a.test/"), HoldfastError);
    await clock.advance(0);
    const closing = pool.close({ timeout: "10s" });
    await clock.advance(10_000);
    await closing;
    assertEquals((await running).code, "ERR_POOL_CLOSED");
    assertEquals([transport.peers[0]?.state, pool.stats().open, clock.timers], ["aborted", 0, 0]);
  });

  it("cuts them off at once with a timeout of 0, without a timer", async () => {
    const { pool, clock, transport } = service({}, undefined, { respond: undefined });
    const running = assertRejects(() => pool.request("http://a.test/"), HoldfastError);
    await clock.advance(0);
    await pool.close({ timeout: 0 });
    assertEquals((await running).code, "ERR_POOL_CLOSED");
    assertEquals([transport.peers[0]?.state, clock.timers], ["aborted", 0]);
  });

  it("happens by itself with await using", async () => {
    const { pool, get, transport, clock } = service();
    {
      await using _ = pool;
      await get();
    }
    await clock.advance(0);
    assertEquals([transport.peers[0]?.state, clock.timers], ["closed", 0]);
  });

  it("refuses a wrong timeout", async () => {
    await assertRejects(() => service().pool.close({ timeout: -1 }), RangeError, "timeout");
  });
});

describe("drain", () => {
  it("of one origin has its next request open a connection, and spares the others", async () => {
    const { pool, get, retired } = service();
    assertEquals([await get("http://a.test"), await get("http://b.test")], [1, 2]);
    pool.drain("http://A.test:80/any/path");
    assertEquals([await get("http://a.test"), await get("http://b.test")], [3, 2]);
    assertEquals(retired(), ["origin-drained"]);
  });
});
