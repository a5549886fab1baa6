/** Costs: what is measured besides throughput, each in a process of its own. */

import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { root } from "../../scripts/entries.ts";
import { type Bundle, bundles } from "./bundle.ts";
import type { CoreCost } from "./core-cost.ts";
import type { LibraryCost } from "./library-cost.ts";
import { pinned, type Runtime } from "./runtimes.ts";
import type { Origin } from "./start-origin.ts";
import { median } from "./summary.ts";

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The figures besides throughput. */
export interface Costs {
  readonly bundles: readonly Bundle[];
  readonly core: readonly { readonly runtime: string; readonly rows: readonly CoreCost[] }[];
  readonly library: readonly (LibraryCost & { readonly runtime: string })[];
  readonly idle: readonly IdleCost[];
  readonly startup: readonly { readonly runtime: string; readonly kind: string; readonly ms: number }[];
}

/** Memory of idle connections. */
export interface IdleCost {
  readonly runtime: string;
  readonly kind: string;
  /** How many connections were open. A client may have its own limit. */
  readonly open: number;
  readonly bytesEach: number;
}

const STARTUP: Readonly<Record<string, readonly string[]>> = {
  Deno: ["holdfast", "built-in fetch", "ky"],
  Bun: ["holdfast", "built-in fetch", "undici", "node:http", "axios", "ky"],
  "Node 24": ["holdfast", "built-in fetch", "undici", "node:http", "axios", "ky"],
};

/** The origins that costs are measured with. */
export interface CostOrigins {
  readonly plain: Origin;
  readonly tls: Origin;
  readonly http2: Origin | undefined;
}

/** Measures all of them. */
export async function measureCosts(
  list: readonly Runtime[],
  { plain: origin, tls, http2 }: CostOrigins,
  quick: boolean,
): Promise<Costs> {
  const made = await bundles();
  const main = list.filter(({ name }) => name in STARTUP);
  const core: Costs["core"][number][] = [];
  const library: Costs["library"][number][] = [];
  const idle: IdleCost[] = [];
  const startup: Costs["startup"][number][] = [];
  for (const runtime of main) {
    core.push({ runtime: runtime.name, rows: await costOf<CoreCost[]>(runtime, "core-cost.ts") });
    library.push({ runtime: runtime.name, ...(await costOf<LibraryCost>(runtime, "library-cost.ts")) });
    idle.push(...(await idleCosts(runtime, { plain: origin, tls }, quick)));
    idle.push(...(await http2Memory(runtime, http2, quick ? 100 : 1000)));
    for (const kind of STARTUP[runtime.name] ?? []) {
      const times: number[] = [];
      for (let time = 0; time < (quick ? 1 : 7); time++)
        times.push(await startTime(runtime, kind, origin, made));
      startup.push({ runtime: runtime.name, kind, ms: median(times) });
    }
  }
  return { bundles: made, core, library, idle, startup };
}

async function costOf<Cost>(runtime: Runtime, name: string): Promise<Cost> {
  const { stdout } = await run(...program([...runtime.command, here(name)]));
  return JSON.parse(stdout) as Cost;
}

function program(command: readonly string[]): [string, string[], { timeout: number }] {
  const [first, ...rest] = pinned(0, command);
  return [first, rest, { timeout: 120_000 }];
}

async function startTime(
  runtime: Runtime,
  kind: string,
  origin: Origin,
  made: readonly Bundle[],
): Promise<number> {
  const file = made[0]?.file ?? "";
  const { stdout } = await run(
    ...program([...runtime.command, here("startup-client.ts"), kind, `${origin.url}/small`, file]),
  );
  return Number(stdout.trim().split("\n").at(-1));
}

/** A command with access to the garbage collector, so that the requests' garbage is not counted. */
function collecting({ name, command }: Runtime): readonly string[] {
  if (name === "Deno") return [...command.slice(0, 2), "--v8-flags=--expose-gc", ...command.slice(2)];
  return name === "Bun" ? command : [...command, "--expose-gc"];
}

const CA = join(root, "tests", "certs", "ca.pem");

/** Memory per idle HTTP/2 connection and per stream. */
async function http2Memory(runtime: Runtime, origin: Origin | undefined, count: number): Promise<IdleCost[]> {
  if (origin === undefined) return [];
  const rows: IdleCost[] = [];
  for (const client of ["holdfast", "node:http2"]) {
    for (const [what, path] of [
      ["connection", "/small"],
      ["stream", "/trickle"],
    ] as const) {
      const args = [`${client} ${what}`, `${origin.url}${path}`, String(count), CA];
      const [first, ...rest] = pinned(0, [...collecting(runtime), here("http2-memory-client.ts"), ...args]);
      const bytes = await printedBytes(first, rest);
      rows.push({
        runtime: runtime.name,
        kind: `${client}, HTTP/2 ${what}`,
        open: count,
        bytesEach: bytes / count,
      });
    }
  }
  return rows;
}

/** Runs a client that prints its memory, and ends it. */
async function printedBytes(command: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: CA, NODE_NO_WARNINGS: "1" };
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"], env });
  try {
    for await (const line of createInterface({ input: child.stdout }))
      return (JSON.parse(line) as { bytes: number }).bytes;
    return NaN;
  } finally {
    child.stdin.end();
    await new Promise((resolve) => child.once("close", resolve));
  }
}

/** Idle connections of each client, without TLS and with it. */
async function idleCosts(
  runtime: Runtime,
  { plain, tls }: Pick<CostOrigins, "plain" | "tls">,
  quick: boolean,
): Promise<IdleCost[]> {
  const rows: IdleCost[] = [];
  for (const kind of ["holdfast", "built-in fetch", "node:http"]) {
    rows.push(await idleCost(runtime, kind, plain, quick ? 200 : 5000));
    rows.push(await idleCost(runtime, kind, tls, quick ? 100 : 1000));
  }
  return rows;
}

async function idleCost(runtime: Runtime, kind: string, origin: Origin, count: number): Promise<IdleCost> {
  const isTls = origin.url.startsWith("https:");
  const named = isTls ? `${kind}, TLS` : kind;
  const before = (await origin.usage()).open;
  const command = [
    ...collecting(runtime),
    here("idle-client.ts"),
    kind,
    `${origin.url}/small`,
    String(count),
    ...(isTls ? [CA] : []),
  ];
  const [first, ...rest] = pinned(0, command);
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: CA, DENO_CERT: CA, NODE_NO_WARNINGS: "1" };
  const child = spawn(first, rest, { stdio: ["pipe", "pipe", "ignore"], ...(isTls ? { env } : {}) });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { bytes } = JSON.parse(line) as { bytes: number };
      const open = (await origin.usage()).open - before;
      return { runtime: runtime.name, kind: named, open, bytesEach: bytes / Math.max(1, open) };
    }
    return { runtime: runtime.name, kind: named, open: 0, bytesEach: NaN };
  } finally {
    child.stdin.end();
    await new Promise((resolve) => child.once("close", resolve));
  }
}
