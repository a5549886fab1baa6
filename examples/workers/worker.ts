/**
 * A Worker whose requests to one API share the connections of a Durable Object.
 *
 *     npx wrangler dev                       locally, from this folder
 *
 * `GET /items` asks the API through the pool. `GET /pool` shows what the pool has.
 */

import { connectionOf } from "@holdfast/pool";
import { type RemoteUpstreamEnv, upstream } from "@holdfast/pool/hono";
import { poolObject, remotePool } from "@holdfast/pool/workers";
import { Hono } from "hono";

/** The upstream. Locally it may be one on this machine. */
const API = "http://127.0.0.1:8080";

/** Each object holds one pool. It is billed while a connection is open: the idle limit is a price. */
export class ApiPool extends poolObject({
  allowOrigins: [API],
  idleTimeout: "20s",
  maxConnectionsPerOrigin: 50,
  acquireTimeout: "2s",
}) {}

const pool = remotePool("API_POOL");

const app = new Hono<RemoteUpstreamEnv>();
app.use(upstream(pool));
app.get("/items", async (c) => {
  const response = await c.var.upstream.fetch(`${API}/items`);
  const reused = connectionOf(response)?.reused ?? false;
  response.headers.set("x-connection-reused", String(reused));
  return response;
});
app.get("/pool", async (c) => c.json(await c.var.upstream.stats(API)));

export default app;
