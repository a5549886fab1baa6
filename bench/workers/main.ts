/**
 * Workers: what a request to an origin costs from a Worker, in four ways, and how many sockets each takes. workerd serves, and this
 * process is the load and the origin, so ratios count and not numbers.
 *
 *     node --import tsx bench/workers/main.ts [--seconds 3] [--rounds 3]
 */

import { Agent, createServer, request } from "node:http";
import { parseArgs } from "node:util";
import { startWorkerd } from "../../tests/workers/workerd.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "3" }, rounds: { type: "string", default: "3" } },
});
const seconds = Number(values.seconds);
const CLIENTS = 16;

let sockets = 0;
const origin = createServer({ keepAliveTimeout: 60_000 }, (_, response) => response.end("x".repeat(100)));
origin.on("connection", () => {
  sockets += 1;
});
await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
const { port } = origin.address() as { port: number };
const url = `http://127.0.0.1:${port}`;

const source = `
import { createPool } from "#root/mod.ts";
import { poolObject, remotePool, workersTransport } from "#root/src/workers/mod.ts";
import { DurableObject } from "cloudflare:workers";
export class ApiPool extends poolObject({ allowOrigins: ["${url}"] }) {}
export class Plain extends DurableObject { fetch(request) { return fetch("${url}/"); } }
const pool = remotePool("API_POOL");
const ways = {
  "/pool": () => pool.fetch("${url}/"),
  "/fetch": () => fetch("${url}/"),
  "/object": (env) => env.PLAIN.get(env.PLAIN.idFromName("one")).fetch("${url}/"),
  async "/fresh"() {
    const own = createPool({ transport: workersTransport({ scope: "request" }), maxIdlePerOrigin: 0 });
    return new Response(await (await own.request("${url}/")).bytes());
  },
};
export default { fetch: (request, env) => ways[new URL(request.url).pathname](env) };
`;

const WAYS = {
  "/fetch": "the platform's fetch",
  "/object": "an object with the platform's fetch",
  "/pool": "an object with a pool: remotePool().fetch",
  "/fresh": "a fresh connection for each request",
} as const;

const workerd = await startWorkerd({
  source,
  objects: { API_POOL: "ApiPool", PLAIN: "Plain" },
  quiet: true,
});

/** Requests per second, by clients that each send one after the other. */
async function measure(path: string, forSeconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const until = performance.now() + forSeconds * 1000;
  let done = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      await new Promise<void>((resolve, reject) => {
        request(workerd.url + path, { agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
          response.resume().on("end", resolve);
        })
          .on("error", reject)
          .end();
      });
      done += 1;
    }
  };
  const since = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return (done * 1000) / (performance.now() - since);
}

const results = new Map<string, { rates: number[]; sockets: number }>();
for (const path of Object.keys(WAYS)) await measure(path, 1);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const path of Object.keys(WAYS)) {
    const before = sockets;
    const rate = await measure(path, seconds);
    const row = results.get(path) ?? { rates: [], sockets: 0 };
    results.set(path, { rates: [...row.rates, rate], sockets: row.sockets + sockets - before });
  }
}

const median = (rates: readonly number[]): number =>
  rates.toSorted((one, other) => one - other)[rates.length >> 1] ?? 0;
for (const [path, what] of Object.entries(WAYS)) {
  const { rates = [], sockets: opened = 0 } = results.get(path) ?? {};
  console.log(
    `${what.padEnd(44)} ${median(rates).toFixed(0).padStart(6)}/s  ${opened} sockets at the origin`,
  );
}
const of = (path: string): number => median(results.get(path)?.rates ?? []);
console.log(`pool / object with fetch: ${(of("/pool") / of("/object")).toFixed(2)} (at least 1.0)`);
console.log(`pool / fresh connection:  ${(of("/pool") / of("/fresh")).toFixed(2)} (at least 2.0)`);
origin.closeAllConnections();
origin.close();
await workerd[Symbol.asyncDispose]();
process.exit(0);
