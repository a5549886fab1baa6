/** What a dispatcher lets go of: a response that the program has dropped unread, and a call that is over. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { request } from "undici7";
import { createPool } from "../../mod.ts";
import type { CurrentHandler, DispatchController } from "../../src/dispatcher/mod.ts";
import { dispatcher } from "../../src/dispatcher/mod.ts";
import { open } from "../dispatcher/support.ts";
import { answering, settled } from "../fetch/support.ts";
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

describe("a controller that a handler of dispatch() keeps", () => {
  it("keeps nothing of a call that is over", PATIENT, async () => {
    await using setup = answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    const kept: DispatchController[] = [];
    let collected = false;
    const registry = new FinalizationRegistry(() => {
      collected = true;
    });
    (() => {
      const handler: CurrentHandler = {
        onRequestStart: (controller) => void kept.push(controller),
        onResponseError() {},
      };
      registry.register(handler, undefined);
      dispatcher(setup.pool).dispatch({ origin: "http://a.test", path: "/", method: "GET" }, handler);
    })();
    await settled();
    assertEquals(await collectUntil(() => collected), true);
    kept[0]?.abort(new Error("too late"));
    assertEquals([kept[0]?.aborted, setup.pool.stats().failures], [true, 0]);
  });
});
