/** Rules per origin, in force: each origin is pooled, connected to, timed and explained by its own. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { HoldfastError, PoolOptions } from "../../mod.ts";
import type { Target } from "../../src/contract/transport.ts";
import { settled } from "../support/clock.ts";
import { type Service, service } from "../support/service.ts";
import "../support/on-demand.ts";

const [A, B] = ["http://a.test", "http://b.test"];
const never = { respond: undefined, accept: () => {} };

function codeOf(error: unknown): string {
  const { code, cause } = error as HoldfastError;
  return code ?? (cause as HoldfastError).code;
}

/** What became of a call so far. */
function outcome(call: Promise<unknown>): { is: string } {
  const result = { is: "open" };
  call.then(
    () => {
      result.is = "done";
    },
    (error) => {
      result.is = codeOf(error);
    },
  );
  return result;
}

describe("an origin with rules of its own", () => {
  it("has as many connections as its entry says, and the others as many as before", async () => {
    const world = service(
      { maxConnectionsPerOrigin: 3, origins: { [A]: { maxConnections: 1 } } },
      undefined,
      never,
    );
    for (let calls = 0; calls < 4; calls++) for (const origin of [A, B]) outcome(world.pool.request(origin));
    await settled();
    const { origins } = world.pool.stats();
    assertEquals([origins[A]?.active, origins[A]?.queued], [1, 3]);
    assertEquals([origins[B]?.active, origins[B]?.queued], [3, 1]);
  });

  it("lets as many requests wait as its entry says", async () => {
    const world = service({ origins: { [A]: { maxConnections: 1, maxQueue: 1 } } }, undefined, never);
    const calls = [1, 2, 3].map(() => outcome(world.pool.request(A)));
    await settled();
    assertEquals(
      calls.map(({ is }) => is),
      ["open", "open", "ERR_QUEUE_FULL"],
    );
    const error = (await assertRejects(() => world.pool.request(A))) as Error;
    assertStringIncludes(error.message, "1 requests wait already");
  });

  it("keeps idle connections for as long as its entry says", async () => {
    const world = service({ idleTimeout: "20s", origins: { [A]: { idleTimeout: "5s" } } });
    await world.get(A);
    await world.get(B);
    await world.clock.advance(5000);
    assertEquals(
      [world.retired(), Object.entries(world.pool.stats().origins).map(([, { idle }]) => idle)],
      [["idle-timeout"], [0, 1]],
    );
  });

  it("obeys or ignores its server's hints, and judges its responses, by its entry", async () => {
    const options: PoolOptions = {
      origins: { [A]: { serverHints: "ignore" }, [B]: { persistence: () => false } },
    };
    const answer = () => ({ headers: { "keep-alive": "timeout=2" }, body: "ok" });
    const world = service(options, answer);
    await world.get(A);
    await world.get(B);
    assertEquals(world.retired(), ["not-persistent"]);
    await world.clock.advance(10_000);
    assertEquals(await world.get(A), 1);
  });

  it("has its own deadlines, in all phases", async () => {
    const own = { acquireTimeout: 10, headersTimeout: 20, maxConnections: 1 } as const;
    const world = service({ origins: { [A]: own } }, undefined, never);
    const calls = [world.pool.request(A), world.pool.fetch(A), world.pool.fetch(B)].map(outcome);
    await world.clock.advance(10);
    assertEquals(
      calls.map(({ is }) => is),
      ["open", "ERR_ACQUIRE_TIMEOUT", "open"],
    );
    const failed = (await assertRejects(() => {
      const call = world.pool.request(A);
      return world.clock.advance(10).then(() => call);
    })) as HoldfastError;
    assertEquals([failed.code, failed.limitMs], ["ERR_ACQUIRE_TIMEOUT", 10]);
    assertEquals(
      calls.map(({ is }) => is),
      ["ERR_HEADERS_TIMEOUT", "ERR_ACQUIRE_TIMEOUT", "open"],
    );
    await world.clock.advance(300_000);
    assertEquals(calls[2]?.is, "ERR_HEADERS_TIMEOUT");
  });

  it("gives a chain of redirects its total time, and the next origin its own wait for a head", async () => {
    const origins = { [A]: { requestTimeout: 1000, headersTimeout: 500 }, [B]: { headersTimeout: 2000 } };
    const world = service({ connectTimeout: 100, origins }, undefined, never);
    const call = outcome(world.pool.fetch(A));
    await settled();
    world.transport.peers[0]?.send(`HTTP/1.1 302 Found\r\nlocation: ${B}/\r\ncontent-length: 0\r\n\r\n`);
    await world.clock.advance(999);
    assertEquals(call.is, "open");
    await world.clock.advance(1);
    assertEquals(call.is, "ERR_REQUEST_TIMEOUT");
  });
});

