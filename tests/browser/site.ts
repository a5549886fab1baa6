/** Site: a pool at work, with its status page on a real server. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { createPool, type Pool } from "../../mod.ts";
import { poolStatus } from "../../src/hono/status/pool-status.ts";
import { type MemoryResponse, memoryTransport } from "../../transports/memory.ts";

/** What no page may show: it is in every request's path, headers and body. */
export const SECRET = "hunter2";

/** Who may see the page: it stands behind Hono's own authentication, as the documents say. */
export const OPERATOR = { username: "ops", password: "of the page" } as const;

/** A pool with as many connections as asked for, and a page that shows them. */
export interface Site {
  readonly pool: Pool;
  readonly url: string;
  /** Sends one request to each of as many connections as there are, spread over ten origins. */
  round(): Promise<void>;
  /** Cuts off whoever watches. */
  disconnect(): void;
  close(): Promise<void>;
}

/** Starts it with `count` connections. */
export async function startSite(count: number): Promise<Site> {
  const held: (() => void)[] = [];
  const pool = createPool({
    maxConnections: count,
    transport: memoryTransport({
      // All requests of a round are answered together: so each has a connection of its own.
      respond: ({ path }) =>
        new Promise<MemoryResponse>((resolve) => {
          const status = path.endsWith("0") ? 404 : 200;
          held.push(() => resolve({ status, headers: { "X-Secret": SECRET }, body: SECRET }));
        }),
    }),
  });
  const app = new Hono();
  app.use("/_pool/*", basicAuth(OPERATOR));
  app.route("/_pool", poolStatus(pool));
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const round = async (): Promise<void> => {
    // Not by POST, which after a pause of 2 s on a slow machine would rather have a connection of its own.
    const options = { method: "PUT", body: SECRET, headers: { Authorization: `Bearer ${SECRET}` } };
    const requests = Array.from({ length: count }, async (_, at) => {
      const response = await pool.request(`http://origin-${at % 10}.test/${SECRET}/${at}`, options);
      await response.text();
    });
    while (held.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const answer of held.splice(0)) answer();
    await Promise.all(requests);
  };
  return {
    pool,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/_pool`,
    round,
    disconnect: () => server.closeAllConnections(),
    async close() {
      server.close();
      server.closeAllConnections();
      await pool.close({ timeout: 0 });
    },
  };
}
