/**
 * A Next application whose global `fetch` is a pool's: `instrumentation.js` is the snippet of docs/register.md. The
 * application is built and started by both of Next's bundlers, and an origin counts what reaches it. Then its instrumentation is
 * that of docs/dispatcher.md.
 *
 * ```sh
 * npm run outside:next             # the version of package.json
 * npm run outside:next -- --newest
 * ```
 *
 * What Next does on top of any `fetch` is the same with a pool's: it asks once where a rendering asks twice for the same,
 * and keeps what `next: { revalidate }` lets it keep.
 */

import { deepStrictEqual } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { root } from "../../../scripts/entries.ts";
import { type Checks, report } from "../../../scripts/test/report.ts";
import { run } from "../../../scripts/test/run.ts";
import { npm } from "../../../scripts/test/tools.ts";

const BUNDLERS = ["turbopack", "webpack"] as const;
/** How long Next may take to start. */
const START_MS = 20_000;

const project = await mkdtemp(join(tmpdir(), "holdfast-next-"));
const next = [process.execPath, join(project, "node_modules/next/dist/bin/next")] as const;

/** What an origin saw. */
interface Seen {
  readonly connections: number;
  /** Whether every request was a pool's. */
  readonly pool: boolean;
  readonly requests: Readonly<Record<string, number>>;
}

/** What each page makes Next send, with three calls of each: the second equal request of a rendering is not sent. */
const REQUESTS = {
  "GET /component": 3,
  "POST /handler": 3,
  "GET /handler": 3,
  "POST /passed": 1,
  "GET /cached": 1,
};

const checks: Checks = {
  "Next is installed, and the package from its tarball": install,
  ...Object.assign({}, ...BUNDLERS.map(checksOf)),
  "with a dispatcher in the instrumentation, Node's own fetch goes through the pool": async () => {
    const text = await snippet("dispatcher");
    const once = text.replace('idleTimeout: "30s"', "maxRequests: 1");
    await writeFile(
      join(project, "instrumentation.js"),
      once.replaceAll('["NEXT_RUNTIME"]', ".NEXT_RUNTIME"),
    );
    await build("turbopack");
    const { connections, pool, requests } = await visit({});
    const sent = Object.values(REQUESTS).reduce((sum, count) => sum + count, 0);
    deepStrictEqual({ connections, pool, requests }, { connections: sent, pool: false, requests: REQUESTS });
  },
  "without the instrumentation the built-in fetch sends the same requests": async () => {
    await rm(join(project, "instrumentation.js"));
    await build("turbopack");
    const { pool, requests } = await visit({});
    deepStrictEqual({ pool, requests }, { pool: false, requests: REQUESTS });
  },
};

try {
  await report(checks);
} finally {
  await rm(project, { recursive: true, force: true });
}

function checksOf(bundler: (typeof BUNDLERS)[number]): Checks {
  return {
    [`${bundler} builds the application`]: () => build(bundler),
    [`${bundler}: server components and route handlers use one connection of the pool`]: async () =>
      deepStrictEqual(await visit({}), { connections: 1, pool: true, requests: REQUESTS }),
    [`${bundler}: HOLDFAST_CONFIG is read from outside the bundle`]: async () =>
      deepStrictEqual((await visit({ HOLDFAST_CONFIG: "./holdfast.config.mjs" })).connections, 6),
  };
}

async function install(): Promise<void> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  await cp(here, project, { recursive: true, filter: (file) => !file.endsWith("main.ts") });
  await writeFile(join(project, "instrumentation.js"), await snippet("register"));
  await succeed([...npm, "pack", "--pack-destination", project], root);
  const tarball = (await readdir(project)).find((name) => name.endsWith(".tgz")) ?? "";
  const newest = process.argv.includes("--newest") ? ["next@latest", "react@latest", "react-dom@latest"] : [];
  await succeed([...npm, "install", "--no-audit", "--no-fund", join(project, tarball), ...newest]);
}

/** The snippet of a document for Next. */
async function snippet(name: string): Promise<string> {
  const document = await readFile(join(root, `docs/${name}.md`), "utf8");
  const found = document.split("```ts\n").find((text) => text.includes("NEXT_RUNTIME"));
  if (found === undefined) throw new Error(`docs/${name}.md has no snippet for Next.`);
  return found.split("```")[0] ?? "";
}

async function build(bundler: string): Promise<void> {
  await rm(join(project, ".next"), { recursive: true, force: true });
  await succeed([...next, "build", `--${bundler}`]);
}

async function succeed(command: readonly string[], cwd = project): Promise<void> {
  const { ok, output } = await run(command, { cwd });
  if (!ok) throw new Error(output);
}

/** Starts the application, calls its pages, and tells what an origin saw of it. */
async function visit(variables: Readonly<Record<string, string>>): Promise<Seen> {
  const requests: Record<string, number> = {};
  let [connections, pool] = [0, true];
  const origin = createServer((request, response) => {
    const what = `${request.method} ${request.url}`;
    requests[what] = (requests[what] ?? 0) + 1;
    pool &&= request.headers["user-agent"] === "holdfast";
    if (request.method === "GET") response.end("read");
    else request.pipe(response);
  });
  origin.on("connection", () => {
    connections += 1;
  });
  const server = await started({ ...variables, ORIGIN: await addressOf(origin) });
  try {
    await callPages(server.url);
  } catch (cause) {
    throw new Error(`${cause}\n${server.said()}`, { cause });
  } finally {
    server.child.kill();
    origin.close();
    origin.closeAllConnections();
  }
  return { connections, pool, requests };
}

async function callPages(url: string): Promise<void> {
  for (let call = 0; call < 3; call++) {
    deepStrictEqual(await paragraph(url), "read,read");
    deepStrictEqual(await text(`${url}items`), "sent,read");
    deepStrictEqual(await paragraph(`${url}cached`), "read");
  }
  deepStrictEqual(await text(`${url}items`, { method: "POST", body: "passed" }), "passed");
}

async function paragraph(url: string): Promise<string | undefined> {
  return (await text(url)).match(/<p>(.*?)<\/p>/)?.[1];
}

async function text(url: string, init?: RequestInit): Promise<string> {
  return (await fetch(url, init)).text();
}

/** A running application. */
interface Started {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it has printed. */
  readonly said: () => string;
}

async function started(variables: Readonly<Record<string, string>>): Promise<Started> {
  const free = createServer();
  const url = await addressOf(free);
  free.close();
  const [file, bin] = next;
  const args = [bin, "start", "--port", new URL(url).port, "--hostname", "127.0.0.1"];
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", ...variables };
  const child = spawn(file, args, { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
    });
  const until = Date.now() + START_MS;
  while (Date.now() < until && child.exitCode === null) {
    if (await fetch(`${url}started`).catch(() => undefined)) return { url, child, said: () => output };
    await sleep(200);
  }
  child.kill();
  throw new Error(`Next did not start: ${output}`);
}

async function addressOf(server: ReturnType<typeof createServer>): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
