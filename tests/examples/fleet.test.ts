/** A fleet over Redis: two processes of the example, and what the second is spared. */

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { assertEquals, assertMatch } from "@std/assert";
import { onThisRuntime } from "../support/own-runtime.ts";
import { eventually, PATIENT } from "../support/patience.ts";
import { claimPort } from "../support/ports.ts";

/** Short, so that the test is; long enough for a process to read the store meanwhile. */
const HIDDEN_LIMIT_MS = 1200;

const isHere = await promisify(execFile)("redis-server", ["--version"]).then(
  () => true,
  () => false,
);

/** A Redis of the test's own, which keeps nothing. */
async function startRedis(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-redis-"));
  const { port, release } = await claimPort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text) => {
    said += String(text);
  });
  await eventually(() => said.includes("Ready to accept connections"), "Redis is ready");
  const stop = async () => {
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await exited;
    await release();
    await rm(folder, { recursive: true });
  };
  return { url: `redis://127.0.0.1:${port}`, stop };
}

/** A server that closes idle connections without announcing it, until it `keeps` them. */
async function startServer() {
  let requests = 0;
  let closes = 0;
  let keepsThem = false;
  const server = createServer((socket: Socket) => {
    socket.on("data", () => {
      requests += 1;
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    socket.on("error", () => {});
    socket.setTimeout(HIDDEN_LIMIT_MS, () => {
      if (keepsThem) return;
      closes += 1;
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const stop = () => new Promise((resolve) => server.close(resolve));
  const keeps = () => {
    keepsThem = true;
  };
  return { url: `http://127.0.0.1:${port}/`, stop, keeps, counts: () => ({ requests, closes }) };
}

const [program = "", ...args] = onThisRuntime(new URL("../../examples/shared-limits.ts", import.meta.url));

describe("examples/shared-limits.ts over Redis", {
  skip: isHere ? false : "redis-server is not installed",
}, () => {
  it("spares the second process the stale connection that the first learned from", PATIENT, async () => {
    const [redis, server] = [await startRedis(), await startServer()];
    const member = async () => {
      const env = { ...process.env, REDIS_URL: redis.url };
      const { stdout } = await promisify(execFile)(program, [...args, server.url], { env });
      return stdout.trim();
    };
    try {
      assertMatch(await member(), /^Ended by peer-closed; idle limit \d+ms, learned$/);
      assertEquals(server.counts(), { requests: 2, closes: 1 });
      // A process that is slower than the server's limit would be told by the server. This one can only know from the store.
      server.keeps();
      assertMatch(await member(), /^Ended by learned-limit; idle limit \d+ms, learned$/);
    } finally {
      await server.stop();
      await redis.stop();
    }
  });
});
