/**
 * Promise: a program that leaves a response body occupies the server no longer. A small rest is read for a moment, to keep
 * the connection. A peer that drips bytes does not lengthen that, and no request waits for such a connection.
 */

import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assertEquals } from "@std/assert";
import type { Pool, PoolOptions } from "../../mod.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { type Service, service } from "../support/service.ts";

const URL = "http://a.test/";
const OK = "HTTP/1.1 200 OK\r\n";

/** How a program leaves a body that has begun. */
const WAYS: Readonly<Record<string, (pool: Pool) => Promise<unknown>>> = {
  "request(): discard()": async (pool) => (await pool.request(URL)).discard(),
  "request(): cancel()": async (pool) => (await pool.request(URL)).body.cancel(),
  "request(): a reader's cancel()": async (pool) => readOneAndCancel((await pool.request(URL)).body),
  "request(): break": async (pool) => readOneAndBreak((await pool.request(URL)).body),
  "fetch(): cancel()": async (pool) => (await pool.fetch(URL)).body?.cancel(),
  "fetch(): a reader's cancel()": async (pool) => readOneAndCancel(bodyOf(await pool.fetch(URL))),
  "fetch(): break": async (pool) => readOneAndBreak(bodyOf(await pool.fetch(URL))),
  "fetch(): both halves of a clone": async (pool) => {
    const response = await pool.fetch(URL);
    await Promise.all([response.clone().body?.cancel(), response.body?.cancel()]);
  },
};

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (response.body === null) throw new Error("No body");
  return response.body;
}

async function readOneAndCancel(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  await reader.read();
  await reader.cancel();
}

async function readOneAndBreak(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of body) break;
}

/** Heads whose body has begun, and for how long the rest is read to keep the connection. */
const FRAMINGS: Readonly<Record<string, readonly [head: string, lingersMs: number]>> = {
  "a small rest": [`${OK}content-length: 65540\r\n\r\nsome`, 1000],
  "a rest that is one byte too large": [`${OK}content-length: 65541\r\n\r\nsome`, 0],
  "a large rest": [`${OK}content-length: 1048576\r\n\r\nsome`, 0],
  "a chunked rest": [`${OK}transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n`, 100],
  "a rest until the connection ends": [`${OK}\r\nsome`, 0],
  "a small rest of a connection that ends": [`${OK}connection: close\r\ncontent-length: 9\r\n\r\nsome`, 0],
  "a small rest of HTTP/1.0": ["HTTP/1.0 200 OK\r\ncontent-length: 9\r\n\r\nsome", 0],
};

/** A server that answers each request with this. The test may send more. */
function answering(text: string, options: PoolOptions = {}): Service {
  const accept = (peer: MemoryPeer) => peer.onData(() => peer.send(text));
  return service(options, undefined, { respond: undefined, accept });
}

function standing({ pool }: Service): number[] {
  const { active, idle, open, failures } = pool.stats();
  return [active, idle, open, failures];
}

