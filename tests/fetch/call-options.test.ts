/** Call options: what one call of `fetch` or `request` says in place of the pool's options. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { CallOptions, HoldfastError, Pool } from "../../mod.ts";
import type { Target } from "../../src/contract/transport.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

const A = "http://a.test/";
const never = { respond: undefined, accept: () => {} };

/** Both ways to say it, and `request()` without the member. */
const WAYS: Readonly<
  Record<string, (pool: Pool, options: CallOptions, init?: object) => Promise<{ text(): Promise<string> }>>
> = {
  fetch: (pool, holdfast, init) => pool.fetch(A, { ...init, holdfast }),
  "request, under holdfast": (pool, holdfast, init) => pool.request(A, { ...init, holdfast }),
  request: (pool, options, init) => pool.request(A, { ...init, ...options }),
};

function factsOf(error: unknown): unknown[] {
  const { code, limitMs } = ((error as Error).cause ?? error) as HoldfastError;
  return [code, limitMs];
}

/** How a call that is not answered ends, and when. */
async function ending(way: string, options: CallOptions, body?: string): Promise<unknown[]> {
  const { pool, clock, transport } = service({ maxConnections: 1 }, undefined, never);
  if (options.acquireTimeout !== undefined) pool.request(A).catch(() => {});
  let ended: unknown[] = ["open"];
  const call = WAYS[way]?.(pool, options) as Promise<{ text(): Promise<string> }>;
  call
    .then((response) => response.text())
    .catch((error) => {
      ended = factsOf(error);
    });
  await settled();
  if (body !== undefined) transport.peers[0]?.send(body);
  await clock.advance(499);
  assertEquals(ended, ["open"]);
  await clock.advance(1);
  return ended;
}

for (const way of Object.keys(WAYS)) {
  describe(`one call of ${way}`, () => {
    it("has time limits of its own", async () => {
      assertEquals(await ending(way, { headersTimeout: 500 }), ["ERR_HEADERS_TIMEOUT", 500]);
      assertEquals(await ending(way, { requestTimeout: 500 }), ["ERR_REQUEST_TIMEOUT", 500]);
      assertEquals(await ending(way, { acquireTimeout: 500 }), ["ERR_ACQUIRE_TIMEOUT", 500]);
      const head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx";
      assertEquals(await ending(way, { bodyIdleTimeout: 500 }, head), ["ERR_BODY_TIMEOUT", 500]);
    });

    it("may be sent again like a GET if it says so", async () => {
      for (const idempotent of [true, false]) {
        let requests = 0;
        const { pool } = service({}, undefined, {
          respond: undefined,
          accept: (peer) =>
            peer.onData(() => {
              requests += 1;
              if (requests === 2) peer.end();
              else peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            }),
        });
        const send = async () =>
          (await WAYS[way]?.(pool, { idempotent }, { method: "POST", body: "x" }))?.text();
        assertEquals(await send(), "ok");
        if (idempotent) assertEquals([await send(), requests], ["ok", 3]);
        else assertEquals(factsOf(await assertRejects(send))[0], "ERR_CONNECTION_LOST");
      }
    });

    it("gets a connection of its own with reuse: false, which carries nothing else and says so", async () => {
      const heads: string[] = [];
      const world = service({}, ({ headers }) => {
        heads.push(String(headers.get("connection")));
        return { body: "ok" };
      });
      const { pool } = world;
      assertEquals(await world.get(), 1);
      for (const _ of [1, 2]) await (await WAYS[way]?.(pool, { reuse: false }))?.text();
      assertEquals(await world.get(), 1);
      assertEquals(world.retired(), ["single-use", "single-use"]);
      assertEquals(heads, ["keep-alive", "close", "close", "keep-alive"]);
      assertEquals(pool.stats().idle, 1);
    });

    it("has connections apart from those that speak otherwise", async () => {
      const seen: (readonly [string | undefined, readonly string[] | undefined])[] = [];
      const { pool, events } = service({}, undefined, {
        connect: ({ hostname, tls }: Target) => {
          seen.push([hostname, tls?.alpn]);
          return "accept";
        },
      });
      const secure = "https://a.test/";
      const call = (http2?: CallOptions["http2"]) => {
        const holdfast = http2 === undefined ? {} : { http2 };
        return pool.fetch(secure, { holdfast }).then((response) => response.text());
      };
      for (const http2 of [false, undefined, "alpn", false] as const) assertEquals(await call(http2), "ok");
      assertEquals(seen, [
        ["a.test", ["http/1.1"]],
        ["a.test", ["h2", "http/1.1"]],
      ]);
      assertEquals(Object.keys(pool.stats().origins), ["http1+https://a.test", "https://a.test"]);
      pool.drain(secure);
      assertEquals(events.filter(({ type }) => type === "connection.retired").length, 2);
    });

    const wrong: readonly [options: object, message: string][] = [
      [{ idle: 1 }, 'option "idle"'],
      [{ acquireTimeout: 0 }, "acquireTimeout must be above 0"],
      [{ headersTimeout: "5 s" }, "headersTimeout"],
      [{ idempotent: 1 }, "idempotent must be true or false"],
      [{ reuse: "no" }, "reuse must be true or false"],
      [{ http2: true }, 'http2 must be "alpn" or "prior-knowledge"'],
      [{ doubt: { after: "9m" } }, "doubt.after (540000 ms) must be below headersTimeout"],
    ];
    it("is refused before a socket is opened if it has a wrong or unknown option", async () => {
      const { pool, transport } = service();
      for (const [options, message] of wrong) {
        const error = await assertRejects(async () => WAYS[way]?.(pool, options as CallOptions));
        assertStringIncludes((error as Error).message, message);
        assertEquals(error instanceof TypeError || error instanceof RangeError, true);
      }
      assertEquals(transport.attempts, 0);
    });
  });
}

