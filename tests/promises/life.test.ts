/** Promise: a connection is used for as long as the rules allow, and not a moment longer. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { service } from "../support/service.ts";

describe("idleTimeout", () => {
  it("keeps an unused connection that long", async () => {
    const { get, clock, retired } = service({ idleTimeout: "60s" });
    assertEquals(await get(), 1);
    await clock.advance(59_999);
    assertEquals(await get(), 1);
    await clock.advance(60_000);
    assertEquals([await get(), retired()], [2, ["idle-timeout"]]);
  });

  it("is enforced even when the timer could not ring", async () => {
    const { get, clock, retired } = service({ idleTimeout: "60s" });
    await get();
    clock.block(60_000);
    assertEquals([await get(), retired()], [2, ["idle-timeout"]]);
  });

  it("of Infinity leaves it to the other rules", async () => {
    const { get, clock } = service({ idleTimeout: Infinity, maxLifetime: Infinity });
    await get();
    await clock.advance(1e10);
    assertEquals(await get(), 1);
  });
});

describe("maxLifetime", () => {
  it("ends a connection that is always in use", async () => {
    const { get, clock, retired } = service({ maxLifetime: "1h", idleTimeout: "10m" });
    const used: number[] = [];
    for (let minutes = 0; minutes <= 65; minutes += 5) {
      used.push(await get());
      await clock.advance(300_000);
    }
    assertEquals([used.filter((id) => id === 1).length, retired()[0]], [12, "max-lifetime"]);
  });

  it("does not cut the request that is running", async () => {
    const { pool, clock, transport, retired } = service(
      // Without the probe of an outage, whose connection grows old as well.
      { maxLifetime: "1s", headersTimeout: "1h", doubt: false },
      undefined,
      {
        respond: undefined,
      },
    );
    const waiting = pool.request("http://a.test/");
    await clock.advance(10_000);
    assertEquals([transport.peers[0]?.state, retired()], ["open", []]);
    transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertEquals(await (await waiting).text(), "ok");
    assertEquals(retired(), ["max-lifetime"]);
  });
});

describe("maxRequests", () => {
  it("says Connection: close on the last request, and opens another for the next", async () => {
    const said: (string | null)[] = [];
    const { get } = service({ maxRequests: 3 }, ({ headers }) => {
      said.push(headers.get("connection"));
      return { body: "ok" };
    });
    assertEquals([await get(), await get(), await get(), await get()], [1, 1, 1, 2]);
    assertEquals(said, ["keep-alive", "keep-alive", "close", "keep-alive"]);
  });
});
