/**
 * Bundled programs that await their first request at the top level of their entry. They load the transport at that
 * time, from a chunk that must not import the entry.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { build, transform } from "esbuild";
import { rollup } from "rollup";

/** The tools are not imported from scripts/, because mutations run this test in a copy without scripts/. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const tool = (name: string): string => join(root, "node_modules", ".bin", name);

const isNode = !("Deno" in globalThis || "Bun" in globalThis);

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  Node: [process.execPath],
  Deno: [tool("deno"), "run", "-A"],
  Bun: [tool("bun")],
};

/** A program that prints what it got. Node ends it with status 13 if a module waits for itself. */
const ENTRY = `
import { createPool } from ${JSON.stringify(join(root, "mod.ts"))};
const pool = createPool();
const response = await pool.fetch(process.env.ORIGIN);
const refused = await pool.request("http://127.0.0.1:1/").catch((error) => error.code);
console.log(response.status, await response.text(), refused);
await pool.close();
`;

/** Bundles the sources as separate modules, as an application's bundler sees the package. */
async function byRollup(entry: string, dir: string): Promise<void> {
  const bundle = await rollup({
    input: entry,
    external: /^node:/,
    plugins: [
      {
        name: "typescript",
        resolveId: (id, importer) => (id.startsWith(".") && importer ? resolve(dirname(importer), id) : null),
        transform: async (code, id) => (await transform(code, { loader: "ts", sourcefile: id })).code,
      },
    ],
  });
  await bundle.write({
    dir,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
  });
  await bundle.close();
}

async function byEsbuild(entry: string, outdir: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    outExtension: { ".js": ".mjs" },
  });
}

/** What a program prints, and its exit code. */
function run(
  [program = "", ...args]: readonly string[],
  origin: string,
): Promise<readonly [string, number | null]> {
  const child = spawn(program, args, {
    env: { ...process.env, ORIGIN: origin },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (bytes) => {
    output += bytes;
  });
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("close", (code) => settle([output.trim(), code]));
  });
}

describe("a bundle with top-level await", { skip: !isNode && "bundled on Node, run on each" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
  const entry = join(folder, "entry.ts");
  let server: Server;
  let origin = "";

  before(async () => {
    writeFileSync(entry, ENTRY);
    server = createServer((_request, response) => response.end("hello"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  after(() => {
    rmSync(folder, { recursive: true });
    server.close();
    server.closeAllConnections();
  });

  for (const [bundler, bundle] of Object.entries({ Rollup: byRollup, esbuild: byEsbuild })) {
    it(`by ${bundler} has no chunk that needs the entry, and runs`, { timeout: 120_000 }, async () => {
      const out = join(folder, bundler);
      await bundle(entry, out);
      const chunks = readdirSync(out).filter((name) => name !== "entry.mjs");
      assert(chunks.length > 0, "the transports are chunks of their own");
      const needing = chunks.filter((name) =>
        /from\s*["']\.\/entry\.mjs["']/.test(readFileSync(join(out, name), "utf8")),
      );
      assertEquals(needing, []);
      for (const [runtime, command] of Object.entries(RUNTIMES)) {
        const ended = await run([...command, join(out, "entry.mjs")], origin);
        assertEquals(ended, ["200 hello ERR_CONNECT", 0], runtime);
      }
    });
  }
});
