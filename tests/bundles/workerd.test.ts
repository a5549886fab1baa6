/**
 * The library in workerd without the transport of Workers. The first use must say what to import in a clear sentence, even
 * where Node's globals are imitated. A transport that the user passes must work.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { build } from "esbuild";
import { portOf } from "../support/workerd-port.ts";

/** The tools are not imported from scripts/, because mutations run this test in a copy without scripts/. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const tool = (name: string): string => join(root, "node_modules", ".bin", name);

const isNode = !("Deno" in globalThis || "Bun" in globalThis);

/** A worker that makes a pool at start and uses it in a request. It answers with the result of each use. */
const worker = (globals: string): string => `
${globals}
import { createPool } from ${JSON.stringify(join(root, "mod.ts"))};
import { keepAlive, upstream } from ${JSON.stringify(join(root, "src/hono/mod.ts"))};
import { memoryTransport } from ${JSON.stringify(join(root, "transports/memory.ts"))};
import { Hono } from "hono";
const pool = createPool();
const app = new Hono().use(keepAlive()).use(upstream(pool));
app.get("/", async (c) => {
  const uses = [
    () => pool.fetch("http://a.test/"),
    () => pool.request("http://a.test/"),
    () => pool.preconnect("http://a.test"),
    () => c.var.upstream.fetch("http://a.test/"),
  ];
  const results = [];
  for (const use of uses) results.push(await use().then(() => "nothing", (error) => error.name + ": " + error.message));
  const { requests } = pool.stats();
  await pool.close();
  const passed = createPool({ transport: memoryTransport({ respond: () => ({ body: "hello" }) }) });
  return c.json({ results, requests, passed: await (await passed.request("http://a.test/")).text() });
});
export default { fetch: app.fetch };
`;

const config = (date: string): string => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ],
);
const main :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  compatibilityDate = ${JSON.stringify(date)},
);
`;

/** Globals that a bundler's polyfills might set. */
const IMITATIONS = `
globalThis.process ??= { versions: { node: "24.0.0" }, env: {} };
globalThis.Deno ??= {};
globalThis.Bun ??= {};
`;

/** Workers by compatibility date: nodejs_compat is on by default from 2026-08-04. */
const WORKERS: Readonly<Record<string, readonly [date: string, globals: string]>> = {
  "without nodejs_compat": ["2024-09-01", ""],
  "with nodejs_compat": ["2026-11-01", ""],
  "with a user agent that is replaced": [
    "2026-11-01",
    'Object.defineProperty(globalThis, "navigator", { value: {} });',
  ],
  "where the globals of all runtimes are imitated": ["2026-11-01", IMITATIONS],
};

interface Answer {
  readonly results: readonly string[];
  readonly requests: number;
  readonly passed: string;
}

/** Runs a worker for one request. */
async function ask(folder: string): Promise<Answer> {
  const child = spawn(tool("workerd"), ["serve", "--control-fd=3", join(folder, "config.capnp")], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  try {
    const port = await portOf(child);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const text = await response.text();
    return response.ok ? JSON.parse(text) : { results: [text], requests: -1, passed: "" };
  } finally {
    child.kill();
  }
}

describe("the library in workerd", { skip: !isNode && "started from Node" }, () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, [date, globals]] of Object.entries(WORKERS)) {
    it(`says at its first use which transport to import, ${name}`, { timeout: 120_000 }, async () => {
      writeFileSync(join(folder, "config.capnp"), config(date));
      await build({
        stdin: { contents: worker(globals), resolveDir: root, loader: "ts" },
        outfile: join(folder, "worker.js"),
        bundle: true,
        format: "esm",
        external: ["node:*", "cloudflare:*"],
        conditions: ["workerd", "worker"],
        logLevel: "error",
      });
      const { results, requests, passed } = await ask(folder);
      for (const text of results)
        assertMatch(
          text,
          /^TypeError: On Cloudflare Workers a pool needs their transport: createPool\(.*from @holdfast\/pool\/workers$/,
        );
      assertEquals([results.length, requests, passed], [4, 0, "hello"]);
    });
  }
});
