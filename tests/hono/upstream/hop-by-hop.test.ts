/**
 * Hop-by-hop fields of a hostile client: they are not passed on, and cannot delete a field that the gateway sets.
 * Tested with a raw socket on both sides, under every server of this runtime.
 */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Context, Hono } from "hono";
import { proxy } from "hono/proxy";
import { createPool, type Pool } from "../../../mod.ts";
import { type UpstreamEnv, type UpstreamEvent, upstream } from "../../../src/hono/mod.ts";
import { dropHopByHop, withoutFieldsNamedByConnection } from "../../../src/hono/upstream/hop-by-hop.ts";
import type { Listening } from "../../support/serve.ts";
import { RawClient } from "../support/raw-client.ts";
import { fieldOf, type RawOrigin, startRawOrigin } from "../support/raw-origin.ts";
import { SERVERS } from "../support/servers.ts";

/** Bun's default limit for a test is 5 s. */
const PATIENCE = { timeout: 60_000 };

/** Fields that the gateway sets. The client sends them, too, with the same value and with another one. */
const OWN = { "x-forwarded-host": "a.test", "x-verified-user": "alice" } as const;

type GatewayContext = Context<UpstreamEnv>;

/** Every way in which a gateway copies the client's fields, edits them and passes them on. */
const WAYS: Readonly<Record<string, (c: GatewayContext, url: string) => Promise<Response>>> = {
  headers: (c, url) => {
    const headers = new Headers(c.req.raw.headers);
    for (const [name, value] of Object.entries(OWN)) headers.set(name, value);
    return c.var.upstream.fetch(url, { headers });
  },
  record: (c, url) => c.var.upstream.fetch(url, { headers: { ...c.req.header(), ...OWN } }),
  pairs: (c, url) => {
    const copied = Object.entries({ ...c.req.header(), ...OWN });
    return c.var.upstream.fetch(url, { headers: copied });
  },
  request: (c, url) => {
    const request = new Request(url, { headers: new Headers(c.req.raw.headers) });
    for (const [name, value] of Object.entries(OWN)) request.headers.set(name, value);
    return c.var.upstream.fetch(request);
  },
  "replaced raw": (c, url) => {
    const headers = new Headers(c.req.raw.headers);
    for (const [name, value] of Object.entries(OWN)) headers.set(name, value);
    c.req.raw = new Request(c.req.raw.url, { headers });
    return c.var.upstream.fetch(url, c.req.raw);
  },
  light: async (c, url) => {
    const answer = await c.var.upstream.request(url, { headers: { ...c.req.header(), ...OWN } });
    return c.text(await answer.text());
  },
  "proxy()": (c, url) =>
    proxy(url, { headers: { ...c.req.header(), ...OWN }, customFetch: c.var.upstream.fetch }),
  "proxy() of raw": (c, url) => {
    const headers = { ...c.req.header(), ...OWN };
    return proxy(url, {
      raw: c.req.raw,
      headers,
      strictConnectionProcessing: true,
      customFetch: c.var.upstream.fetch,
    });
  },
};

/** Values of `Connection` that a hostile client sends. */
const CONNECTIONS = [
  "keep-alive, x-forwarded-host, x-verified-user, x-named",
  "X-Forwarded-Host,X-Verified-User , X-NAMED",
  "close, x-named, x-verified-user, x-forwarded-host, host, content-length, authorization, \u00e9, ,",
  "Upgrade, x-named, x-verified-user, x-forwarded-host, HTTP2-Settings",
] as const;

