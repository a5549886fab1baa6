/**
 * Runs snippets one after the other, as modules, with the surroundings that context.d.ts promises them. A server of ours answers for
 * `https://api.example.com`. Prints what each has printed, as one line of JSON.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { createPool } from "../../mod.ts";

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => response.setHeader("Content-Type", "application/json").end("[1,2,3]"));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
process.env.HOLDFAST_SNIPPET_URL = url;

const pool = createPool();
const given = {
  pool,
  url: `${url}/items`,
  body: "a body",
  response: await pool.fetch(url),
  tenants: new Map(),
};
Object.assign(globalThis, given);

const printed: string[] = [];
const { log } = console;
for (const file of process.argv.slice(2)) {
  const lines: string[] = [];
  console.log = (...values: unknown[]) => void lines.push(values.map(shown).join(" "));
  await import(pathToFileURL(file).href);
  printed.push(lines.join("\n"));
}
console.log = log;
console.log(`\n${JSON.stringify(printed)}`);
await pool.close();
server.close();
server.closeAllConnections();
process.exit(0);

/** As a console shows it, where all consoles agree: text as it is, and anything else as JSON. */
function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