describe("options of the pool in a call", () => {
  it("are refused if one is set twice, or if they are no object", async () => {
    const { pool } = service();
    const twice = () => pool.request(A, { reuse: false, holdfast: { reuse: true } });
    assertStringIncludes(((await assertRejects(twice)) as Error).message, "reuse is set twice");
    for (const holdfast of [null, "fast", 1]) {
      const call = () => pool.fetch(A, { holdfast: holdfast as unknown as CallOptions });
      assertStringIncludes(((await assertRejects(call)) as Error).message, "holdfast must be an object");
    }
  });

  it("count for every redirect of a chain, which has one total time", async () => {
    const world = service({ headersTimeout: 900 }, undefined, never);
    let ended: unknown[] = ["open"];
    const holdfast = { requestTimeout: 1000, headersTimeout: 600, reuse: false } as const;
    world.pool.fetch(A, { holdfast }).catch((error) => {
      ended = factsOf(error);
    });
    await world.clock.advance(500);
    world.transport.peers[0]?.send(
      "HTTP/1.1 302 Found\r\nlocation: http://b.test/\r\ncontent-length: 0\r\n\r\n",
    );
    await world.clock.advance(499);
    assertEquals([ended, world.retired()], [["open"], ["single-use"]]);
    await world.clock.advance(1);
    assertEquals(ended, ["ERR_REQUEST_TIMEOUT", 1000]);
  });

  it("are told of to nobody as ignored, and mean nothing to another fetch", async () => {
    const { pool, events } = service();
    await (await pool.fetch(A, { holdfast: { headersTimeout: 5 } })).text();
    assertEquals(
      events.some(({ type }) => type === "option.degraded"),
      false,
    );
    const plain = await fetch("data:text/plain,ok", { holdfast: { reuse: false } } as RequestInit);
    assertEquals(await plain.text(), "ok");
  });
});

describe("a request that wants to be alone", () => {
  it("waits for a place like any other, and leaves it when it is over", async () => {
    const world = service({ maxConnectionsPerOrigin: 1 });
    const ids = await Promise.all([
      world.get(),
      world.pool.request(A, { reuse: false }).then(async (response) => {
        await response.text();
        return response.connection.id;
      }),
      world.get(),
    ]);
    assertEquals(ids, [1, 2, 3]);
    assertEquals(world.retired(), ["make-room", "single-use"]);
  });
});
