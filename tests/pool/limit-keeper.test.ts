/** Limit keeper: how often the store for learned limits is asked. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, type StoredLimit, type Transport } from "../../mod.ts";
import { isStoredLimit } from "../../src/pool/limit-keeper.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { MovableClock, settled } from "../support/clock.ts";

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

describe("a stored limit", () => {
  const old = { version: 1, closes: [], workedMs: 0, workedAt: 5, burstUntil: 0 };
  const goaway = { requests: 1000, at: 5, times: 2, missed: 0 };
  const rows: [what: string, value: unknown, isStored: boolean][] = [
    ["of a release without HTTP/2", old, true],
    ["with all there is", { ...old, goaways: [goaway], goawayBurstUntil: 7, protocol: "h2" }, true],
    ["of an origin without HTTP/2", { ...old, protocol: "http/1.1" }, true],
    ["with another protocol", { ...old, protocol: "h3" }, false],
    ["with goaways that are no list", { ...old, goaways: {} }, false],
    ["with more goaways than we write", { ...old, goaways: Array.from({ length: 65 }, () => goaway) }, false],
    ["with no requests", { ...old, goaways: [{ ...goaway, requests: 0 }] }, false],
    ["with part of a request", { ...old, goaways: [{ ...goaway, requests: 1.5 }] }, false],
    ["with a text for a number", { ...old, goaways: [{ ...goaway, times: "2" }] }, false],
    ["with no time", { ...old, goaways: [{ ...goaway, at: null }] }, false],
    ["with null for a goaway", { ...old, goaways: [null] }, false],
    ["with a text for a time", { ...old, goawayBurstUntil: "7" }, false],
  ];
  for (const [what, value, isStored] of rows)
    it(`${what}: ${isStored}`, () =>
      assertEquals(isStoredLimit(JSON.parse(JSON.stringify(value))), isStored));
});

describe("what an origin speaks", () => {
  /** A server that chooses HTTP/1.1, and how often it was connected to. */
  function oldServer() {
    const inner = memoryTransport({ respond: () => ({ body: "ok" }) });
    const opened: (() => void)[] = [];
    const transport: Transport = {
      ...inner,
      async connect(target, handler, signal) {
        await new Promise<void>((resolve) => void opened.push(resolve));
        const socket = await inner.connect(target, handler, signal);
        Object.defineProperty(socket, "alpn", { value: "http/1.1" });
        return socket;
      },
    };
    return { transport, opened };
  }

  it("is kept in the store, so that the next pool does not find it out by one connection", async () => {
    const kept = new Map<string, StoredLimit>();
    const first = oldServer();
    const options = { http2: "alpn", learn: { store: kept } } as const;
    const pool = createPool({ ...options, transport: first.transport });
    const asked = [1, 2, 3].map(() => pool.request("https://a.test/"));
    await settled();
    assertEquals(first.opened.length, 1, "one connect attempt decides");
    first.opened[0]?.();
    await settled();
    assertEquals(first.opened.length, 3, "and the others follow at once");
    for (const open of first.opened) open();
    for (const response of asked) await (await response).text();
    await settled();
    assertEquals(kept.get("https://a.test")?.protocol, "http/1.1");
    assertEquals(pool.stats().origins["https://a.test"]?.protocol, "http/1.1");

    const second = oldServer();
    const next = createPool({ ...options, transport: second.transport });
    const again = [1, 2, 3].map(() => next.request("https://a.test/"));
    await settled();
    assertEquals(second.opened.length, 3);
    for (const open of second.opened) open();
    for (const response of again) await (await response).text();
  });
});
