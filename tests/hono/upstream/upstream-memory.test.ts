/** `upstream()` over a transport in memory: each kind of failure, pools per request, hop-by-hop fields. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { streamText } from "hono/streaming";
import { createPool, HoldfastError, type PoolOptions } from "../../../mod.ts";
import { type UpstreamEnv, upstream, upstreamErrorResponse } from "../../../src/hono/mod.ts";
import { withErrorResponse } from "../../../src/hono/upstream/error-response.ts";
import { dropHopByHop } from "../../../src/hono/upstream/hop-by-hop.ts";
import { type MemoryOptions, memoryTransport } from "../../../transports/memory.ts";
import { eventually } from "../../support/patience.ts";

/** Keeps the process alive: neither the pool's timers nor the transport in memory do. */
function alive<T>(work: () => Promise<T>): Promise<T> {
  const handle = setInterval(() => {}, 1000);
  return work().finally(() => clearInterval(handle));
}

function gateway(memory: MemoryOptions, options: PoolOptions = {}) {
  const app = new Hono<UpstreamEnv>();
  app.use(upstream({ transport: memoryTransport(memory), ...options }));
  app.get("/fetch", (c) => c.var.upstream.fetch("http://secret.test/path"));
  app.get("/light", async (c) => {
    const response = await c.var.upstream.request("http://secret.test/path");
    return c.text(await response.text());
  });
  return app;
}

const FAILURES: Record<string, [memory: MemoryOptions, options: PoolOptions, status: number]> = {
  "the connection is refused": [{ connect: () => "refused" }, {}, 502],
  "the name is unknown": [{ connect: () => "dns" }, {}, 502],
  "the certificate is not trusted": [{ connect: () => "tls" }, {}, 502],
  "the response is not HTTP": [
    { accept: (peer) => peer.onData(() => peer.send("SSH-2.0\r\n\r\n")) },
    {},
    502,
  ],
  "it hangs up": [{ accept: (peer) => peer.onData(() => peer.end()) }, {}, 502],
  "the connect attempt is not answered": [{ connect: () => "never" }, { connectTimeout: 20 }, 504],
  "no response head comes": [{ accept: () => {} }, { headersTimeout: 20 }, 504],
  "it takes too long": [{ accept: () => {} }, { requestTimeout: 20 }, 504],
};

describe("upstream() answers", () => {
  for (const [what, [memory, options, status]] of Object.entries(FAILURES)) {
    it(`with ${status} when ${what}`, () =>
      alive(async () => {
        const app = gateway(memory, options);
        for (const path of ["/fetch", "/light"]) {
          const response = await app.request(path);
          const text = await response.text();
          assertEquals(
            [response.status, text],
            [status, status === 502 ? "Bad Gateway\n" : "Gateway Timeout\n"],
          );
        }
      }));
  }

  it("with 503 when the pool has no room, or was closed", () =>
    alive(async () => {
      const full = gateway(
        { accept: () => {} },
        { maxConnections: 1, maxConnectionsPerOrigin: 1, maxQueue: 0 },
      );
      const gone = new AbortController();
      const first = full.request("/fetch", { signal: gone.signal });
      assertEquals((await full.request("/fetch")).status, 503);
      gone.abort();
      assertEquals((await first).status, 499);
      const pool = createPool({ transport: memoryTransport({}) });
      await pool.close();
      const app = new Hono<UpstreamEnv>();
      app.use(upstream(pool));
      app.get("/", (c) => c.var.upstream.fetch("http://secret.test/"));
      assertEquals((await app.request("/")).status, 503);
    }));

  it("passes fetch's error to the application's error handler", () =>
    alive(async () => {
      const app = gateway({ connect: () => "refused" });
      const seen: unknown[] = [];
      app.onError((error, c) => {
        seen.push(error);
        return upstreamErrorResponse(error) ?? c.text("other", 500);
      });
      assertEquals((await app.request("/fetch")).status, 502);
      const [error] = seen as [TypeError];
      assert(error instanceof TypeError && error.cause instanceof HoldfastError);
    }));

  it("does not change errors that neither the upstream nor the client caused", () => {
    assertEquals(upstreamErrorResponse(new TypeError("a bug")), undefined);
    assertEquals(upstreamErrorResponse("a string"), undefined);
    const bug = new TypeError("a bug");
    assertEquals([withErrorResponse(bug) === bug, "getResponse" in bug], [true, false]);
  });
});

