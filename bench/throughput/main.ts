/**
 * Throughput: requests per second of Holdfast beside its peers, on every runtime that is installed, in one run.
 * Rounds are interleaved, each client has a process of its own, and what is printed is the median of the rounds with
 * the spread, and the ratio to the built-in fetch of the same runtime.
 *
 * `npm run bench -- --rounds 5 --seconds 2 --connections 50`
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs, promisify } from "node:util";
import Table from "cli-table3";
import { node24, nodeWithTsx, tool } from "../../scripts/test/tools.ts";

const here = (name: string) => new URL(name, import.meta.url).pathname;
const run = promisify(execFile);

interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
  readonly clients: readonly string[];
}

interface Measured {
  readonly kind: string;
  readonly perSecond: number;
  readonly cpuMicros: number;
}

const OURS = ["holdfast request", "holdfast fetch"];

function runtimes(): Runtime[] {
  const node = node24();
  return [
    { name: "Node 20", command: nodeWithTsx, clients: [...OURS, "built-in fetch"] },
    ...(node === undefined
      ? []
      : [{ name: "Node 24", command: [node], clients: [...OURS, "built-in fetch", "undici request"] }]),
    {
      name: "Deno",
      command: [tool("deno"), "run", "-A", "--no-check"],
      clients: [...OURS, "built-in fetch"],
    },
    { name: "Bun", command: [tool("bun")], clients: [...OURS, "built-in fetch"] },
  ];
}

/** Client and origin each on a core of its own, where the system can pin them. */
function pinned(core: number, command: readonly string[]): [string, ...string[]] {
  const taskset = ["/usr/bin/taskset", "/bin/taskset"].find(existsSync);
  const whole =
    taskset === undefined || cpus().length < 2 ? command : [taskset, "-c", String(core), ...command];
  const [program = process.execPath, ...rest] = whole;
  return [program, ...rest];
}

async function startOrigin(): Promise<{ url: string; child: ChildProcess }> {
  const [program, ...args] = pinned(1, [node24() ?? process.execPath, ...originArguments()]);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    return { url: `http://127.0.0.1:${line}/`, child };
  }
  throw new Error("The origin did not start");
}

function originArguments(): string[] {
  return node24() === undefined ? ["--import", "tsx", here("origin.ts")] : [here("origin.ts")];
}

async function measure(runtime: Runtime, kind: string, url: string): Promise<Measured> {
  const { connections, seconds } = values;
  const [program, ...args] = pinned(0, [
    ...runtime.command,
    here("client.ts"),
    kind,
    url,
    connections,
    seconds,
  ]);
  const { stdout } = await run(program, args, { timeout: 60_000 });
  return JSON.parse(stdout) as Measured;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    connections: { type: "string", default: "50" },
  },
});

const { url, child } = await startOrigin();
const results = new Map<string, Measured[]>();
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const runtime of runtimes()) {
    for (const kind of runtime.clients) {
      const key = `${runtime.name}|${kind}`;
      results.set(key, [...(results.get(key) ?? []), await measure(runtime, kind, url)]);
    }
  }
  console.error(`round ${round} of ${values.rounds} done`);
}
child.stdin?.end();

const head = ["runtime", "client", "requests/s", "spread", "× built-in fetch", "CPU µs", "CPU ÷ built-in"];
const table = new Table({ head, style: { head: [], border: [] } });
for (const [key, measured] of results) {
  const [runtime = "", kind = ""] = key.split("|");
  const base = results.get(`${runtime}|built-in fetch`) ?? [];
  const rates = measured.map(({ perSecond }) => perSecond);
  const rate = median(rates);
  const cpu = median(measured.map(({ cpuMicros }) => cpuMicros));
  table.push([
    runtime,
    kind,
    Math.round(rate).toString(),
    `${Math.round(Math.min(...rates))}–${Math.round(Math.max(...rates))}`,
    (rate / median(base.map(({ perSecond }) => perSecond))).toFixed(2),
    cpu.toFixed(1),
    (cpu / median(base.map(({ cpuMicros }) => cpuMicros))).toFixed(2),
  ]);
}
console.log(table.toString());
