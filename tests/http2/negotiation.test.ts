/** Negotiation: what a pool offers by ALPN, what it makes of the answer, and what it says if it cannot ask. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, type PoolEvent, type PoolOptions } from "../../mod.ts";
import { http2Code } from "../../src/create-pool.ts";
import { EarlyBytes } from "../../src/pool/connect/early-bytes.ts";
import { type MemoryOptions, memoryTransport } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { eventually } from "../support/patience.ts";

const url = "https://a.test/";

/** A pool over peers in memory, and what it told. */
function scene(options: PoolOptions = {}, memory: MemoryOptions = {}) {
  const transport = memoryTransport({ respond: () => ({ body: "ok" }), ...memory });
  const events: PoolEvent[] = [];
  const pool = createPool({ ...options, transport, onEvent: (event) => void events.push(event) });
  const degraded = () => events.flatMap((event) => (event.type === "option.degraded" ? [event.option] : []));
  return { pool, transport, degraded };
}

describe("a pool offers by ALPN", () => {
  const OFFERS: [http2: PoolOptions["http2"], offer: string[]][] = [
    [undefined, ["h2", "http/1.1"]],
    ["alpn", ["h2", "http/1.1"]],
    [false, ["http/1.1"]],
    ["prior-knowledge", ["h2"]],
  ];
  for (const [http2, offer] of OFFERS) {
    it(`${offer.join(" and ")} if http2 is ${http2}`, async () => {
      const { pool, transport } = scene(http2 === undefined ? {} : { http2 });
      const call = pool.request(url).catch(() => {});
      await settled();
      assertEquals(transport.peers[0]?.target.tls?.alpn, offer);
      if (http2 !== "prior-knowledge") await call;
    });
  }
});

describe("requests to an origin of which nothing is known", () => {
  it("wait for one connect attempt, and get one each when it has chosen HTTP/1.1", async () => {
    const { pool, transport } = scene();
    const calls = Array.from({ length: 5 }, () => pool.request(url));
    assertEquals([transport.attempts, pool.stats().queued], [1, 5]);
    for (const call of calls) assertEquals(await (await call).text(), "ok");
    assertEquals(pool.stats().opened, 5);
  });

  it("are connected for at once when the last answer was HTTP/1.1", async () => {
    const { pool, transport } = scene({ maxIdlePerOrigin: 0 });
    await (await pool.request(url)).text();
    const calls = Array.from({ length: 5 }, () => pool.request(url));
    assertEquals(transport.attempts, 6);
    await Promise.all(calls.map(async (call) => (await call).text()));
  });

  it("are connected for at once without TLS", () => {
    const { pool, transport } = scene();
    for (let count = 0; count < 5; count++) pool.request("http://a.test/").catch(() => {});
    assertEquals(transport.attempts, 5);
  });
});

describe("a transport that cannot offer protocols", () => {
  const memory = { can: { alpn: false } };

  it("is reported if HTTP/2 was asked for", async () => {
    const { pool, degraded } = scene({ http2: "alpn" }, memory);
    for (let count = 0; count < 2; count++) await (await pool.request(url)).text();
    assertEquals(degraded(), ["http2"]);
  });

  it("is an error if HTTP/2 was asked for under strict", async () => {
    const { pool } = scene({ http2: "alpn", strict: true }, memory);
    const error = await pool.request(url).catch((thrown) => thrown);
    assertEquals(error.cause?.code ?? error.code, "ERR_UNSUPPORTED");
  });

  it("is neither by default, and does not make requests wait for one attempt", async () => {
    const { pool, transport, degraded } = scene({ strict: true }, memory);
    const calls = Array.from({ length: 5 }, () => pool.request(url));
    assertEquals(transport.attempts, 5);
    await Promise.all(calls.map(async (call) => (await call).text()));
    assertEquals(degraded(), []);
  });
});

describe("a server that speaks first", () => {
  it("is refused if it has chosen HTTP/1.1", () => {
    const early = new EarlyBytes();
    assertEquals(early.failureIn("http/1.1"), undefined);
    early.data(new Uint8Array(10), 4);
    assertEquals(early.failureIn("h2"), undefined);
    assertEquals(early.failureIn("http/1.1")?.message, "the peer spoke before it was asked anything");
  });

  it("is refused if it says more than settings, and if it ends the connection", () => {
    const early = new EarlyBytes();
    const passed: number[] = [];
    early.data(new Uint8Array(65_536), 65_536);
    assertEquals(early.failureIn("h2"), undefined);
    early.passTo({
      user: { data: (_bytes, length) => passed.push(length), drain() {}, closed() {}, cut() {} },
    });
    assertEquals(passed, [65_536]);
    early.data(new Uint8Array(1), 1);
    assertEquals(early.failureIn("h2")?.kind, "other");
    const ended = new EarlyBytes();
    ended.closed(undefined);
    assertEquals(ended.failureIn("h2")?.kind, "reset");
  });

  it("finds the code of HTTP/2 there, if any pool of the program has loaded it", async () => {
    await http2Code.load();
    const { pool } = scene({}, { alpn: "h2", respond: undefined, accept: () => {} });
    const call = pool.request(url).catch(() => {});
    // An import takes turns of the event loop. Nothing else in here does.
    for (let left = 50; left > 0; left--) await Promise.resolve();
    assertEquals(pool.stats().active, 1);
    await pool.close({ timeout: 0 });
    await call;
  });

  it("is heard if it has chosen HTTP/2, although the code is not loaded yet", async () => {
    const { code } = http2Code;
    http2Code.code = undefined;
    const settings = new Uint8Array([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2]);
    const { pool, transport } = scene(
      {},
      { alpn: "h2", respond: undefined, accept: (peer) => void peer.send(settings) },
    );
    const calls = [1, 2, 3].map(() => pool.request(url).catch(() => {}));
    await eventually(() => pool.stats().opened === 2, "two connections");
    assertEquals([transport.attempts, pool.stats().active], [2, 2]);
    await pool.close({ timeout: 0 });
    await Promise.all(calls);
    http2Code.code ??= code;
  });
});
