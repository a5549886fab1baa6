/**
 * Client of the guard for allocations: requests on a socket that answers from memory at the end of the turn, one after the other.
 * Prints the bytes of one request: what the heap and its buffers grew by, where nothing is collected. Argument: the call.
 */

import process from "node:process";
import { silentNetwork } from "../../../bench/speed/silent-network.ts";
import { createPool } from "../../../mod.ts";

const ANSWER = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const URL = "http://127.0.0.1/small";
const WARM = 300;
const BATCHES = 8;
const REQUESTS = 100;
const REQUEST_MS = 0.05;

// Time moves with the requests alone: what the pool does behind a pause of the machine allocates as well.
let time = performance.now();
performance.now = () => time;
Date.now = () => time;

const transport = await silentNetwork((handler) => {
  const answer = (): void => handler.data(ANSWER, ANSWER.length);
  return () => setImmediate(answer);
});
const pool = createPool({ transport, tcpKeepAlive: false });
const CALLS: Readonly<Record<string, () => Promise<{ text(): Promise<string> }>>> = {
  request: () => pool.request(URL),
  fetch: () => pool.fetch(URL),
  post: () => pool.request(URL, { method: "POST", body: "a small body" }),
};
const call = CALLS[process.argv[2] ?? ""];
if (call === undefined) throw new Error("There is no such call");

async function send(count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    time += REQUEST_MS;
    if ((await (await call?.())?.text()) !== "ok") throw new Error("Not the answer");
  }
}

function bytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

await send(WARM);
let least = Infinity;
for (let batch = 0; batch < BATCHES; batch++) {
  const before = bytes();
  await send(REQUESTS);
  least = Math.min(least, (bytes() - before) / REQUESTS);
}
console.log(least);
process.exit(0);
