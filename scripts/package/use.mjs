// Runs in an empty project that has the packed package installed: imports every entry point named on the
// command line, then makes two requests, of which the second reuses the connection of the first.
import { strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

for (const specifier of process.argv.slice(2)) await import(specifier);

const { connectionOf, createPool } = await import("@holdfast/pool");
const server = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
await once(server, "listening");
const pool = createPool({ idleTimeout: "5s" });
for (const reused of [false, true]) {
  const response = await pool.fetch(`http://127.0.0.1:${server.address().port}/`);
  strictEqual(await response.text(), "hello");
  strictEqual(connectionOf(response).reused, reused);
}
await pool.close();
server.close();

// The first snippet of the README, as it stands, and in its other form where that is syntax.
const api = createServer((_request, response) => response.end("{}")).listen(0, "127.0.0.1");
await once(api, "listening");
globalThis.ORIGIN = `http://127.0.0.1:${api.address().port}/`;
await import("./snippet.mjs");
if (process.versions.bun !== undefined || Number.parseInt(process.versions.node, 10) >= 24)
  await import("./snippet-using.mjs");
api.close();
