/** A response of `undici.request()` that the program has dropped unread: its connection is given back. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { request } from "undici7";
import { createPool } from "../../mod.ts";
import { dispatcher } from "../../src/dispatcher/mod.ts";
import { open } from "../dispatcher/support.ts";
import { collectUntil } from "../support/garbage.ts";
import { PATIENT } from "../support/patience.ts";

describe("a response through dispatcher() that is dropped unread", () => {
  it("gives its connection back when it is collected as garbage", PATIENT, async () => {
    const peer = await open();
    const pool = createPool();
    const through = dispatcher(pool);
    try {
      await (async () => {
        const { statusCode } = await request(`${peer.url}/big`, { dispatcher: through as never });
        assertEquals([statusCode, pool.stats().active], [200, 1]);
      })();
      await collectUntil(() => pool.stats().active === 0);
      assertEquals(pool.stats().active, 0);
      await through.close();
    } finally {
      peer.close();
      await pool.close({ timeout: 0 });
    }
  });
});
