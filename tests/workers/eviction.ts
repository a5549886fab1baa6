/**
 * What an eviction loses. workerd ends an object 10 s after its last request if it has no socket, so this takes half a minute:
 *
 *     node --import tsx tests/workers/eviction.ts
 */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Explanation, PoolStats } from "../../mod.ts";
import { startWorkerd } from "./workerd.ts";

/** The server's idle limit, which it does not announce. */
const HIDDEN_MS = 300;
/** workerd's 10 s, and some more. */
const EVICTED_MS = 14_000;

const server = createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
  socket.setTimeout(HIDDEN_MS, () => socket.end());
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as { port: number };
const origin = `http://127.0.0.1:${port}`;

const source = `
import { poolObject, remotePool } from "#root/src/workers/mod.ts";
export class ApiPool extends poolObject({ allowOrigins: ["${origin}"] }) {}
const pool = remotePool("API_POOL");
export default { async fetch(request) {
  if (new URL(request.url).pathname === "/get") return new Response(await (await pool.request("${origin}/")).text());
  return Response.json({ stats: (await pool.stats("${origin}"))[0], explained: (await pool.explain("${origin}"))[0] });
} };
`;
interface Shown {
  readonly stats: PoolStats;
  readonly explained: Explanation;
}

const workerd = await startWorkerd({ source, objects: { API_POOL: "ApiPool" }, onDisk: true });
const get = async (): Promise<void> => assert.equal(await (await fetch(`${workerd.url}/get`)).text(), "ok");
const show = async (): Promise<Shown> => (await (await fetch(`${workerd.url}/show`)).json()) as Shown;
const learned = ({ explained }: Shown): string | undefined =>
  explained.rules.map((rule) => JSON.stringify(rule)).find((text) => text.includes('"learned'));

for (let count = 0; count < 4; count++) {
  await get();
  await sleep(HIDDEN_MS * 2);
}
process.on("uncaughtException", (error) => {
  console.error(error);
  void workerd[Symbol.asyncDispose]().then(() => process.exit(1));
});
const before = await show();
assert.ok(before.stats.opened >= 1, "nothing was opened");
assert.ok(learned(before), `nothing was learned: ${JSON.stringify(before.explained.rules)}`);
console.log(`before: ${before.stats.opened} opened, ${learned(before)}`);
await sleep(EVICTED_MS);
await get();
const after = await show();
console.log(`after:  ${after.stats.opened} opened, ${learned(after)}`);
assert.equal(after.stats.opened, 1, "the object was not evicted: its statistics are still there");
assert.ok(learned(after), "what was learned is lost");
console.log("An eviction loses statistics only.");
server.close();
await workerd[Symbol.asyncDispose]();
process.exit(0);
