/** A pool at work, with its status page on a real server. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { createPool, type Pool } from "../../mod.ts";
import { poolStatus } from "../../src/hono/status/pool-status.ts";
import { type MemoryResponse, memoryTransport } from "../../transports/memory.ts";

/** A word in every request's path, headers and body, which the page must not show. */
export const SECRET = "hunter2";

/** Credentials for the page. It is behind Hono's own authentication, as the documentation says. */
export const OPERATOR = { username: "ops", password: "of the page" } as const;

/** A pool with a number of connections, and a page that shows them. */
export interface Site {
  readonly pool: Pool;
  readonly url: string;
  /** Sends one request on each connection, spread over ten origins. */
  round(): Promise<void>;
  /** Closes the connections of the open pages. */
  disconnect(): void;
  close(): Promise<void>;
}

/** Starts a site with `count` connections. `outer` adds middleware around the page. */
export async function startSite(count: number, outer?: (app: Hono) => unknown): Promise<Site> {
  const waiting: (() => void)[] = [];
  const pool = createPool({
    maxConnections: count,
    transport: memoryTransport({
      // All requests of a round are answered together, so each needs its own connection.
      respond: ({ path }) =>
        new Promise<MemoryResponse>((resolve) => {
          const status = path.endsWith("0") ? 404 : 200;
          waiting.push(() => resolve({ status, headers: { "X-Secret": SECRET }, body: SECRET }));
        }),
    }),
  });
  const app = new Hono();
  outer?.(app);
  app.use("/_pool/*", basicAuth(OPERATOR));
  app.route("/_pool", poolStatus(pool));
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const round = async (): Promise<void> => {
    // Not by POST: after a pause of 2 s, which a slow machine may cause, a POST would open a new connection.
    const options = { method: "PUT", body: SECRET, headers: { Authorization: `Bearer ${SECRET}` } };
    const requests = Array.from({ length: count }, async (_, at) => {
      const response = await pool.request(`http://origin-${at % 10}.test/${SECRET}/${at}`, options);
      await response.text();
    });
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const answer of waiting.splice(0)) answer();
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