/** The targets that a pool connects to. */
function targets(options: PoolOptions): Service & { readonly seen: Target[] } {
  const seen: Target[] = [];
  const connect = (target: Target) => {
    seen.push(target);
    return "accept" as const;
  };
  return Object.assign(service(options, undefined, { connect }), { seen });
}

describe("a connection to an origin with rules of its own", () => {
  it("is opened with its TLS, its protocols, its socket options, or over its socket", async () => {
    const world = targets({
      http2: false,
      origins: {
        "https://a.test": { tls: { serverName: "inner.test" }, http2: "alpn", tcpKeepAlive: false },
        "http://*.sock.test": { unixPath: "/run/x", noDelay: false },
      },
    });
    for (const origin of ["https://a.test", "http://b.sock.test", "https://c.test"]) {
      await world.pool.preconnect(origin).catch(() => {});
    }
    assertEquals(
      world.seen.map(({ tls, unixPath, noDelay, tcpKeepAlive }) => [
        tls?.serverName,
        tls?.alpn,
        unixPath,
        noDelay,
        tcpKeepAlive === false,
      ]),
      [
        ["inner.test", ["h2", "http/1.1"], undefined, true, true],
        [undefined, undefined, "/run/x", false, false],
        ["c.test", ["http/1.1"], undefined, true, false],
      ],
    );
  });

  it("goes through its proxy or none, and is not shared with origins that have other rules", async () => {
    const own = { idleTimeout: "9s" } as const;
    const world = targets({
      proxy: "http://proxy.test",
      origins: { [A]: own, "http://direct.test": { proxy: false } },
    });
    const ids: number[] = [];
    for (const origin of [A, A, B, "http://c.test", "http://direct.test"]) ids.push(await world.get(origin));
    assertEquals(ids, [1, 1, 2, 2, 3]);
    assertEquals(
      world.seen.map(({ hostname }) => hostname),
      ["proxy.test", "proxy.test", "direct.test"],
    );
    assertEquals(Object.keys(world.pool.stats().origins), [
      A,
      "proxy+http://proxy.test:80",
      "http://direct.test",
    ]);
    assertEquals(world.pool.explain(A).rules.find(({ rule }) => rule === "idleTimeout")?.value, "9s");
  });

  it("is for upgrades as well", async () => {
    const world = service({ origins: { [A]: { headersTimeout: 10 } } }, undefined, never);
    const call = outcome(world.pool.upgrade(A, { protocol: "echo" }));
    await world.clock.advance(10);
    assertEquals(call.is, "ERR_HEADERS_TIMEOUT");
  });
});

describe("explain()", () => {
  it("tells of each rule which entry it is from", () => {
    const { pool } = service({
      maxRequests: 9,
      origins: {
        "https://*.test": { idleTimeout: "9s", retry: false },
        "https://a.test": { idleTimeout: "5s", maxConnections: 3 },
      },
    });
    const told = (origin: string) =>
      Object.fromEntries(
        pool.explain(origin).rules.map(({ rule, value, source, entry }) => [rule, [value, source, entry]]),
      );
    const own = told("https://a.test");
    assertEquals(own.idleTimeout, ["5s", "origin", "https://a.test"]);
    assertEquals(own.maxConnectionsPerOrigin, ["3", "origin", "https://a.test"]);
    assertEquals(own.retry, ["off", "origin", "https://*.test"]);
    assertEquals(own.maxRequests, ["9", "option", undefined]);
    assertEquals(own.maxLifetime, ["1h", "default", undefined]);
    assertEquals(told("https://b.test").idleTimeout, ["9s", "origin", "https://*.test"]);
    assertEquals(told("http://b.test").idleTimeout, ["55s", "default", undefined]);
  });
});

describe("a function for the rules that throws", () => {
  it("ends each call before a socket is opened, and takes back its body", async () => {
    const world = service({
      origins() {
        throw new Error("no");
      },
    });
    let cancelled = 0;
    const stream = () =>
      new ReadableStream<Uint8Array>({
        cancel() {
          cancelled += 1;
        },
      });
    const { pool } = world;
    const calls = [
      () => pool.request(A),
      () => pool.fetch(A),
      () => pool.fetch(A, { method: "POST", body: stream(), duplex: "half" }),
      () => pool.request(A, { method: "POST", body: stream() }),
      () => pool.preconnect(A),
      () => pool.upgrade(A, { protocol: "echo" }),
      async () => pool.explain(A),
    ];
    for (const call of calls) {
      const error = await assertRejects(call);
      assertEquals(codeOf(error), "ERR_FUNCTION");
    }
    assertEquals((await assertRejects(() => pool.fetch(A))) instanceof TypeError, true);
    assertEquals([world.transport.peers.length, cancelled], [0, 1]);
  });
});
