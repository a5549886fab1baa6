/** `forward()` under every server of this runtime, with what takes time: live streams, clients that leave, trailers. */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createPool, type Pool } from "../../../mod.ts";
import { type Clock, systemClock } from "../../../src/contract/clock.ts";
import { forward, type UpstreamEnv, type UpstreamEvent, upstream } from "../../../src/hono/mod.ts";
import { eventually, guarded, PATIENT } from "../../support/patience.ts";
import { type Listening, serveNodeOverriding } from "../../support/serve.ts";
import { type Origin, signal, startOrigin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { SERVERS } from "../support/servers.ts";

/** The same server as users run it: its own Response hands fields and texts to Node as they are. */
const OVERRIDING = SERVERS.filter(({ name }) => name === "@hono/node-server").map((server) => ({
  ...server,
  name: "@hono/node-server with its own Response",
  serve: ({ fetch }: { readonly fetch: Hono["fetch"] }) => serveNodeOverriding(fetch),
}));

/** No timer ever rings: what ends by itself ends for another reason than that time has passed. */
const TIMELESS: Clock = { ...systemClock, schedule: () => ({ cancel() {} }) };

for (const server of [...SERVERS, ...OVERRIDING]) {
  describe(`forward() under ${server.name}`, () => {
    let origin: Origin;
    let pool: Pool;
    let full: Pool;
    let hasty: Pool;
    let timeless: Pool;
    let listening: Listening;
    let seen = signal();
    let closed = signal();
    let left = signal();
    let late = signal();
    const events: UpstreamEvent[] = [];

    before(async () => {
      origin = await startOrigin({
        "/never": (_request, response) => {
          seen.give();
          response.on("close", () => closed.give());
        },
        "/live": (_request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
          response.on("close", () => closed.give());
        },
        // Little is missing, so that a connection would linger for it.
        "/nearly": (_request, response) => {
          response.writeHead(200, { "content-length": 20 }).write("data: 1\n\n");
          response.on("close", () => closed.give());
        },
        "/trailers": (request, response) => {
          response.writeHead(200, { trailer: "x-sum", "x-te": request.headers.te ?? "none" });
          response.write("body");
          response.addTrailers({ "x-sum": "7" });
          response.end();
        },
        "/hints": (_request, { socket }) =>
          socket?.end(
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-A: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n" +
              "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
          ),
        // In one piece, so that the body has come with the head.
        "/latin": (_request, { socket }) =>
          socket?.end(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nX-Name: caf\u00e9\r\n\r\nbody",
            "latin1",
          ),
        "/plain": (_request, response) =>
          response.writeHead(200, { "content-type": "text/plain", "x-old": "1" }).end("body"),
        "/echo": ({ headers }, response) =>
          response.end([headers["x-user"], headers["x-gone"], headers["x-kept"]].join()),
        "/length": (_request, response) => response.writeHead(200, { "content-length": 7 }).end(),
      });
      pool = createPool();
      full = createPool({ maxConnections: 1, maxQueue: 0 });
      hasty = createPool({ headersTimeout: 20 });
      timeless = createPool({ clock: TIMELESS });
      const app = new Hono<UpstreamEnv>();
      app.use("/full/*", upstream(full, { onEvent: (event) => events.push(event) }));
      app.all("/full/*", (c) => forward(c, origin.url, { path: "/never" }));
      app.use("/silent", upstream(hasty, { onEvent: (event) => events.push(event) }));
      app.all("/silent", (c) => forward(c, origin.url, { path: "/never" }));
      app.use("/timeless/*", upstream(timeless));
      app.all("/timeless/*", (c) => forward(c, origin.url, { path: c.req.path.slice("/timeless".length) }));
      app.use(upstream(pool, { onEvent: (event) => events.push(event) }));
      app.use("/plain", async (c, next) => {
        await next();
        c.res.headers.delete("x-old");
        c.res.headers.set("x-new", "1");
      });
      app.get("/plain", (c) =>
        c.req.query("by") === "upstream"
          ? c.var.upstream.fetch(`${origin.url}/plain`)
          : forward(c, origin.url, { path: "/plain" }),
      );
      app.use("/echo", async (c, next) => {
        // Those of Deno.serve cannot be changed.
        if (server.name === "Deno.serve") c.req.raw = new Request(c.req.raw);
        c.req.raw.headers.set("x-user", "alice");
        c.req.raw.headers.delete("x-gone");
        await next();
      });
      app.get("/late", async (c) => {
        seen.give();
        await left.given;
        late.give();
        return await forward(c, origin.url, { path: "/never" });
      });
      app.all("/refused", (c) => forward(c, "http://127.0.0.1:1"));
      app.all("*", (c) => forward(c, origin.url));
      listening = await server.serve(app);
    });

    after(async () => {
      await listening.close();
      await Promise.all([pool, full, hasty, timeless].map((each) => each.close({ timeout: 0 })));
      await origin.close();
    });

    for (const path of ["/never", "/live", "/nearly"]) {
      it(
        `ends the upstream at once when the client goes away, without a timer: ${path}`,
        PATIENT,
        async () => {
          [seen, closed] = [signal(), signal()];
          const raw = await RawClient.open(listening.port);
          raw.get(`/timeless${path}`);
          await (path === "/never" ? guarded(seen.given, "the request") : raw.heard("data: 1\n\n"));
          raw.abort();
          await guarded(closed.given, "the end at the origin");
        },
      );
    }

    it("ends the upstream when the client has gone before", PATIENT, async () => {
      [seen, closed, left, late] = [signal(), signal(), signal(), signal()];
      events.length = 0;
      const raw = await RawClient.open(listening.port);
      raw.get("/late");
      await guarded(seen.given, "the request");
      raw.abort();
      // The server learns of it on its own; an answer to another client shows that its loop has run.
      const other = await RawClient.open(listening.port);
      other.get("/plain");
      await other.response();
      other.abort();
      left.give();
      await guarded(late.given, "the handler");
      await eventually(() => events.some(({ status }) => status === 499), "the event");
    });

    for (const by of ["forward", "upstream"]) {
      it(`has mutable headers: ${by}`, PATIENT, async () => {
        const raw = await RawClient.open(listening.port);
        raw.get(`/plain?by=${by}`);
        const { headers, body } = await raw.response();
        assertEquals([headers.get("x-new"), headers.has("x-old"), body], ["1", false, "body"]);
        raw.abort();
      });
    }

    it("sends the fields that a middleware has changed", PATIENT, async () => {
      const raw = await RawClient.open(listening.port);
      raw.get("/echo", "1.1", "X-User: eve", "X-Gone: 1", "X-Kept: 1");
      assertEquals((await raw.response()).body, "alice,,1");
      raw.abort();
    });

    it("passes fields of Latin-1 on byte by byte", PATIENT, async () => {
      const raw = await RawClient.open(listening.port);
      raw.get("/latin");
      await raw.heard("body");
      assert(raw.unread.includes("caf\u00e9\r\n"), raw.unread);
      raw.abort();
    });

    it("passes trailers on where the server can, to a client that reads them", PATIENT, async () => {
      const can = server.name.startsWith("@hono/node-server");
      const raw = await RawClient.open(listening.port);
      raw.get("/trailers", "1.1", "TE: trailers", "Connection: te");
      if (can) await raw.heard("\r\n0\r\nx-sum: 7\r\n\r\n");
      else assertEquals((await raw.response()).body, "body");
      raw.abort();
      const plain = await RawClient.open(listening.port);
      plain.get("/trailers");
      const { body, headers } = await plain.response();
      assertEquals([body, headers.get("x-te"), headers.has("trailer")], ["body", "none", false]);
      plain.abort();
    });

    it("passes 103 and 102 on where the server can, but not to HTTP/1.0", PATIENT, async () => {
      const can = server.name.startsWith("@hono/node-server");
      for (const version of ["1.1", "1.0"]) {
        const raw = await RawClient.open(listening.port);
        raw.get("/hints", version);
        await raw.heard("\r\n\r\nbody");
        const [hints = "", ...rest] = raw.unread.split("\r\n\r\n");
        raw.abort();
        assertEquals(/^HTTP\/1\.1 103 /.test(hints), can && version === "1.1", hints);
        if (!hints.includes(" 103 ")) continue;
        assert(
          /^link: <\/a\.css>; rel=preload\r$/im.test(`${hints}\r`) && /^x-a: 1\r?$/im.test(hints),
          hints,
        );
        assertEquals([hints.includes("hop"), rest[0]?.startsWith("HTTP/1.1 102 ")], [false, true]);
      }
    });

    it("answers HEAD with the upstream's length", PATIENT, async () => {
      const raw = await RawClient.open(listening.port);
      raw.send("HEAD /length HTTP/1.1\r\nHost: a.test\r\n\r\n");
      await raw.heard("\r\n\r\n");
      assert(/content-length: 7\r\n/i.test(raw.unread), raw.unread);
      raw.abort();
    });

    it("answers 502, 504, and 503 with Retry-After, each told by an event", PATIENT, async () => {
      events.length = 0;
      const raw = await RawClient.open(listening.port);
      raw.get("/refused");
      assertEquals((await raw.response()).status, 502);
      raw.get("/silent");
      assertEquals((await raw.response()).status, 504);
      seen = signal();
      const first = await RawClient.open(listening.port);
      first.get("/full/a");
      await guarded(seen.given, "the request");
      raw.get("/full/b");
      const { status, headers } = await raw.response();
      assertEquals([status, headers.get("retry-after")], [503, "1"]);
      first.abort();
      raw.abort();
      const told = events.map(({ type, status: of }) => `${type} ${of}`);
      for (const status of [502, 503, 504]) assert(told.includes(`upstream.failed ${status}`), told.join());
    });
  });
}