for (const server of SERVERS) {
  describe(`a gateway under ${server.name}`, () => {
    let origin: RawOrigin;
    let pool: Pool;
    let proxied: Pool;
    let listening: Listening;
    const events: UpstreamEvent[] = [];

    before(async () => {
      origin = await startRawOrigin();
      pool = createPool();
      proxied = createPool({ proxy: origin.url.replace("//", "//gateway:own@") });
      const app = new Hono<UpstreamEnv>();
      const onEvent = (event: UpstreamEvent) => events.push(event);
      app.use(upstream(pool, { onEvent }));
      app.get(
        "/way/:way",
        async (c) => (await WAYS[c.req.param("way")]?.(c, `${origin.url}/`)) ?? c.text("no"),
      );
      app.use("/twice", async (c, next) => {
        const headers = new Headers(c.req.raw.headers);
        headers.set("x-verified-user", "alice");
        c.req.raw = new Request(c.req.raw.url, { headers });
        await next();
      });
      app.get("/twice", upstream(pool), (c) =>
        c.var.upstream.fetch(`${origin.url}/`, { headers: c.req.raw.headers }),
      );
      app.get("/proxied", upstream(proxied), (c) =>
        c.var.upstream.fetch("http://behind.test/", { headers: c.req.header() }),
      );
      app.all("/fault", (c) => {
        const { method, headers, body } = c.req.raw;
        const sent = body === null ? {} : { body, duplex: "half" as const };
        return c.var.upstream.fetch(`${origin.url}/`, { method, headers, ...sent });
      });
      app.get("/close", (c) => c.var.upstream.fetch(`${origin.url}/`, { headers: { connection: "close" } }));
      listening = await server.serve(app);
    });

    after(async () => {
      await listening.close();
      await pool.close({ timeout: 0 });
      await proxied.close({ timeout: 0 });
      await origin.close();
    });

    /** Sends one request. Returns the client's response, and the fields that the origin received. */
    async function pass(path: string, ...fields: string[]) {
      origin.heads.length = 0;
      const raw = await RawClient.open(listening.port);
      raw.get(path, "1.1", ...fields);
      const response = await raw.response();
      raw.abort();
      const [head] = origin.heads;
      const value = (name: string) => (head === undefined ? undefined : fieldOf(head, name));
      return { response, value };
    }

    for (const way of Object.keys(WAYS)) {
      it(`passes its own fields on, whatever Connection names: ${way}`, PATIENCE, async () => {
        for (const connection of CONNECTIONS) {
          for (const user of ["alice", "mallory"]) {
            const { response, value } = await pass(
              `/way/${encodeURIComponent(way)}`,
              `Connection: ${connection}`,
              "X-Forwarded-Host: a.test",
              `X-Verified-User: ${user}`,
              "X-Named: 1",
              "X-Other: 2",
              "Keep-Alive: timeout=9",
              "TE: trailers",
              "Trailer: x-named",
              "Upgrade: h2c",
              "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
              "Proxy-Connection: keep-alive",
              "Proxy-Authorization: Basic c3RvbGVu",
            );
            assertEquals([response.status, response.body], [200, "ok"], connection);
            assertEquals(
              [value("x-forwarded-host"), value("x-verified-user")],
              Object.values(OWN),
              connection,
            );
            assertEquals(value("x-other"), "2");
            const gone = ["x-named", "keep-alive", "te", "trailer", "upgrade", "http2-settings"];
            for (const name of [...gone, "proxy-connection", "proxy-authorization"])
              assertEquals(value(name), undefined, `${name} with ${connection}`);
            assertEquals(value("connection"), "keep-alive");
          }
        }
      });
    }

    it("passes on fields that were set between two upstream() middlewares", PATIENCE, async () => {
      const { value } = await pass("/twice", "Connection: x-verified-user, x-named", "X-Named: 1");
      assertEquals([value("x-verified-user"), value("x-named")], ["alice", undefined]);
    });

    it("sends its own credentials to its proxy, not the client's", PATIENCE, async () => {
      const { response, value } = await pass("/proxied", "Proxy-Authorization: Basic c3RvbGVu");
      assertEquals(response.status, 200);
      assertEquals(value("proxy-authorization"), `Basic ${btoa("gateway:own")}`);
    });

    it("can have the upstream's connection closed, but the client cannot", PATIENCE, async () => {
      assertEquals((await pass("/close", "Connection: keep-alive")).value("connection"), "close");
      assertEquals((await pass("/way/record", "Connection: close")).value("connection"), "keep-alive");
    });

    it("answers a request that cannot be passed on with 400, 417 or 501", PATIENCE, async () => {
      const answers: [number, string][] = [];
      // Node ends a connection whose client asks for a tunnel.
      const tunnels =
        server.name === "@hono/node-server" ? [] : ["CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n"];
      for (const request of [...FAULTS, ...tunnels]) {
        const raw = await RawClient.open(listening.port);
        raw.send(request);
        // Not by response(): a response to HEAD has a length without a body.
        await raw.heard("\r\n\r\n");
        raw.abort();
        answers.push([Number(raw.unread.split(" ")[1]), request]);
        assert(!/Error|node_modules/.test(raw.unread), raw.unread);
      }
      const wrong = answers.filter(([status]) => ![400, 417, 501].includes(status));
      assertEquals(wrong, []);
      assert(events.every(({ type }) => type === "client.failed"));
    });

    it("still works after all that", PATIENCE, async () => {
      assertEquals((await pass("/fault")).response.status, 200);
    });
  });
}

/** Requests with a client's mistake. Some servers refuse some of them before the application sees them. */
const FAULTS = [
  "GET /fault HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi",
  "HEAD /fault HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi",
  "GET /fault HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
  "POST /fault HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
  "POST /fault HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2, 3\r\n\r\nhi",
  "TRACE /fault HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "POST /fault HTTP/1.1\r\nHost: a.test\r\nExpect: foo\r\nContent-Length: 2\r\n\r\nhi",
  "GET /fault HTTP/1.1\r\nHost: a.test\r\nExpect: foo\r\n\r\n",
] as const;

describe("withoutNamed()", () => {
  const inbound = (connection: string): Request =>
    new Request("http://a.test/", { headers: { connection, "x-a": "1", cookie: "c=1" } });

  it("returns the same request if Connection names no field", () => {
    for (const connection of ["keep-alive", "close", "Upgrade", "keep-alive, Upgrade"]) {
      const request = inbound(connection);
      assertEquals(withoutFieldsNamedByConnection(request) === request, true);
      assertEquals(request.headers.get("connection"), connection);
    }
  });

  it("removes the named field and its name, but no field that is end-to-end", () => {
    const { headers } = withoutFieldsNamedByConnection(inbound("X-A, close, cookie"));
    assertEquals(
      [headers.get("x-a"), headers.get("cookie"), headers.get("connection")],
      [null, "c=1", "close"],
    );
    assertEquals(withoutFieldsNamedByConnection(inbound("x-a")).headers.has("connection"), false);
  });
});

describe("dropHopByHop()", () => {
  it("removes the fields that the upstream's Connection names, but no field that is end-to-end", () => {
    const headers = new Headers({
      connection: "x-odd, set-cookie, content-type, close",
      "x-odd": "1",
      "set-cookie": "a=1",
      "content-type": "text/plain",
      "proxy-authenticate": "Basic",
      "transfer-encoding": "chunked",
    });
    dropHopByHop(headers);
    assertEquals([...headers.keys()].sort(), ["content-type", "set-cookie"]);
  });
});