for (const [way, leave] of Object.entries(WAYS)) {
  describe(way, () => {
    for (const [framing, [head, lingersMs]] of Object.entries(FRAMINGS)) {
      it(`lingers on ${framing} for ${lingersMs} ms`, async () => {
        const world = answering(head);
        await leave(world.pool);
        await settled();
        if (lingersMs > 0) {
          await world.clock.advance(lingersMs - 1);
          assertEquals([world.retired(), standing(world)], [[], [1, 0, 1, 0]]);
          await world.clock.advance(1);
        }
        assertEquals([world.retired(), standing(world)], [["unread-body"], [0, 0, 0, 0]]);
        assertEquals(world.transport.peers[0]?.state, "aborted");
      });
    }

    it("keeps a connection whose small rest comes in time", async () => {
      const world = answering(`${OK}content-length: 10\r\n\r\nsome`);
      await leave(world.pool);
      await world.clock.advance(999);
      world.transport.peers[0]?.send("rest..");
      await settled();
      assertEquals([world.retired(), standing(world)], [[], [0, 1, 1, 0]]);
    });

    it("keeps a connection whose chunked rest comes in time, up to 64 KiB", async () => {
      const world = answering(`${OK}transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n`);
      await leave(world.pool);
      await world.clock.advance(99);
      world.transport.peers[0]?.send(`10000\r\n${"x".repeat(65_536)}\r\n`);
      await settled();
      assertEquals([world.retired(), standing(world)], [[], [1, 0, 1, 0]]);
      world.transport.peers[0]?.send("0\r\n\r\n");
      await settled();
      assertEquals([world.retired(), standing(world)], [[], [0, 1, 1, 0]]);
    });

    it("ends a chunked rest at one byte more than 64 KiB", async () => {
      const world = answering(`${OK}transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n`);
      await leave(world.pool);
      await settled();
      world.transport.peers[0]?.send(`10000\r\n${"x".repeat(65_536)}\r\n`);
      world.transport.peers[0]?.send("1\r\nx");
      await settled();
      assertEquals([world.retired(), standing(world)], [["unread-body"], [0, 0, 0, 0]]);
    });

    for (const [what, rest, reason] of [
      // A line is judged when its LF has come, or when no LF can come any more.
      ["trailers that are malformed", "0\r\na: b\rc", "bad-framing"],
      ["trailers that are in order", "0\r\na: b", "peer-closed"],
    ] as const) {
      it(`retires a connection that the peer ends within ${what}: ${reason}`, async () => {
        const world = answering(`${OK}transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n`);
        await leave(world.pool);
        await settled();
        world.transport.peers[0]?.send(rest);
        world.transport.peers[0]?.end();
        await settled();
        assertEquals([world.retired(), standing(world)], [[reason], [0, 0, 0, 0]]);
      });
    }

    it("lingers no longer for bytes that drip", async () => {
      for (const [head, drop, ms] of [
        [`${OK}content-length: 65540\r\n\r\nsome`, "x", 1000],
        [`${OK}transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n`, "1\r\nx\r\n", 100],
      ] as const) {
        const world = answering(head);
        await leave(world.pool);
        for (let passed = 0; passed < ms; passed += ms / 20) {
          assertEquals(world.retired(), []);
          world.transport.peers[0]?.send(drop);
          await world.clock.advance(ms / 20);
        }
        assertEquals([world.retired(), standing(world)], [["unread-body"], [0, 0, 0, 0]]);
      }
    });
  });
}

describe("a coded body that says nothing more", () => {
  const coded = gzipSync("some text that is long enough to be coded, and ends here");
  const first = `${(30).toString(16)}\r\n${String.fromCharCode(...coded.subarray(0, 30))}\r\n`;
  const head = `${OK}content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n${first}`;

  for (const [decoded, lent] of [
    ["by the runtime", {}],
    ["by zlib", { decoder: zlibDecoder }],
  ] as const) {
    for (const waits of [false, true]) {
      it(`gives up its connection when it is left, decoded ${decoded}, ${waits ? "while it is read" : "unread"}`, async () => {
        const accept = (peer: MemoryPeer) => peer.onData(() => peer.send(head));
        const world = service({}, undefined, { respond: undefined, accept }, lent);
        const reader = bodyOf(await world.pool.fetch(URL)).getReader();
        if (waits) void reader.read().catch(() => {});
        await settled();
        await reader.cancel();
        await world.clock.advance(100);
        assertEquals([world.retired(), standing(world)], [["unread-body"], [0, 0, 0, 0]]);
      });
    }
  }
});

describe("an abort in the middle of a body", () => {
  for (const [framing, [head]] of Object.entries(FRAMINGS)) {
    it(`ends ${framing} at once`, async () => {
      for (const call of ["request", "fetch"] as const) {
        const world = answering(head);
        const controller = new AbortController();
        await world.pool[call](URL, { signal: controller.signal });
        controller.abort();
        await settled();
        assertEquals([world.retired(), standing(world)], [["aborted"], [0, 0, 0, 1]]);
      }
    });
  }
});

/** Two origins. Their first connection lingers on the rest of a response; the later ones send whole responses. */
function lingering(options: PoolOptions, head = `${OK}content-length: 100\r\n\r\nsome`): Service {
  const accept = (peer: MemoryPeer) =>
    peer.onData(() => peer.send(peer.id === 1 ? head : `${OK}content-length: 2\r\n\r\nok`));
  return service(options, undefined, { respond: undefined, accept });
}

