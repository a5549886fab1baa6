/**
 * Bytes that came before a request was written are never its answer, whatever the caller did with the event loop. The
 * origin is a process of its own (`liveness-check-origin.ts`). It sends while the client is busy and reports that by files,
 * which the client can wait for without letting its event loop run. Each test has a key of its own, which names its files.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool, type Pool, type PoolOptions } from "../../mod.ts";
import { originProcess } from "./origin-process.ts";

const ca = readFileSync(new URL("../certs/ca.pem", import.meta.url), "utf8");

/** A test that waits for longer waits in vain. */
const PATIENCE_MS = 10_000;

const origin = originProcess("liveness-check-origin");
const { folder } = origin;
let keys = 0;

/** Allows the origin to send its unsolicited response. Blocks the event loop until it has done so, and for `ms` more. */
function busy(key: string, ms: number): void {
  const patience = performance.now() + PATIENCE_MS;
  writeFileSync(`${folder}/go-${key}`, "");
  while (!existsSync(`${folder}/sent-${key}`)) {
    assert(performance.now() < patience, "the origin sent nothing");
  }
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** The event loop goes on until the origin has the first request. That is not written before its turn ends, or later. */
async function asked(key: string): Promise<void> {
  const patience = performance.now() + PATIENCE_MS;
  while (!existsSync(`${folder}/asked-${key}`)) {
    assert(performance.now() < patience, "the origin was not asked");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Runs a conversation with a pool of its own. The unsolicited response comes on its first connection, and must end it. */
async function converse(
  secure: boolean,
  options: PoolOptions,
  talk: (pool: Pool, url: string, key: string) => Promise<string>,
) {
  await using pool = createPool({ tls: { ca }, ...options });
  const url = secure ? `https://localhost:${origin.ports[1]}` : `http://127.0.0.1:${origin.ports[0]}`;
  const second = await talk(pool, url, `${++keys}`);
  return { second, retired: pool.stats().retired };
}

const text = async (answer: Promise<{ text(): Promise<string> }>) => (await answer).text();

for (const secure of [false, true]) {
  const over = secure ? "TLS" : "TCP";
  describe(`over ${over}, what came while the caller worked is not the answer to`, () => {
    for (const api of ["request", "fetch"] as const) {
      for (const method of ["GET", "POST", "PUT"]) {
        for (const ms of [1, 2, 4, 9, 30]) {
          it(`${api}() of ${method}, ${ms} ms later`, async () => {
            const { second, retired } = await converse(secure, {}, async (pool, url, key) => {
              await text(pool.request(`${url}/behind?${key}`));
              busy(key, ms + 0.2);
              const body = method.startsWith("P") ? { body: "x" } : {};
              const answer = await pool[api](url, { method, ...body });
              return answer.text();
            });
            assertEquals([second, retired], ["answer 1", { "unsolicited-data": 1 }]);
          });
        }
      }
    }
  });

  describe(`over ${over}, what came together with a response is not the answer`, () => {
    for (const kind of ["together", "4096", "16384", "32768", "65536", "131072", "524288"]) {
      it(`to a request that follows it, though microtasks run in between (/${kind})`, async () => {
        const { second } = await converse(secure, {}, async (pool, url, key) => {
          const first = text(pool.request(`${url}/${kind}?${key}`));
          await asked(key);
          busy(key, 2);
          await first;
          return text(pool.request(url));
        });
        assertEquals(second, "answer 1");
      });

      it(`to a request that waits for its connection (/${kind})`, async () => {
        const { second } = await converse(secure, { maxConnectionsPerOrigin: 1 }, async (pool, url, key) => {
          const first = text(pool.request(`${url}/${kind}?${key}`));
          const next = text(pool.request(url));
          await asked(key);
          busy(key, 2);
          await first;
          return next;
        });
        assertEquals(second, "answer 1");
      });
    }
  });
}
