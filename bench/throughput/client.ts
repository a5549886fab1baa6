/** Client: one kind of client, many requests at a fixed concurrency, in a process of its own; prints one JSON line. */

import { createPool } from "../../mod.ts";

const [kind = "request", url = "", connections = "50", seconds = "2"] = process.argv.slice(2);
const concurrency = Number(connections);

type Send = () => Promise<unknown>;

async function sender(): Promise<Send> {
  switch (kind) {
    case "holdfast request": {
      const pool = createPool();
      return () => pool.request(url).then((response) => response.text());
    }
    case "holdfast fetch": {
      const pool = createPool();
      return () => pool.fetch(url).then((response) => response.text());
    }
    case "built-in fetch":
      return () => fetch(url).then((response) => response.text());
    case "undici request": {
      const { request } = await import("undici");
      return () => request(url).then(({ body }) => body.text());
    }
    default:
      throw new Error(`Unknown client "${kind}"`);
  }
}

async function run(send: Send, ms: number): Promise<{ requests: number; elapsedMs: number }> {
  let requests = 0;
  const startedAt = performance.now();
  const until = startedAt + ms;
  const loop = async () => {
    while (performance.now() < until) {
      const text = await send();
      if (String(text).length !== 100) throw new Error("wrong answer");
      requests += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return { requests, elapsedMs: performance.now() - startedAt };
}

const send = await sender();
await run(send, 1000);
const cpuBefore = process.cpuUsage();
const { requests, elapsedMs } = await run(send, Number(seconds) * 1000);
const { user, system } = process.cpuUsage(cpuBefore);
console.log(
  JSON.stringify({ kind, perSecond: (requests / elapsedMs) * 1000, cpuMicros: (user + system) / requests }),
);
process.exit(0);