describe("a connection that lingers", () => {
  for (const [limit, options, origin] of [
    ["maxConnectionsPerOrigin", { maxConnectionsPerOrigin: 1 }, "http://a.test"],
    ["maxConnections, of the same origin", { maxConnections: 1 }, "http://a.test"],
    ["maxConnections, of another origin", { maxConnections: 1 }, "http://b.test"],
    ["both, with no queue", { maxConnections: 1, maxConnectionsPerOrigin: 1, maxQueue: 0 }, "http://a.test"],
  ] as const) {
    it(`makes room at once for a request at ${limit}`, async () => {
      const world = lingering(options);
      (await world.pool.request(URL)).discard();
      assertEquals(await world.get(origin), 2);
      assertEquals([world.retired(), standing(world)], [["make-room"], [0, 1, 1, 0]]);
      assertEquals(world.transport.peers[0]?.state, "aborted");
    });

    it(`makes room for a waiting request at ${limit}`, async () => {
      if ("maxQueue" in options) return;
      const world = lingering(options);
      const response = await world.pool.request(URL);
      const next = world.get(origin);
      await settled();
      response.discard();
      assertEquals(await next, 2);
      assertEquals([world.retired(), standing(world)], [["make-room"], [0, 1, 1, 0]]);
    });
  }

  it("is closed before an idle one", async () => {
    const world = lingering({ maxConnections: 2 });
    const first = await world.pool.request(URL);
    await world.get("http://b.test");
    first.discard();
    await world.get("http://c.test");
    assertEquals([world.retired(), world.pool.stats().origins["http://b.test"]?.idle], [["make-room"], 1]);
  });

  for (const [what, end, reason] of [
    ["close()", (pool: Pool) => pool.close(), "pool-closed"],
    ["drain()", async (pool: Pool) => pool.drain(), "origin-drained"],
  ] as const) {
    it(`is not waited for by ${what}`, async () => {
      const world = lingering({});
      (await world.pool.request(URL)).discard();
      await end(world.pool);
      assertEquals([world.retired(), standing(world)], [[reason], [0, 0, 0, 0]]);
      assertEquals(world.events.filter(({ type }) => type === "request.finished").length, 1);
    });
  }

  it("does not begin to linger once it was drained", async () => {
    const world = lingering({});
    const response = await world.pool.request(URL);
    world.pool.drain();
    response.discard();
    assertEquals([world.retired(), standing(world)], [["origin-drained"], [0, 0, 0, 0]]);
  });

  it("fails no request if its rest is malformed", async () => {
    const world = lingering({}, `${OK}transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n`);
    (await world.pool.request(URL)).discard();
    world.transport.peers[0]?.send("no chunk\r\n");
    await settled();
    assertEquals([world.retired(), standing(world)], [["bad-framing"], [0, 0, 0, 0]]);
  });
});

describe("an upload that lingers behind a whole answer", () => {
  /** A server that answers before it has read the whole upload, and reads no more. */
  function early(options: PoolOptions = {}): Service {
    const accept = (peer: MemoryPeer) => {
      peer.stopReading();
      peer.send(`${OK}content-length: 2\r\n\r\nok`);
    };
    const lazily = (peer: MemoryPeer) =>
      peer.id === 1
        ? peer.onData(() => accept(peer))
        : peer.onData(() => peer.send(`${OK}content-length: 2\r\n\r\nok`));
    return service(options, undefined, { respond: undefined, accept: lazily });
  }

  /** 128 KiB more than the window takes, and a rest that is worth sending. */
  const post = (pool: Pool) =>
    pool.request(URL, { method: "POST", body: new Uint8Array(131_072 + 1000) }).then((got) => got.text());

  it("ends after a second", async () => {
    const world = early();
    assertEquals(await post(world.pool), "ok");
    await world.clock.advance(999);
    assertEquals([world.retired(), standing(world)], [[], [1, 0, 1, 0]]);
    await world.clock.advance(1);
    assertEquals([world.retired(), standing(world)], [["upload-unfinished"], [0, 0, 0, 0]]);
  });

  it("makes room", async () => {
    const world = early({ maxConnections: 1 });
    assertEquals(await post(world.pool), "ok");
    assertEquals(await world.get(), 2);
    assertEquals([world.retired(), standing(world)], [["make-room"], [0, 1, 1, 0]]);
  });
});
