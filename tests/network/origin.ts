/**
 * Origin: the server program of the lab, over HTTP/1.1 or HTTP/2. It answers `/?id=…` at once, `/slow?ms=…` after a while, `/drip?ms=…` in pieces, `/tail?…` mostly at once and
 * sometimes ten times slower, and writes its counts when it is told to on stdin.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { createInterface } from "node:readline";
import type { OriginCounts } from "./script.ts";

const [port = "8080", idleMs = "600000", protocol = "http/1.1"] = process.argv.slice(2);
const counts = { connections: 0, requests: 0 };
const posts = new Map<string, number>();
let served = 0;

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

function serve(request: Request, response: Response): void {
  const url = new URL(request.url ?? "/", "http://origin");
  counts.requests += 1;
  const id = url.searchParams.get("id") ?? "";
  if (request.method === "POST") posts.set(id, (posts.get(id) ?? 0) + 1);
  request.resume();
  const ms = Number(url.searchParams.get("ms") ?? 0);
  if (url.pathname === "/drip") {
    request.on("end", () => drip(response, ms, Number(url.searchParams.get("bytes") ?? 20)));
  } else request.on("end", () => setTimeout(answer, delayOf(url), response));
}

/** Every 50th answer of the tail takes ten times the median. */
function delayOf(url: URL): number {
  const ms = Number(url.searchParams.get("ms") ?? 0);
  if (url.pathname !== "/tail") return ms;
  served += 1;
  return served % 50 === 0 ? ms * 10 : ms;
}

function answer(response: Response): void {
  if (response.writableEnded || response.destroyed) return;
  response.setHeader("content-type", "text/plain");
  response.end("answer");
}

/** 20 pieces over `ms`, of `bytes` in all. */
function drip(response: Response, ms: number, bytes: number): void {
  let left = 20;
  const timer = setInterval(() => {
    if (response.destroyed) return clearInterval(timer);
    const piece = "x".repeat(bytes / 20);
    left -= 1;
    if (left > 0) return void (response as ServerResponse).write(piece);
    clearInterval(timer);
    response.end(piece);
  }, ms / 20);
}

const connected = (): void => {
  counts.connections += 1;
};
const ready = (): void => void process.stdout.write("ready\n");
if (protocol === "h2") {
  createHttp2Server(serve).on("session", connected).listen(Number(port), ready);
} else {
  const server = createServer(serve).on("connection", connected);
  server.keepAliveTimeout = Number(idleMs);
  server.listen(Number(port), ready);
}

createInterface({ input: process.stdin }).on("line", () => {
  const postsTwice = [...posts.values()].filter((count) => count > 1).length;
  const all: OriginCounts = { ...counts, postsTwice };
  process.stdout.write(`${JSON.stringify(all)}\n`);
});