/** An application whose transport's sockets must not outlive the request that opened them, as on Workers. */
function perRequest(memory: MemoryOptions) {
  const inner = memoryTransport(memory);
  let open = 0;
  let opened = 0;
  const transport = Object.assign(inner, { can: { ...inner.can, reuse: "request" as const } });
  const onEvent: PoolOptions["onEvent"] = ({ type }) => {
    if (type === "connection.opened") {
      open += 1;
      opened += 1;
    } else if (type === "connection.retired") open -= 1;
  };
  const app = new Hono<UpstreamEnv>();
  app.use(upstream({ transport, onEvent }));
  return { app, counts: () => [open, opened] };
}

/** Waits until `open` connections are open, of `opened` in all. */
function untilCounts(counts: () => number[], open: number, opened: number): Promise<void> {
  return eventually(() => counts().join() === `${open},${opened}`, `${open} open of ${opened}`);
}

describe("upstream() where sockets belong to one request", () => {
  it("creates a pool for each request, reuses its connections, and closes it", () =>
    alive(async () => {
      const { app, counts } = perRequest({ respond: () => ({ body: "hello" }) });
      app.get("/", async (c) => {
        for (let count = 0; count < 3; count++) await (await c.var.upstream.fetch("http://a.test/")).text();
        return c.json(c.var.upstream.stats().reused);
      });
      for (let count = 0; count < 2; count++) assertEquals(await (await app.request("/")).json(), 2);
      await untilCounts(counts, 0, 2);
    }));

  it("closes the pool only after the body was sent, because a stream may still use it", () =>
    alive(async () => {
      const { app, counts } = perRequest({ respond: () => ({ body: "piece " }) });
      app.get("/", (c) =>
        streamText(c, async (stream) => {
          for (let count = 0; count < 3; count++) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            await stream.write(await (await c.var.upstream.fetch("http://a.test/")).text());
          }
        }),
      );
      const response = await app.request("/");
      assertEquals(await response.text(), "piece piece piece ");
      await untilCounts(counts, 0, 1);
    }));

  it("closes the pool when the client cancels the body, and when the handler fails", () =>
    alive(async () => {
      const { app, counts } = perRequest({
        accept: (peer) =>
          peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nstart")),
      });
      app.get("/", (c) => c.var.upstream.fetch("http://a.test/"));
      app.get("/fails", async (c) => {
        await c.var.upstream.fetch("http://a.test/");
        throw "on purpose";
      });
      await (await app.request("/")).body?.cancel();
      await Promise.resolve(app.request("/fails")).catch(() => {});
      await untilCounts(counts, 0, 2);
    }));
});

describe("hop-by-hop fields", () => {
  const cases: [given: Record<string, string>, left: string[]][] = [
    [{ "x-a": "1" }, ["x-a"]],
    [{ connection: "close", "keep-alive": "timeout=5", "x-a": "1" }, ["x-a"]],
    [{ connection: "X-Named , keep-alive", "x-named": "1", "x-a": "1" }, ["x-a"]],
    [
      {
        te: "trailers",
        trailer: "x",
        upgrade: "h2c",
        "proxy-connection": "close",
        "transfer-encoding": "chunked",
      },
      [],
    ],
    [{ connection: "not a token, x-b", "x-b": "1", "content-length": "3" }, ["content-length"]],
  ];
  for (const [given, left] of cases) {
    it(`are removed from ${Object.keys(given).join(", ")}`, () => {
      const headers = new Headers(given);
      dropHopByHop(headers);
      assertEquals([...headers.keys()], left);
    });
  }
});
