/**
 * Several processes share a learned limit. One process learns the idle limit that a server does not announce. Every
 * other process with the same store stays below it from its first connection on, and so does a restarted one.
 *
 * ```sh
 * npx tsx examples/shared-limits.ts
 * deno run -A examples/shared-limits.ts
 * bun examples/shared-limits.ts
 * ```
 */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPool, type LimitStore, type Pool, type StoredLimit } from "@holdfast/pool";
import { createStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs-lite";

/** The idle limit that the server does not announce. */
const HIDDEN_LIMIT_MS = 1200;

const folder = await mkdtemp(join(tmpdir(), "holdfast-limits-"));
// This example uses a folder. `unstorage` has drivers for Redis, Cloudflare KV, S3 and many more.
const storage = createStorage<StoredLimit>({ driver: fsDriver({ base: folder }) });

/** Origins contain characters that are not allowed in a key. */
const keyOf = (origin: string): string => encodeURIComponent(origin);
const store: LimitStore = {
  get: (origin) => storage.getItem<StoredLimit>(keyOf(origin)),
  set: (origin, limit) => storage.setItem<StoredLimit>(keyOf(origin), limit),
};

const server = await startServer();
const url = urlOf(server);

try {
  const first = createPool({ learn: { store } });
  await visit(first);
  console.log(`First process: ${known(first)}`);
  await untilKnown(first); // until the server has closed the idle connection
  console.log(`First process, after a pause: ${known(first)}`);
  await first.close();

  const second = createPool({ learn: { store } });
  await visit(second);
  await untilKnown(second); // the store may answer after the first request
  console.log(`Second process: ${known(second)}`);
  await second.close();
} finally {
  server.close();
  await storage.dispose();
  await rm(folder, { recursive: true });
}

async function visit(pool: Pool): Promise<void> {
  await (await pool.fetch(url)).text();
}

async function untilKnown(pool: Pool): Promise<void> {
  const isKnown = () => pool.explain(url).rules.some(({ source }) => source === "learned");
  for (let tries = 0; tries < 1000 && !isKnown(); tries++) await sleep(50);
}

function known(pool: Pool): string {
  const rule = pool.explain(url).rules.find(({ source }) => source === "learned");
  return rule === undefined ? "the server's idle limit is not known" : `idle limit ${rule.value}, learned`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A server that closes idle connections without announcing it. */
function startServer(): Promise<Server> {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
  const hidden = createServer((socket: Socket) => {
    socket.on("data", () => socket.write(answer));
    socket.on("error", () => {}); // a client that left
    socket.setTimeout(HIDDEN_LIMIT_MS, () => socket.end());
  });
  return new Promise((resolve) => hidden.listen(0, "127.0.0.1", () => resolve(hidden)));
}

function urlOf(listening: Server): string {
  const address = listening.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return `http://127.0.0.1:${address.port}/`;
}
