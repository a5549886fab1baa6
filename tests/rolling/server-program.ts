/**
 * Server program: one of the two servers of a rolling update. It listens on its port, and on SIGTERM it shuts down as the
 * README of a service would: `shutdown()` and exit. Each POST that a handler begins is printed, so that nothing can be
 * executed twice without being noticed.
 *
 * ```sh
 * node --import tsx tests/rolling/server-program.ts 8081
 * ```
 */

import process from "node:process";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { keepAlive, shutdown } from "../../src/hono/mod.ts";

/** How long a request takes, in ms. */
const WORK_MS = 5;

const app = new Hono();
app.use(keepAlive({ idleTimeout: "60s" }));
app.get("/", async (c) => {
  await work();
  return c.text("ok");
});
app.post("/", async (c) => {
  console.log(`post ${await c.req.text()}`);
  await work();
  return c.text("ok");
});

const server = serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: "127.0.0.1" }, () =>
  console.log("listening"),
);

process.once("SIGTERM", async () => {
  const { cut } = await shutdown(server, { timeout: "5s" });
  console.log(`stopped ${cut}`);
  process.exit(0);
});

function work(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, WORK_MS));
}
