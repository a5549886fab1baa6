/** `keepAlive()` together with the settings of `node:http` itself. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { type KeepAliveRules, type KeepAliveVariables, keepAlive } from "../../../src/hono/mod.ts";
import { PATIENT } from "../../support/patience.ts";
import { assertIdleAtLeast, type UsedTwice, usedTwice } from "../support/idle.ts";
import { RawClient } from "../support/raw-client.ts";

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

describe("keepAlive() with node:http", () => {
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

  // Both tests mostly wait, so they run at the same time.
  let waits: Promise<[kept: UsedTwice, slow: UsedTwice]>;

  before(() => {
    waits = Promise.all([idle(), slow()]);
    waits.catch(() => {});
  });

  async function idle() {
    // Node's own timeout would be 200 ms and its buffer of 1 s.
    const used = await usedTwice(
      () => open({ idleTimeout: "3s" }, { keepAliveTimeout: 200 }),
      ["/", "/"],
      3000,
    );
    await used.raw.end();
    return used;
  }

  async function slow() {
    const used = await usedTwice(
      () => open({ idleTimeout: "2s" }, { keepAliveTimeout: 0 }),
      ["/", "/slow"],
      2000,
    );
    await used.raw.end();
    return used;
  }

  it(
    "keeps a connection longer than Node's own timeout, and closes it as the rule says",
    PATIENT,
    async () => {
      const [used] = await waits;
      for (const { headers } of used.answers) assertEquals(headers.get("keep-alive"), "timeout=2");
      await assertIdleAtLeast(used, 3000);
    },
  );

  it("does not cut off a handler that takes longer than the idle timeout", PATIENT, async () => {
    const [, { answers }] = await waits;
    assertEquals(
      answers.map(({ status }) => status),
      [200, 200],
    );
  });

  it("obeys maxRequestsPerSocket", { ...PATIENT, skip: !isNode }, async () => {
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
});
