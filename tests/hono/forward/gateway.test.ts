/**
 * The gateway suite: requests that real proxies got wrong go through `forward()` under every server of this runtime, with
 * a raw socket on both sides. What reaches the upstream is compared byte by byte.
 */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createPool, type Pool } from "../../../mod.ts";
import { forward, type UpstreamEnv, type UpstreamEvent, upstream } from "../../../src/hono/mod.ts";
import { eventually, PATIENT } from "../../support/patience.ts";
import { has, type Listening } from "../../support/serve.ts";
import { RawClient } from "../support/raw-client.ts";
import { type RawOrigin, startRawOrigin } from "../support/raw-origin.ts";
import { SERVERS } from "../support/servers.ts";
import { type HostileRequest, MALFORMED, REQUESTS } from "./requests.ts";

/** The gateway's own fields, as every request through it has them. */
const OWN_FIELDS =
  "x-forwarded-for: 127.0.0.1\r\nx-forwarded-host: a.test\r\nx-forwarded-proto: http\r\nvia: 1.1 gw\r\n";

/** How a refused request is answered. A server may also close without an answer. */
const REFUSALS = [204, 400, 417, 501, 508];

const NODE_ON = has.deno ? "node on deno" : "node on bun";

for (const server of SERVERS) {
  describe(`hostile requests through forward() under ${server.name}`, () => {
    let origin: RawOrigin;
    let pool: Pool;
    let listening: Listening;
    const events: UpstreamEvent[] = [];

    before(async () => {
      origin = await startRawOrigin();
      pool = createPool();
      const app = new Hono<UpstreamEnv>();
      app.use(upstream(pool, { onEvent: (event) => events.push(event) }));
      app.all("*", (c) => forward(c, origin.url, { via: "gw", trailers: ["X-Sum"] }));
      listening = await server.serve(app);
    });

    after(async () => {
      await listening.close();
      await pool.close({ timeout: 0 });
      await origin.close();
    });

    function bytes(seen: string): string {
      const { host } = new URL(origin.url);
      const own = `host: ${host}\r\nconnection: keep-alive\r\n`;
      return seen
        .replace("^", own)
        .replace("~", OWN_FIELDS)
        .replace("ORIGIN", host)
        .replace("PORT", String(listening.port));
    }

    /** A request that no client before it must have changed. */
    async function sentinel(): Promise<void> {
      const raw = await RawClient.open(listening.port);
      raw.get("/sentinel");
      assertEquals((await raw.response()).body, "ok");
      raw.abort();
    }

    const SENTINEL = "GET /sentinel HTTP/1.1\r\n^~\r\n";

    /** Sends the bytes. Returns the final status; `undefined` if the server closed without an answer. */
    async function statusOf({ sent }: HostileRequest, expected: string | undefined) {
      const raw = await RawClient.open(listening.port);
      raw.send(sent);
      const status = () => /HTTP\/1\.[01] ([2-5]\d\d) /.exec(raw.unread)?.[1];
      // A server may wait for the rest of what is malformed.
      const isSent = () => expected === MALFORMED && origin.received !== "";
      await eventually(() => status() !== undefined || raw.closed || isSent(), "an answer");
      assert(!/Error|node_modules|127\.0\.0\.1/.test(raw.unread), raw.unread);
      raw.abort();
      return status();
    }

    for (const [name, request] of Object.entries(REQUESTS)) {
      it(name, PATIENT, async () => {
        origin.received = "";
        origin.heads.length = 0;
        const { except = {} } = request;
        const key = server.name === "@hono/node-server" ? NODE_ON : server.name;
        const expected = key in except ? except[key] : request.seen;
        const status = await statusOf(request, expected);
        await sentinel();
        if (expected === MALFORMED)
          return assertEquals(
            origin.heads.map(({ line }) => line),
            ["GET /sentinel HTTP/1.1"],
          );
        assertEquals(origin.received, bytes(expected ?? "") + bytes(SENTINEL));
        if (expected === undefined) assert(status === undefined || REFUSALS.includes(Number(status)), status);
        else assertEquals(status, "200");
      });
    }

    it("passes a pipelined request on as one of its own, or not at all", PATIENT, async () => {
      origin.heads.length = 0;
      const raw = await RawClient.open(listening.port);
      const second = "GET /second HTTP/1.1\r\nHost: a.test\r\n\r\n";
      raw.send(`POST /first HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi${second}`);
      await eventually(() => raw.closed || raw.unread.split("ok").length > 2, "two answers");
      raw.abort();
      await sentinel();
      const lines = origin.heads.map(({ line }) => line.split(" ")[1]).sort();
      const all = server.queues ? ["/first", "/second", "/sentinel"] : ["/sentinel"];
      assertEquals(
        lines.filter((line) => all.includes(line ?? "")),
        all,
      );
      assert(lines.length <= 3);
    });

    it("tells each refusal of its own by an event", () => {
      const statuses = new Set(events.map(({ type, status }) => `${type} ${status}`));
      for (const told of ["client.failed 400", "upstream.failed 508"]) assert(statuses.has(told), told);
    });
  });
}
