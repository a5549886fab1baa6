/**
 * Origin: the same as origin.c, in plain Node, for machines without a C compiler. It is several times as slow: enough
 * to see that the bench runs. Its figures show the origin's limit, and the report says so.
 */

import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { HeldAnswers } from "./held-answers.ts";

const [first, key] = process.argv.slice(2);
const certificate = key === undefined ? undefined : first;
const ports = key === undefined ? Number(first ?? 1) : 1;
const bodies: Readonly<Record<string, Buffer>> = {
  "/small": Buffer.alloc(100, "x"),
  "/medium": Buffer.alloc(16 * 1024, "x"),
  "/large": Buffer.alloc(1024 * 1024, "x"),
};
const chunk = Buffer.alloc(4096, "x");
const held = new HeldAnswers();
let requests = 0;
let open = 0;
let resumed = 0;
let made = 0;
let uploaded = 0;

function usage(): string {
  const { user, system } = process.cpuUsage();
  made -= 1; // the one that asks
  return `${user + system} ${requests} ${open} ${resumed} ${made} ${uploaded}`;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === "/usage") return void response.end(usage());
  requests += 1;
  const [, batch, quietMs] = /^\/held\/(\d+)\/(\d+)$/.exec(request.url ?? "") ?? [];
  if (batch !== undefined)
    return held.add(() => response.end(bodies["/small"]), Number(batch), Number(quietMs));
  if (request.url === "/chunked") {
    for (let count = 0; count < 4; count++) response.write(chunk);
    return void response.end();
  }
  if (request.url !== "/upload") return void response.end(bodies[request.url ?? ""]);
  let received = 0;
  request.on("data", (piece: Buffer) => {
    received += piece.length;
    uploaded += piece.length;
  });
  request.on("end", () => response.end(String(received).padStart(20, "0")));
}

const makeServer = (): Server =>
  certificate === undefined || key === undefined
    ? createServer(answer)
    : createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer);
async function listen(): Promise<number> {
  const server = makeServer();
  server.keepAliveTimeout = 600_000;
  server.on("connection", (socket) => {
    open += 1;
    if (certificate === undefined) made += 1;
    socket.on("close", () => {
      open -= 1;
    });
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    made += 1;
    if (socket.isSessionReused()) resumed += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 16_384, resolve));
  return (server.address() as AddressInfo).port;
}

const numbers: number[] = [];
while (numbers.length < ports) numbers.push(await listen());
console.log(numbers.join(" "));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
