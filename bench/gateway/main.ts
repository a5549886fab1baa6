/**
 * Gateways: throughput of `forward()` beside `proxy()` of Hono with the built-in fetch, http-proxy and
 * @fastify/reply-from, on Node. Each gateway has a process and a CPU core of its own; client and origin share the other.
 * Rounds are interleaved, and medians count.
 *
 * npm run bench:gateway [-- --rounds 5 --seconds 2]
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createPool } from "../../mod.ts";
import { nodeWithTsx } from "../../scripts/test/tools.ts";
import { pinned } from "../speed/runtimes.ts";
import { startOrigin } from "../speed/start-origin.ts";
import { median } from "../speed/summary.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "2" } },
});
const rounds = Number(values.rounds);
const runMs = Number(values.seconds) * 1000;

/** Ours first. */
const KINDS = ["holdfast forward()", "hono proxy()", "http-proxy", "@fastify/reply-from"] as const;
const CONNECTIONS = 50;
const WARM_MS = 1000;

interface Gateway {
  readonly kind: string;
  readonly url: string;
  readonly child: ChildProcess;
  readonly rates: number[];
}

async function startGateway(kind: string, origin: string): Promise<Gateway> {
  const script = fileURLToPath(new URL("gateway.ts", import.meta.url));
  const [program, ...args] = pinned(0, [...nodeWithTsx, script, kind, origin]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const port of createInterface({ input: child.stdout }))
    return { kind, url: `http://127.0.0.1:${port}/small`, child, rates: [] };
  throw new Error(`${kind} did not start`);
}

/** Requests per second. A wrong answer fails the run. */
async function rateOf(url: string, ms: number): Promise<number> {
  const pool = createPool({ maxConnectionsPerOrigin: CONNECTIONS });
  const since = performance.now();
  let count = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() - since < ms) {
      const response = await pool.request(url);
      const { length } = await response.text();
      if (response.status !== 200 || length !== 100)
        throw new Error(`${url}: ${response.status}, ${length} bytes`);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  const rate = (count * 1000) / (performance.now() - since);
  await pool.close({ timeout: 0 });
  return rate;
}

const origin = await startOrigin(false);
const gateways: Gateway[] = [];
for (const kind of KINDS) gateways.push(await startGateway(kind, origin.url));
for (const { url } of gateways) await rateOf(url, WARM_MS);
for (let round = 0; round < rounds; round++)
  for (const { url, rates } of gateways) rates.push(await rateOf(url, runMs));

const own = median(gateways[0]?.rates ?? []);
console.log(`100-byte answers, ${CONNECTIONS} connections, Node ${process.versions.node}\n`);
console.log("| gateway | requests/s | forward() beside it |\n| --- | ---: | ---: |");
for (const { kind, rates } of gateways)
  console.log(`| ${kind} | ${Math.round(median(rates))} | ${(own / median(rates)).toFixed(2)} × |`);
for (const { child } of gateways) child.kill();
origin.stop();
const best = Math.max(...gateways.slice(1).map(({ rates }) => median(rates)));
process.exit(own >= best ? 0 : 1);
