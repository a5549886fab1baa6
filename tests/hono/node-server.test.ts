/** `keepAlive()` beside the settings that `node:http` has of its own, and on HTTP/2. */

import { createServer, type Server } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { type KeepAliveRules, type KeepAliveVariables, keepAlive } from "../../src/hono/mod.ts";
import { RawClient } from "./support/raw-client.ts";

const PATIENCE = { timeout: 60_000 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const isNode = !("Deno" in globalThis || "Bun" in globalThis);

function application(rules: KeepAliveRules) {
  const app = new Hono<{ Variables: KeepAliveVariables }>();
  app.use(keepAlive(rules));
  app.get("/", (c) => c.json(c.var.keepAlive.enforcement));
  app.get("/slow", async (c) => {
    await pause(2600);
    return c.text("slow");
  });
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}

describe("keepAlive() beside node:http", () => {
  const servers: Server[] = [];

  async function open(rules: KeepAliveRules, settings: Partial<Server>): Promise<RawClient> {
    const server = Object.assign(createServer(application(rules)), settings);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return await RawClient.open((server.address() as AddressInfo).port);
  }

  after(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  // Both mostly wait, so they wait together.
  let waits: Promise<[kept: { readonly early: boolean; readonly idleMs: number }, statuses: number[]]>;

  before(() => {
    waits = Promise.all([idle(), slow()]);
    waits.catch(() => {});
  });

  async function idle() {
    const raw = await open({ idleTimeout: "3s" }, { keepAliveTimeout: 200 });
    raw.get("/");
    assertEquals((await raw.response()).headers.get("keep-alive"), "timeout=2");
    const idleSince = performance.now();
    // Node's own would be 200 ms and a second of grace.
    await pause(1800);
    const early = raw.closed;
    return { early, idleMs: (await raw.end()) - idleSince };
  }

  async function slow() {
    const raw = await open({ idleTimeout: "2s" }, { keepAliveTimeout: 0 });
    const statuses: number[] = [];
    for (const path of ["/", "/slow"]) {
      raw.get(path);
      statuses.push((await raw.response()).status);
    }
    await raw.end();
    return statuses;
  }

  it("keeps a connection longer than Node's own timeout, and closes it by the rule", PATIENCE, async () => {
    const [{ early, idleMs }] = await waits;
    assertEquals(early, false);
    assert(idleMs > 2900, `closed after ${idleMs} ms`);
  });

  it("cuts off no handler that takes longer than the idle timeout", PATIENCE, async () => {
    const [, statuses] = await waits;
    assertEquals(statuses, [200, 200]);
  });

  it("leaves the last word to maxRequestsPerSocket", { ...PATIENCE, skip: !isNode }, async () => {
    const raw = await open({ maxRequests: 10 }, { maxRequestsPerSocket: 2 });
    raw.get("/");
    assertEquals((await raw.response()).headers.get("keep-alive"), "timeout=74, max=9");
    raw.get("/");
    const last = await raw.response();
    assertEquals(
      [last.status, last.headers.get("connection"), last.headers.has("keep-alive")],
      [200, "close", false],
    );
    await raw.end();
  });

  it("says nothing on HTTP/2, where those fields must not be", { ...PATIENCE, skip: !isNode }, async () => {
    const server = http2.createServer(application({ maxRequests: 1 }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const said: unknown[] = [];
    for (let count = 0; count < 2; count++) {
      const stream = client.request({ ":path": "/" });
      const headers = await new Promise<http2.IncomingHttpHeaders>((resolve) =>
        stream.once("response", resolve),
      );
      let body = "";
      stream.setEncoding("utf8");
      for await (const text of stream) body += text;
      said.push([body, headers.connection, headers["keep-alive"]]);
    }
    // Before anything is compared: what stays open would keep the process alive.
    client.close();
    await new Promise((resolve) => server.close(resolve));
    const nothing = ['"none"', undefined, undefined];
    assertEquals(said, [nothing, nothing]);
  });
});
