/** Limit keeper: how often the store for learned limits is asked. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { MovableClock } from "../support/clock.ts";

describe("a limit store that fails to answer", () => {
  it("is asked again a minute later, and not before", async () => {
    const clock = new MovableClock();
    const start = clock.now();
    const asked: number[] = [];
    const store = {
      get() {
        asked.push(clock.now() - start);
        if (asked.length === 1) throw new Error("down");
        return undefined;
      },
      set() {},
    };
    const transport = memoryTransport({ respond: () => ({ body: "ok" }) });
    const pool = createPool({ transport, clock, learn: { store } });
    const get = async () => (await pool.request("http://a.test/")).text();
    for (const ms of [0, 59_999, 1, 120_000]) {
      await clock.advance(ms);
      await get();
    }
    assertEquals([asked, pool.stats().storeErrors], [[0, 60_000], 1]);
  });
});
