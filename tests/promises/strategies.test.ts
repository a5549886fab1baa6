/** Promise: users may decide persistence, retries and the choice of connections where that cannot mix up responses. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, type HintReader, type PoolOptions, presets } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { type Answers, service } from "../support/service.ts";

const saying =
  (headers: Record<string, string>): Answers =>
  () => ({ body: "ok", headers });

describe("a persistence test", () => {
  it("keeps what the standard would end", async () => {
    const { get } = service({ persistence: () => true }, saying({ Connection: "close, x" }));
    assertEquals([await get(), await get()], [1, 1]);
  });

  it("ends what the standard would keep, with a fitting reason", async () => {
    const { get, retired } = service({ persistence: () => false });
    assertEquals([await get(), await get(), retired()], [1, 2, ["not-persistent", "not-persistent"]]);
    const closing = service({ persistence: () => false }, saying({ Connection: "close" }));
    assertEquals([await closing.get(), closing.retired()], [1, ["peer-close"]]);
  });

  it("receives the request and the response", async () => {
    const told: unknown[] = [];
    const { pool } = service(
      {
        persistence: ({ method, status, minorVersion, proxied, lines }) =>
          told.push([method, status, minorVersion, proxied, lines("X-Of-Mine"), lines("none")]) > 0,
      },
      saying({ "x-of-mine": "a" }),
    );
    await (await pool.request("http://a.test/", { method: "DELETE" })).text();
    assertEquals(told, [["DELETE", 200, 1, false, ["a"], []]]);
  });

  it("that throws, or answers anything but true, counts as no", async () => {
    const throwing = () => {
      throw new Error("no");
    };
    for (const persistence of [throwing, (() => 1) as unknown as () => boolean]) {
      const { get } = service({ persistence });
      assertEquals([await get(), await get()], [1, 2]);
    }
  });
});

/** `end` happens to the second request on the first connection. All others are answered. */
function staleOnce(options: PoolOptions, end: (peer: MemoryPeer) => void) {
  let received = 0;
  let connections = 0;
  const transport = memoryTransport({
    accept(peer) {
      connections += 1;
      const isFirst = connections === 1;
      let here = 0;
      peer.onData(() => {
        here += 1;
        received += 1;
        if (isFirst && here === 2) end(peer);
        else peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
      });
    },
  });
  const pool = createPool({ ...options, transport });
  return { pool, received: () => received };
}

async function getThenPost(options: PoolOptions, end: (peer: MemoryPeer) => void) {
  const { pool, received } = staleOnce(options, end);
  await (await pool.request("http://a/")).text();
  const outcome = await pool.request("http://a/", { method: "POST", body: "x" }).then(
    async (response) => `${response.status} on ${response.connection.id}`,
    (error) => String(error.code),
  );
  const { retries, retired } = pool.stats();
  await pool.close();
  return { outcome, received: received(), retries, reasons: Object.keys(retired) };
}

const closes = (peer: MemoryPeer) => peer.end();
const says408 = (peer: MemoryPeer) =>
  peer.send("HTTP/1.1 408 Request Timeout\r\ncontent-length: 3\r\nconnection: close\r\n\r\noh!");

describe("a retry rule", () => {
  it("sends even a POST again if it says so", async () => {
    const asked: unknown[] = [];
    const retry: PoolOptions["retry"] = ({ method, reused, sent }) => asked.push([method, reused, sent]) > 0;
    const { outcome, received, retries } = await getThenPost({ retry }, closes);
    assertEquals([outcome, received, retries], ["200 on 2", 3, 1]);
    assertEquals(asked, [["POST", true, "full"]]);
  });

  it("may come from a preset: a POST is sent again by the JDK's rules, not by Go's", async () => {
    assertEquals((await getThenPost(presets.jdk(), closes)).outcome, "200 on 2");
    assertEquals(
      (await getThenPost(presets.jdk({ retryPost: false }), closes)).outcome,
      "ERR_CONNECTION_LOST",
    );
    assertEquals((await getThenPost(presets.go(), closes)).outcome, "ERR_CONNECTION_LOST");
    assertEquals((await getThenPost({}, closes)).outcome, "ERR_CONNECTION_LOST");
  });

  it("may send again after a 408, as Chrome does, and the 408 is never seen", async () => {
    const { outcome, received, reasons } = await getThenPost(presets.chrome(), says408);
    assertEquals([outcome, received], ["200 on 2", 3]);
    assertEquals(reasons.includes("peer-close"), true);
  });

  it("by default leaves a 408 to the caller", async () => {
    assertEquals((await getThenPost({}, says408)).outcome, "408 on 1");
    assertEquals((await getThenPost({ retry: false }, says408)).outcome, "408 on 1");
    assertEquals((await getThenPost(presets.curl(), says408)).outcome, "408 on 1");
  });

  it("is not asked after part of a response", async () => {
    const half = (peer: MemoryPeer) => {
      peer.send("HTTP/1.1 200 OK\r\ncontent-");
      peer.end();
    };
    const { outcome, received } = await getThenPost({ retry: () => true }, half);
    assertEquals([outcome, received], ["ERR_CONNECTION_LOST", 2]);
  });

  it("that never says no is ended after a few resends", async () => {
    let received = 0;
    const transport = memoryTransport({
      accept(peer) {
        peer.onData(() => {
          received += 1;
          peer.end();
        });
      },
    });
    const pool = createPool({ transport, retry: () => true });
    const code = await pool.request("http://a/").catch((error) => error.code);
    assertEquals([code, received], ["ERR_CONNECTION_LOST", 6]);
    await pool.close();
  });
});

describe("a hint reader", () => {
  it("receives the HTTP version, and whether a proxy reads the request", async () => {
    const told: unknown[] = [];
    const serverHints: HintReader = ({ minorVersion, proxied, requests }) => {
      told.push([minorVersion, proxied, requests]);
      return {};
    };
    const { get } = service({ serverHints }, saying({ "Keep-Alive": "timeout=5" }));
    await get();
    await get();
    assertEquals(told, [
      [1, false, 1],
      [1, false, 2],
    ]);
  });
});

describe("unusedIdleTimeout", () => {
  it("ends a connection that was never used, and no other", async () => {
    const { pool, get, clock, retired } = service({ idleTimeout: "300s", unusedIdleTimeout: "60s" });
    await pool.preconnect("http://a.test", 2);
    await get();
    await clock.advance(59_999);
    assertEquals(retired(), []);
    await clock.advance(1);
    assertEquals(retired(), ["idle-timeout"]);
    await clock.advance(240_000);
    assertEquals(retired(), ["idle-timeout", "idle-timeout"]);
  });
});
