/**
 * Bytes that came before a request was written are never its answer, whatever the caller did with the event loop. The
 * origin is a process of its own (`liveness-check-origin.ts`). It sends while the client is busy and reports that by files,
 * which the client can wait for without letting its event loop run.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { createPool, type Pool, type PoolOptions } from "../../mod.ts";

const folder = mkdtempSync(`${tmpdir()}/holdfast-liveness-check-`);
const ca = readFileSync(new URL("../certs/ca.pem", import.meta.url), "utf8");
const runtime = ["Deno", "Bun"].find((name) => name in globalThis) ?? "Node";
const launcher = { Deno: ["run", "-A", "--no-check"], Bun: [], Node: ["--import", "tsx"] }[runtime] ?? [];

/** A test that waits for longer waits in vain. */
const PATIENCE_MS = 10_000;

let origin: ChildProcess;
let ports: string[] = [];
/** Connections that the origin has accepted: each test opens two. */
let connections = 0;

/** Blocks the event loop until the origin has sent its unsolicited response, and for `ms` more. */
function busy(ms: number): void {
  const patience = performance.now() + PATIENCE_MS;
  while (!existsSync(`${folder}/${connections + 1}`)) {
    assert(performance.now() < patience, "the origin sent nothing");
  }
  for (const until = performance.now() + ms; performance.now() < until; );
}

before(async () => {
  const script = fileURLToPath(new URL("./liveness-check-origin.ts", import.meta.url));
  origin = spawn(process.execPath, [...launcher, script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve) =>
    origin.stdout?.once("data", (data) => resolve(`${data}`)),
  );
  ports = line.trim().split(" ");
});

after(() => {
  origin.kill();
  rmSync(folder, { recursive: true });
});

/** Runs a conversation with a pool of its own. The unsolicited response comes on its first connection, and must end it. */
async function converse(
  secure: boolean,
  options: PoolOptions,
  talk: (pool: Pool, url: string) => Promise<string>,
) {
  const pool = createPool({ tls: { ca }, ...options });
  const url = secure ? `https://localhost:${ports[1]}` : `http://127.0.0.1:${ports[0]}`;
  const second = await talk(pool, url);
  const { retired } = pool.stats();
  await pool.close();
  connections += 2;
  return { second, retired };
}

/** A request is written right after this event. The connection may be checked first, because the request waited for it. */
function acquired(pool: Pool): Promise<void> {
  return new Promise((resolve) => {
    pool.subscribe(({ type }) => {
      if (type === "connection.acquired") resolve();
    });
  });
}

const text = async (answer: Promise<{ text(): Promise<string> }>) => (await answer).text();

for (const secure of [false, true]) {
  const over = secure ? "TLS" : "TCP";
  describe(`over ${over}, what came while the caller worked is not the answer to`, () => {
    for (const api of ["request", "fetch"] as const) {
      for (const method of ["GET", "POST", "PUT"]) {
        for (const ms of [1, 2, 4, 9, 30]) {
          it(`${api}() of ${method}, ${ms} ms later`, async () => {
            const { second, retired } = await converse(secure, {}, async (pool, url) => {
              const first = `${url}/behind?${connections + 1}`;
              await text(pool.request(first));
              writeFileSync(`${folder}/go${connections + 1}`, "");
              busy(ms + 0.2);
              const body = method.startsWith("P") ? { body: "x" } : {};
              const answer = await pool[api](url, { method, ...body });
              return answer.text();
            });
            const said = `answer 1 on connection ${connections}`;
            assertEquals([second, retired], [said, { "unsolicited-data": 1 }]);
          });
        }
      }
    }
  });

  describe(`over ${over}, what came together with a response is not the answer`, () => {
    for (const path of ["/together", "/4096", "/16384", "/32768", "/65536", "/131072", "/524288"]) {
      it(`to a request that follows it, though microtasks run in between (${path})`, async () => {
        const { second } = await converse(secure, {}, async (pool, url) => {
          await pool.preconnect(url);
          const written = acquired(pool);
          const first = text(pool.request(url + path));
          await written;
          busy(2);
          await first;
          return text(pool.request(url));
        });
        assertEquals(second, `answer 1 on connection ${connections}`);
      });

      it(`to a request that waits for its connection (${path})`, async () => {
        const { second } = await converse(secure, { maxConnectionsPerOrigin: 1 }, async (pool, url) => {
          await pool.preconnect(url);
          const written = acquired(pool);
          const first = text(pool.request(url + path));
          const next = text(pool.request(url));
          await written;
          busy(2);
          await first;
          return next;
        });
        assertEquals(second, `answer 1 on connection ${connections}`);
      });
    }
  });
}
