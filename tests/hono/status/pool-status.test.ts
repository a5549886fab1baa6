/** The server side of the status page: what each path returns, what it costs, and what it never shows. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import type { PoolListener } from "../../../src/contract/events.ts";
import { poolStatus } from "../../../src/hono/status/pool-status.ts";
import type { OriginStats, PoolStats } from "../../../src/pool/stats.ts";
import { settled } from "../../support/clock.ts";
import { service } from "../../support/service.ts";
import { Page, watched } from "../support/status-page.ts";

const TICK_MS = 500;

describe("poolStatus", () => {
  it("serves a page whose policy allows only its own files", async () => {
    const { app } = watched();
    const page = await app.request("/_pool");
    const policy = page.headers.get("content-security-policy") ?? "";
    assertEquals(page.status, 200);
    assertMatch(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
    const html = await page.text();
    assert(
      !/\son\w+=|<script>|<style>|style=|https?:/.test(html),
      "nothing is inline, and nothing is loaded from elsewhere",
    );
  });

  for (const path of ["/_pool", "/_pool/"]) {
    it(`finds its script and styles from ${path}`, async () => {
      const { pool } = service();
      const status = poolStatus(pool);
      const app = new Hono({ strict: false }).route("/_pool", status);
      const html = await (await app.request(path)).text();
      const [, script = ""] = /src="([^"]+)"/.exec(html) ?? [];
      const [, style = ""] = /rel="stylesheet" href="([^"]+)"/.exec(html) ?? [];
      for (const [file, type] of [
        [script, "text/javascript; charset=utf-8"],
        [style, "text/css; charset=utf-8"],
      ] as const) {
        const { pathname } = new URL(file, `http://pool.test${path}`);
        const found = await app.request(pathname);
        assertEquals([found.status, found.headers.get("content-type")], [200, type], pathname);
        await found.text();
      }
    });
  }

  for (const path of ["/x%22%3E%3Cscript%3E", "/x'&quot;", "/%E0%A4%A"]) {
    it(`does not let markup through from the path ${path}`, async () => {
      const { pool } = service();
      const app = new Hono().route("/:any{.+}", poolStatus(pool));
      const answer = await app.request(path);
      const [, base = ""] = /href="([^"]*)status.css"/.exec(await answer.text()) ?? [];
      assertEquals(answer.status, 200);
      assertMatch(base, /^\.\/[\w.~%'-]+\/$/);
    });
  }

  it("returns the pool's counts", async () => {
    const { app, pool, get } = watched();
    await get();
    const answer = await app.request("/_pool/stats");
    assertEquals(answer.headers.get("cache-control"), "no-store");
    assertEquals((await answer.json()) as PoolStats, JSON.parse(JSON.stringify(pool.stats())));
  });

  it("returns metrics of everything since it was mounted", async () => {
    const { app, get } = watched();
    await get();
    await get();
    const answer = await app.request("/_pool/metrics");
    assertEquals(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assertMatch(await answer.text(), /^http_client_request_duration_seconds_count\{.*\} 2$/m);
  });

  it("can be put behind Hono's own authentication, with all its paths", async () => {
    const { pool } = service();
    const app = new Hono();
    app.use("/_pool/*", basicAuth({ username: "ops", password: "secret" }));
    app.route("/_pool", poolStatus(pool));
    for (const path of ["", "/", "/status.js", "/status.css", "/stats", "/events", "/metrics"]) {
      const { status } = await app.request(`/_pool${path}`);
      assertEquals(status, 401, path);
    }
    const Authorization = `Basic ${btoa("ops:secret")}`;
    assertEquals((await app.request("/_pool", { headers: { Authorization } })).status, 200);
  });

  it("shows no path, header or credential of a request", async () => {
    const { app, pool } = watched({}, () => ({ headers: { "X-Answer": "secret" }, body: "secret" }));
    const page = await Page.open(app);
    const headers = { Authorization: "Bearer secret", Cookie: "secret=1" };
    const answer = await pool.request("http://a.test/secret/path?secret=1", {
      method: "POST",
      body: "secret",
      headers,
    });
    await answer.text();
    const paths = ["", "/stats", "/metrics"];
    const texts = await Promise.all(paths.map(async (path) => (await app.request(`/_pool${path}`)).text()));
    const received = JSON.stringify(await page.read());
    assert(received.includes("http://a.test"), "the origin is shown");
    assertEquals(
      [...texts, received].filter((text) => text.includes("secret")),
      [],
    );
    await page.leave();
  });

  for (const maxViewers of [0, 1.5, -1, Number.NaN]) {
    it(`refuses maxViewers ${maxViewers}`, () => {
      const { pool } = service();
      const error = assertThrows(() => poolStatus(pool, { maxViewers }), RangeError);
      assert(
        (error as Error).message.includes(
          `maxViewers must be a whole number from 1: current value is ${maxViewers}`,
        ),
      );
    });
  }
});

describe("the events of the status page", () => {
  it("begin with a snapshot, followed by updates", async () => {
    const { app, clock, get } = watched();
    await get();
    const page = await Page.open(app);
    const first = await page.read();
    assertEquals([first.event, first.data.lanes.length, first.data.totals.requests], ["snapshot", 1, 1]);
    await get("http://b.test");
    const next = page.read();
    await clock.advance(TICK_MS);
    const { event, data } = await next;
    assertEquals([event, data.lanes.map(({ origin }) => origin).includes("http://b.test")], ["update", true]);
    assertEquals(data.totals.requests, 2);
    await page.leave();
  });

  it("include connections that were open before the page was mounted", async () => {
    const { pool, clock, get } = service();
    await get();
    await clock.advance(300);
    const app = new Hono().route("/_pool", poolStatus(pool, { clock }));
    await get();
    const page = await Page.open(app);
    const [lane] = (await page.read()).data.lanes;
    assertEquals([lane?.id, lane?.openedAt, lane?.requests, lane?.state], [1, -300, 2, "idle"]);
    await page.leave();
  });

  it("give the time and the reason for the end of a connection", async () => {
    const { app, clock, get } = watched({ idleTimeout: "5s" });
    await get();
    await clock.advance(10_000);
    const page = await Page.open(app);
    const { data } = await page.read();
    assertEquals(data.lanes[0]?.end, [5000, "idle-timeout"]);
    assertEquals(data.lanes[0]?.state, "retired");
    assertEquals(data.history.map(({ retired }) => retired).at(-1), { "idle-timeout": 1 });
    await page.leave();
  });

  it("list connections that several origins share under their own key", async () => {
    const { pool, get } = service();
    await get();
    const shared = () => {
      const stats = pool.stats();
      return {
        ...stats,
        origins: { "proxy+http://proxy.test:3128": stats.origins["http://a.test"] as OriginStats },
      };
    };
    const subscribe = (listener: PoolListener) => pool.subscribe(listener);
    const app = new Hono().route(
      "/_pool",
      poolStatus({ subscribe, stats: shared, explain: pool.explain.bind(pool) }),
    );
    const page = await Page.open(app);
    const { data } = await page.read();
    assertEquals(data.origins?.[0]?.origin, "proxy+http://proxy.test:3128");
    const metrics = await (await app.request("/_pool/metrics")).text();
    assert(
      metrics.includes(
        '{server_address="proxy.test",server_port="3128",http_connection_state="idle",network_protocol_version="1.1"} 1',
      ),
      metrics,
    );
    await page.leave();
  });

  it("give the limits of an origin: configured, announced, learned", async () => {
    const { app, get } = watched({ idleTimeout: "20s" }, () => ({ headers: { "Keep-Alive": "timeout=10" } }));
    await get();
    const page = await Page.open(app);
    const [row] = (await page.read()).data.origins ?? [];
    assertEquals([row?.configured, row?.announced, row?.learned], ["20s", "10s less 1s", undefined]);
    await page.leave();
  });

  it("need no timer while no page is open", async () => {
    const { app, clock, get, pool } = watched();
    await get();
    const before = clock.timers;
    const page = await Page.open(app);
    await page.read();
    assertEquals(clock.timers, before + 1);
    await page.leave();
    assertEquals(clock.timers, before);
    await pool.close();
  });

  it("end when the request is aborted", async () => {
    const { app, clock, get } = watched();
    await get();
    const before = clock.timers;
    const page = await Page.open(app);
    await page.read();
    await page.vanish();
    assertEquals(clock.timers, before);
  });

  it("pause while nothing happens, except for a heartbeat", async () => {
    const { app, clock, get } = watched();
    await get();
    const page = await Page.open(app);
    await page.read();
    await clock.advance(TICK_MS);
    await page.read();
    let received = 0;
    const next = page.read().then(() => (received += 1));
    await clock.advance(4000);
    assertEquals(received, 0);
    await clock.advance(2000);
    await next;
    assertEquals(received, 1);
    await page.leave();
  });

  it("skip a slow page, and then send it a snapshot", async () => {
    const { app, clock, get } = watched();
    const page = await Page.open(app);
    await page.read();
    for (let at = 0; at < 20; at++) {
      await get(`http://${at}.test`);
      await clock.advance(TICK_MS);
    }
    // One message was under way when the page stopped reading. It then gets a snapshot, not a backlog.
    const received = [await page.read()];
    while (received.at(-1)?.event !== "snapshot") received.push(await page.read());
    assert(received.length <= 2, `${received.length} messages were kept`);
    assertEquals(received.at(-1)?.data.lanes.length, 20);
    await page.leave();
  });

  it("drop a page that reads nothing for a long time", async () => {
    const { app, clock, get } = watched();
    const before = clock.timers;
    const page = await Page.open(app);
    await page.read();
    for (let at = 0; at < 80; at++) {
      await get();
      await clock.advance(TICK_MS);
    }
    assertEquals(clock.timers - before <= 1, true);
    await assertRejects(() => page.read(), Error, "Nothing was read for 30000 ms");
  });

  it("take no place for HEAD or an aborted request, and free the place of a stream that is never read", async () => {
    const { app, clock } = watched({}, undefined, 1);
    const timers = clock.timers;
    for (let count = 0; count < 20; count++) {
      const head = await app.request("/_pool/events", { method: "HEAD" });
      assertEquals([head.status, head.headers.get("content-type")], [200, "text/event-stream"]);
    }
    assertEquals((await app.request("/_pool/events", { signal: AbortSignal.abort() })).status, 200);
    assertEquals(clock.timers, timers);
    const unread = await app.request("/_pool/events");
    assertEquals([unread.status, (await app.request("/_pool/events")).status], [200, 503]);
    await clock.advance(3000);
    const page = await Page.open(app);
    assertEquals([page.response.status, (await page.read()).event], [200, "snapshot"]);
    await page.leave();
  });

  it("leave HEAD on every other path without a body", async () => {
    const { app } = watched();
    for (const path of ["", "/status.js", "/status.css", "/stats", "/metrics"]) {
      const head = await app.request(`/_pool${path}`, { method: "HEAD" });
      assertEquals([head.status, await head.text()], [200, ""], path);
    }
  });

  it("are the same for several pages, up to the limit", async () => {
    const { app, clock, get } = watched({}, undefined, 2);
    const pages = [await Page.open(app), await Page.open(app)];
    const refused = await app.request("/_pool/events");
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "10"]);
    for (const page of pages) await page.read();
    const next = pages.map((page) => page.read());
    await get();
    await clock.advance(TICK_MS);
    const [one, two] = await Promise.all(next);
    assertEquals(one, two);
    await pages[0]?.leave();
    assertEquals((await app.request("/_pool/events")).status, 200);
    await settled();
  });
});
