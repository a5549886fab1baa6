/**
 * Several processes share a learned limit. One process learns the idle limit that a server does not announce. Every
 * other process with the same store stays below it from its first connection on, and so does a restarted one.
 *
 * ```sh
 * npx tsx examples/shared-limits.ts
 * deno run -A examples/shared-limits.ts
 * bun examples/shared-limits.ts
 * ```
 *
 * With `REDIS_URL` the store is a Redis, and with a URL it is one process of a fleet: it visits the URL, waits until its
 * idle connection has ended, and prints who ended it. The first process learns that from the server; the others end it
 * themselves, sooner:
 *
 * ```sh
 * REDIS_URL=redis://127.0.0.1:6379 npx tsx examples/shared-limits.ts http://127.0.0.1:8080/
 * ```
 */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createPool, type LimitStore, type Pool, type StoredLimit } from "@holdfast/pool";
import { createStorage, type Driver } from "unstorage";
import fsDriver from "unstorage/drivers/fs-lite";

/** The idle limit that the server does not announce. */
const HIDDEN_LIMIT_MS = 1200;

const { REDIS_URL } = process.env;
const folder = REDIS_URL === undefined ? await mkdtemp(join(tmpdir(), "holdfast-limits-")) : undefined;
// A folder or a Redis. `unstorage` has drivers for Cloudflare KV, S3 and many more.
const storage = createStorage<StoredLimit>({
  driver: folder === undefined ? await redis(REDIS_URL ?? "") : fsDriver({ base: folder }),
});

/** Origins contain characters that are not allowed in a key. */
const keyOf = (origin: string): string => encodeURIComponent(origin);
const store: LimitStore = {
  get: (origin) => storage.getItem<StoredLimit>(keyOf(origin)),
  set: (origin, limit) => storage.setItem<StoredLimit>(keyOf(origin), limit),
};

const given = process.argv.slice(2).find((argument) => /^https?:/.test(argument));
const server = given === undefined ? await startServer() : undefined;
const url = given ?? urlOf(server);

try {
  if (given === undefined) await twoPools();
  else await oneOfMany();
} finally {
  server?.close();
  await storage.dispose();
  if (folder !== undefined) await rm(folder, { recursive: true });
}

async function twoPools(): Promise<void> {
  const first = createPool({ learn: { store } });
  await visit(first);
  console.log(`First process: ${known(first)}`);
  await untilKnown(first); // until the server has closed the idle connection
  console.log(`First process, after a pause: ${known(first)}`);
  await first.close();

  let closes = 0;
  const second = createPool({
    learn: { store },
    onEvent: (event) => {
      if (event.type === "connection.retired" && event.reason === "peer-closed") closes += 1;
    },
  });
  await visit(second);
  await untilKnown(second); // the store may answer after the first request
  console.log(`Second process, after ${closes} closes: ${known(second)}`);
  await second.close();
}

/** One process of a fleet. */
async function oneOfMany(): Promise<void> {
  const reasons: string[] = [];
  const pool = createPool({
    learn: { store },
    onEvent: (event) => event.type === "connection.retired" && reasons.push(event.reason),
  });
  await visit(pool);
  while (reasons.length === 0) await sleep(20);
  await visit(pool);
  // A Redis handles commands in order: the answer to this one says that what was learned is stored.
  await storage.hasItem(keyOf(new URL(url).origin));
  console.log(`Ended by ${reasons[0]}; ${known(pool)}`);
  await pool.close();
}

/** The driver is loaded only if it is used: it needs `ioredis`. */
async function redis(address: string): Promise<Driver> {
  const { default: redisDriver } = await import("unstorage/drivers/redis");
  return redisDriver({ url: address, base: "holdfast" });
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

function urlOf(listening: Server | undefined): string {
  const address = listening?.address() ?? null;
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return `http://127.0.0.1:${address.port}/`;
}
