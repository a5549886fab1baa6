/**
 * Origin: the server program of the lab. It answers `/?id=…` at once, `/slow?ms=…` after a while, `/tail?…` mostly at once and
 * sometimes ten times slower, and writes its counts when it is told to on stdin.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createInterface } from "node:readline";
import type { OriginCounts } from "./script.ts";

const [port = "8080", idleMs = "600000"] = process.argv.slice(2);
const counts = { connections: 0, requests: 0 };
const posts = new Map<string, number>();
let served = 0;

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://origin");
  counts.requests += 1;
  const id = url.searchParams.get("id") ?? "";
  if (request.method === "POST") posts.set(id, (posts.get(id) ?? 0) + 1);
  request.resume();
  request.on("end", () => setTimeout(answer, delayOf(url), request, response));
});

/** Every 50th answer of the tail takes ten times the median. */
function delayOf(url: URL): number {
  const ms = Number(url.searchParams.get("ms") ?? 0);
  if (url.pathname !== "/tail") return ms;
  served += 1;
  return served % 50 === 0 ? ms * 10 : ms;
}

function answer(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("content-type", "text/plain");
  response.end("answer");
}

server.keepAliveTimeout = Number(idleMs);
server.on("connection", () => {
  counts.connections += 1;
});
server.listen(Number(port), () => process.stdout.write("ready\n"));

createInterface({ input: process.stdin }).on("line", () => {
  const postsTwice = [...posts.values()].filter((count) => count > 1).length;
  const all: OriginCounts = { ...counts, postsTwice };
  process.stdout.write(`${JSON.stringify(all)}\n`);
});
