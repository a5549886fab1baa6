/** Costs: what is measured besides throughput, each in a process of its own. */

import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { root } from "../../scripts/entries.ts";
import { installedPackage, poolBundles } from "./bundle.ts";
import type { CoreCost } from "./core-cost.ts";
import type { LibraryCost } from "./library-cost.ts";
import type { Part } from "./results.ts";
import { pinned, type Runtime } from "./runtimes.ts";
import type { Origin } from "./start-origin.ts";
import { median } from "./summary.ts";

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Memory of idle connections. */
export interface IdleCost {
  readonly kind: string;
  /** How many connections were open. A client may have its own limit. */
  readonly open: number;
  readonly bytesEach: number;
}

/** From import to the end of the first answer. */
export interface StartupCost {
  readonly kind: string;
  readonly ms: number;
}

/** In a program that a bundler has made. "holdfast" alone is the package as npm installs it. */
const BUNDLED = "holdfast, bundled";

const STARTUP: Readonly<Record<string, readonly string[]>> = {
  Deno: ["holdfast", BUNDLED, "built-in fetch", "ky"],
  Bun: ["holdfast", BUNDLED, "built-in fetch", "undici", "node:http", "axios", "ky"],
  "Node 24": ["holdfast", BUNDLED, "built-in fetch", "undici", "node:http", "axios", "ky"],
};

/** How often each client is started, in turn with the others. */
const STARTS = 9;

/** The origins that costs are measured with. */
export interface CostOrigins {
  readonly plain: Origin;
  readonly tls: Origin;
  readonly http2: Origin | undefined;
}

/** Whether costs are measured on a runtime. */
export function hasCosts({ name }: Runtime): boolean {
  return name in STARTUP;
}

/** Measures one of these sections on a runtime. */
export async function measureCosts(
  section: string,
  runtime: Runtime,
  origins: () => Promise<CostOrigins>,
  quick: boolean,
): Promise<Pick<Part, "core" | "library" | "idle" | "startup">> {
  if (section === "core") {
    const core = await costOf<CoreCost[]>(runtime, "core-cost.ts");
    return { core, library: await costOf<LibraryCost>(runtime, "library-cost.ts") };
  }
  const { plain, tls, http2 } = await origins();
  if (section === "idle") {
    const idle = await idleCosts(runtime, { plain, tls }, quick);
    return { idle: [...idle, ...(await http2Memory(runtime, http2, quick ? 100 : 1000))] };
  }
  return { startup: await startupCosts(runtime, plain, quick) };
}

async function startupCosts(runtime: Runtime, origin: Origin, quick: boolean): Promise<StartupCost[]> {
  const installed = await installedPackage();
  const [bundled] = await poolBundles(installed);
  const files: Readonly<Record<string, string>> = {
    holdfast: join(installed, "mod.js"),
    [BUNDLED]: bundled?.file ?? "",
  };
  const kinds = STARTUP[runtime.name] ?? [];
  const times = kinds.map((): number[] => []);
  for (let time = 0; time < (quick ? 1 : STARTS); time++)
    for (const [at, kind] of kinds.entries())
      times[at]?.push(await startTime(runtime, kind, origin, files[kind] ?? ""));
  return kinds.map((kind, at) => ({ kind, ms: median(times[at] ?? []) }));
}

async function costOf<Cost>(runtime: Runtime, name: string): Promise<Cost> {
  const { stdout } = await run(...program([...runtime.command, here(name)]));
  return JSON.parse(stdout) as Cost;
}

function program(command: readonly string[]): [string, string[], { timeout: number }] {
  const [first, ...rest] = pinned(0, command);
  return [first, rest, { timeout: 120_000 }];
}

async function startTime(runtime: Runtime, kind: string, origin: Origin, file: string): Promise<number> {
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
    for (const what of ["connection", "stream"]) {
      const args = [`${client} ${what}`, `${origin.url}/trickle`, String(count), CA];
      const { bytes, connections } = await memoryOf(runtime, ["http2-memory-client.ts", ...args], origin);
      const open = what === "connection" ? connections : count;
      rows.push({ kind: `${client}, HTTP/2 ${what}`, open, bytesEach: open < count ? NaN : bytes / open });
    }
  }
  return rows;
}

/** Runs a client that prints its memory, and ends it. Answers the bytes, and how many connections it had then. */
async function memoryOf(
  runtime: Runtime,
  [client = "", ...args]: readonly string[],
  origin: Origin,
): Promise<{ bytes: number; connections: number }> {
  const before = (await origin.usage()).open;
  const [first, ...rest] = pinned(0, [...collecting(runtime), here(client), ...args]);
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: CA, DENO_CERT: CA, NODE_NO_WARNINGS: "1" };
  const isTls = origin.url.startsWith("https:");
  const child = spawn(first, rest, { stdio: ["pipe", "pipe", "ignore"], ...(isTls ? { env } : {}) });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { bytes } = JSON.parse(line) as { bytes: number };
      return { bytes, connections: (await origin.usage()).open - before };
    }
    return { bytes: NaN, connections: 0 };
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
  const args = [kind, origin.url, String(count), ...(isTls ? [CA] : [])];
  const { bytes, connections: open } = await memoryOf(runtime, ["idle-client.ts", ...args], origin);
  // A client with a limit of its own would share among few what all its requests left.
  return { kind: isTls ? `${kind}, TLS` : kind, open, bytesEach: open < count ? NaN : bytes / open };
}
