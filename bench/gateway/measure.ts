/**
 * Measures gateways: requests per second, and CPU time of the gateway's process per request. Each gateway has a process and a
 * CPU core of its own; client and origin share the other. Rounds are interleaved, and medians count.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createPool } from "../../mod.ts";
import { root } from "../../scripts/entries.ts";
import { pinned } from "../speed/runtimes.ts";
import { startOrigin } from "../speed/start-origin.ts";
import { median } from "../speed/summary.ts";

/** What was measured of one gateway. */
export interface GatewayFigures {
  readonly kind: string;
  /** Requests per second. */
  readonly rate: number;
  /** CPU time of its process per request, in µs. */
  readonly cpuMicros: number;
}

/** How long to measure. */
export interface GatewayLengths {
  readonly rounds: number;
  readonly runMs: number;
  readonly warmMs: number;
}

/** Ours first. */
const KINDS = ["holdfast forward()", "hono proxy()", "http-proxy", "@fastify/reply-from"] as const;

/** Connections to each gateway. */
export const CONNECTIONS = 50;

/** Measures all gateways on this Node. The first of the figures are ours. */
export async function measureGateways(node: string, lengths: GatewayLengths): Promise<GatewayFigures[]> {
  const { rounds, runMs, warmMs } = lengths;
  const script = await bundled();
  const origin = await startOrigin(false);
  const gateways: Gateway[] = [];
  try {
    for (const kind of KINDS) gateways.push(await startGateway(node, script, kind, origin.url));
    for (const { url } of gateways) await send(url, warmMs);
    for (let round = 0; round < rounds; round++)
      for (const gateway of gateways) await takeRound(gateway, runMs);
  } finally {
    for (const { child } of gateways) child.kill();
    origin.stop();
  }
  return gateways.map(({ kind, rates, costs }) => ({ kind, rate: median(rates), cpuMicros: median(costs) }));
}

/** Whether `forward()` takes no more CPU time than the best of the others. That is robust against other load on the machine. */
export function isBest([own, ...others]: readonly GatewayFigures[]): boolean {
  return own !== undefined && others.every(({ cpuMicros }) => own.cpuMicros <= cpuMicros);
}

interface Gateway {
  readonly kind: string;
  readonly url: string;
  readonly child: ChildProcess;
  readonly rates: number[];
  readonly costs: number[];
}

/** The gateways without TypeScript: a loader that keeps the names of functions costs `forward()` a tenth. */
async function bundled(): Promise<string> {
  const outdir = join(root, ".cache", "bench", "gateway");
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: [fileURLToPath(new URL("gateway.ts", import.meta.url))],
    outdir,
    outExtension: { ".js": ".mjs" },
    packages: "external",
    splitting: true,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2023",
    logLevel: "error",
  });
  return join(outdir, "gateway.mjs");
}

async function startGateway(node: string, script: string, kind: string, origin: string): Promise<Gateway> {
  const [program, ...args] = pinned(0, [node, "--no-deprecation", script, kind, origin]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  if (child.stdout === null) throw new Error(`${kind} has no output`);
  for await (const port of createInterface({ input: child.stdout }))
    return { kind, url: `http://127.0.0.1:${port}/small`, child, rates: [], costs: [] };
  throw new Error(`${kind} did not start`);
}

async function takeRound({ url, child, rates, costs }: Gateway, runMs: number): Promise<void> {
  const before = await cpuMicros(child);
  const since = performance.now();
  const count = await send(url, runMs);
  rates.push((count * 1000) / (performance.now() - since));
  costs.push(((await cpuMicros(child)) - before) / count);
}

/** The CPU time that the process has taken so far. */
function cpuMicros(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("message", (used: NodeJS.CpuUsage) => resolve(used.user + used.system));
    child.send("cpu");
  });
}

/** Sends requests for so long. Returns how many. A wrong answer fails the run. */
async function send(url: string, ms: number): Promise<number> {
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
  await pool.close({ timeout: 0 });
  return count;
}
