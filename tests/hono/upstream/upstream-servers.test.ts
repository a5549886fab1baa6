/** `upstream()` under every server of this runtime: returned responses, streams, aborts, failures. */

import type { ServerResponse } from "node:http";
import { after, before, describe, it } from "node:test";
import { constants, createGzip } from "node:zlib";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Hono } from "hono";
import { hc } from "hono/client";
import { proxy } from "hono/proxy";
import { createPool, type Pool } from "../../../mod.ts";
import { type UpstreamEnv, upstream } from "../../../src/hono/mod.ts";
import { guarded, PATIENT } from "../../support/patience.ts";
import type { Listening } from "../../support/serve.ts";
import { type Origin, signal, startOrigin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { SERVERS } from "../support/servers.ts";

for (const server of SERVERS) {
  describe(`upstream() under ${server.name}`, () => {
    let go = signal();
    let seen = signal();
    let origin: Origin;
    let pool: Pool;
    let listening: Listening;
    const clients: RawClient[] = [];

    async function client(): Promise<RawClient> {
      const opened = await RawClient.open(listening.port);
      clients.push(opened);
      return opened;
    }

    before(async () => {
      origin = await startOrigin({
        "/plain": (_request, response) => {
          const fields = {
            "keep-alive": "timeout=33",
            connection: "x-odd, keep-alive",
            "x-odd": "1",
            "x-a": "1",
          };
          response.writeHead(203, fields).end("hello");
        },
        "/slow-body": async (_request, response) => {
          response.write("first ");
          await go.given;
          response.end("second");
        },
        "/upload": (request, response) => {
          request.on("data", () => seen.give());
          const pieces: string[] = [];
          request.setEncoding("utf8");
          request.on("data", (text) => pieces.push(text));
          request.on("end", () => response.end(`${request.method}:${pieces.join("")}`));
        },
        "/cut-upload": (request) => {
          request.on("data", () => seen.give());
          request.on("error", () => {});
          request.on("close", () => go.give());
        },
        "/never": (request, response) => {
          seen.give();
          response.on("close", () => go.give());
          request.resume();
        },
        "/endless": (_request, response) => {
          response.write("first ");
          response.on("close", () => go.give());
        },
        "/live": (_request, response) => live(response, response, () => go.give()),
        "/live-coded": (_request, response) => {
          response.setHeader("content-encoding", "gzip");
          const coder = createGzip({ flush: constants.Z_SYNC_FLUSH });
          coder.pipe(response);
          live(response, coder, () => go.give());
        },
        "/json": (_request, response) =>
          response.setHeader("content-type", "application/json").end('{"a":1}'),
      });
      pool = createPool({ headersTimeout: "30s" });
      listening = await server.serve(gateway(pool, origin));
    });

    after(async () => {
      for (const raw of clients) raw.abort();
      await listening.close();
      await pool.close({ timeout: 0 });
      await origin.close();
    });

    it("returns upstream responses without their hop-by-hop fields", PATIENT, async () => {
      const raw = await client();
      for (let count = 0; count < 3; count++) {
        raw.get("/through/plain");
        const { status, body, headers } = await raw.response();
        assertEquals([status, body, headers.get("x-a")], [203, "hello", "1"]);
        assertEquals(headers.has("x-odd"), false);
        assert(!(headers.get("keep-alive") ?? "").includes("33"), headers.get("keep-alive"));
      }
      const { opened, reused } = pool.stats();
      assertEquals([opened, reused], [1, 2]);
    });

    it("passes a response on before it is complete", PATIENT, async () => {
      go = signal();
      const raw = await client();
      raw.get("/through/slow-body");
      await raw.heard("first ");
      go.give();
      assertEquals((await raw.response()).body, "first second");
    });

    it("passes a request on before it is complete", PATIENT, async () => {
      seen = signal();
      const raw = await client();
      raw.send(
        "POST /through/upload HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none,\r\n",
      );
      await guarded(seen.given, "The first piece at the origin");
      raw.send("3\r\ntwo\r\n0\r\n\r\n");
      assertEquals((await raw.response()).body, "POST:one,two");
    });

    it("ends the upstream request when the client goes away during its upload", PATIENT, async () => {
      [go, seen] = [signal(), signal()];
      const raw = await client();
      raw.send("POST /through/cut-upload HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nstart");
      await guarded(seen.given, "The first piece at the origin");
      raw.abort();
      await guarded(go.given, "The end of the request at the origin");
    });

    it("ends the upstream request when the client goes away before the response", PATIENT, async () => {
      [go, seen] = [signal(), signal()];
      const raw = await client();
      raw.get("/through/never");
      await guarded(seen.given, "The request at the origin");
      raw.abort();
      await guarded(go.given, "The end of the request at the origin");
    });

    it("ends the upstream request when the client goes away during the response", PATIENT, async () => {
      go = signal();
      const raw = await client();
      raw.get("/through/endless");
      await raw.heard("first ");
      raw.abort();
      await guarded(go.given, "The end of the response at the origin");
    });

    for (const path of ["live", "live-coded"]) {
      it(
        `ends an upstream that never stops sending when the client goes away: ${path}`,
        PATIENT,
        async () => {
          go = signal();
          const raw = await client();
          raw.get(`/through/${path}`);
          await raw.heard("tick");
          raw.abort();
          await guarded(go.given, "The end of the response at the origin");
          assertEquals(pool.stats().active, 0);
        },
      );
    }

    it("works with proxy() and hc() of Hono", PATIENT, async () => {
      const raw = await client();
      raw.get("/proxied/plain", "1.1", "Connection: keep-alive, X-Named", "X-Named: 1", "TE: trailers");
      const proxied = await raw.response();
      assertEquals([proxied.status, proxied.body, proxied.headers.get("x-a")], [203, "hello", "1"]);
      raw.get("/typed");
      assertEquals((await raw.response()).body, '{"a":1}');
    });

    it("adds Server-Timing entries", PATIENT, async () => {
      const raw = await client();
      raw.get("/timed/plain");
      const first = (await raw.response()).headers.get("server-timing") ?? "";
      assertMatch(
        first,
        /^queue;dur=[\d.]+, connect;desc="(new|reused, request \d+)";dur=[\d.]+, wait;dur=[\d.]+$/,
      );
      raw.get("/timed/plain");
      const second = (await raw.response()).headers.get("server-timing") ?? "";
      assertMatch(second, /connect;desc="reused, request \d+";dur=0, wait/);
    });

    it("answers failures with 502 and 504, without any detail of the upstream", PATIENT, async () => {
      const raw = await client();
      const answers: [number, string][] = [];
      for (const path of ["/refused", "/late", "/timed-out"]) {
        raw.get(path);
        const { status, body } = await raw.response();
        answers.push([status, body]);
      }
      assertEquals(answers, [
        [502, "Bad Gateway\n"],
        [504, "Gateway Timeout\n"],
        [504, "Gateway Timeout\n"],
      ]);
      raw.get("/through/plain");
      assertEquals((await raw.response()).body, "hello");
    });
  });
}

/** A gateway that uses its pool in every way. */
function gateway(pool: Pool, origin: Origin): Hono<UpstreamEnv> {
  const app = new Hono<UpstreamEnv>();
  app.use(upstream(pool));
  app.use("/timed/*", upstream(pool, { serverTiming: true }));
  app.get("/timed/:path", (c) => c.var.upstream.fetch(`${origin.url}/${c.req.param("path")}`));
  app.all("/through/:path", (c) => {
    const { method, headers, body } = c.req.raw;
    const sent = body === null ? {} : { body, duplex: "half" as const };
    return c.var.upstream.fetch(`${origin.url}/${c.req.param("path")}`, { method, headers, ...sent });
  });
  app.get("/proxied/:path", (c) =>
    proxy(`${origin.url}/${c.req.param("path")}`, { raw: c.req.raw, customFetch: c.var.upstream.fetch }),
  );
  app.get("/typed", async (c) => {
    const typed = hc<typeof described>(origin.url, { fetch: c.var.upstream.fetch });
    return c.json(await (await typed.json.$get()).json());
  });
  app.get("/refused", (c) => c.var.upstream.fetch("http://127.0.0.1:1/secret"));
  app.get("/late", async (c) => {
    const response = await c.var.upstream.request(`${origin.url}/never`, { headersTimeout: 50 });
    return c.text(await response.text());
  });
  app.get("/timed-out", (c) =>
    c.var.upstream.fetch(`${origin.url}/never`, { signal: AbortSignal.timeout(50) }),
  );
  return app;
}

/** Describes the origin to Hono's typed client. */
const described = new Hono().get("/json", (c) => c.json({ a: 1 }));

/** Keeps sending small pieces until the response is closed. */
function live(response: ServerResponse, to: { write(text: string): unknown }, closed: () => void): void {
  const ticking = setInterval(() => to.write("tick "), 20);
  response.on("close", () => {
    clearInterval(ticking);
    closed();
  });
}
