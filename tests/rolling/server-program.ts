/**
 * Server program: one of the two servers of a rolling update. It listens on its port, and on SIGTERM it shuts down as the
 * README of a service would: `shutdown()` and exit. Each POST that a handler begins is printed, so that nothing can be
 * executed twice without being noticed.
 *
 * ```sh
 * node --import tsx tests/rolling/server-program.ts 8081
 * bun tests/rolling/server-program.ts 8081 native     # Bun.serve
 * ```
 */

import process from "node:process";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { keepAlive, type ShutdownServer, shutdown } from "../../src/hono/mod.ts";

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

const server = listen(Number(process.argv[2]), process.argv[3] === "native");

process.once("SIGTERM", async () => {
  const { cut } = await shutdown(server, { timeout: "5s" });
  console.log(`stopped ${cut}`);
  process.exit(0);
});

interface Runtimes {
  readonly Deno?: { serve(options: object, fetch: typeof app.fetch): ShutdownServer };
  readonly Bun?: { serve(options: object): ShutdownServer };
}

function listen(port: number, isNative: boolean): ShutdownServer {
  const { Deno, Bun } = globalThis as Runtimes;
  const at = { port, hostname: "127.0.0.1" };
  const onListen = (): void => console.log("listening");
  if (isNative && Deno !== undefined) return Deno.serve({ ...at, onListen }, app.fetch);
  if (!isNative || Bun === undefined) return serve({ ...at, fetch: app.fetch }, onListen);
  const server = Bun.serve({ ...at, fetch: app.fetch });
  onListen();
  return server;
}

function work(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, WORK_MS));
}
