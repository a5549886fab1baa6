/**
 * Node servers: a process with a `node:http2` server that ends its sessions after some requests, by `session.close()` or
 * by Holdfast's own `keepAlive()`. Arguments: the kind and the limit. It reads lines on stdin, and ends with it.
 */

import { readFileSync } from "node:fs";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import process from "node:process";
import { createInterface } from "node:readline";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { keepAlive } from "../../src/hono/mod.ts";
import { Ledger } from "./ledger.ts";
import type { Ask } from "./protocol.ts";

const [kind, limit] = (process.argv[2] ?? "").split(" ");
const certificate = (name: string) => readFileSync(new URL(`../../tests/certs/${name}`, import.meta.url));
const keys = { key: certificate("server.key"), cert: certificate("server.pem") };
let ledger = new Ledger("");

const server = kind === "hono" ? hono(Number(limit)) : plain(Number(limit));
server.on("session", (session) => {
  session.on("error", () => {}); // a client that resets its connection; "close" follows
  ledger.connections += 1;
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => {
  tell({ port: (server.address() as { port: number }).port });
});
createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line) as Ask))
  .on("close", () => process.exit(0));

function obey(ask: Ask): void {
  if (ask.ask === "turn-to") ledger = new Ledger(ask.run);
  tell(ledger.seen);
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function plain(most: number): Http2SecureServer {
  const requests = new WeakMap<object, number>();
  return createSecureServer(keys, (request, response) => {
    request.resume();
    request.on("end", () => {
      ledger.executed(request.method, request.url);
      response.end(request.url);
    });
    const { session } = request.stream;
    if (session === undefined) return;
    const count = (requests.get(session) ?? 0) + 1;
    requests.set(session, count);
    if (count === most) session.close();
  });
}

function hono(most: number): Http2SecureServer {
  const app = new Hono();
  app.use(keepAlive({ maxRequests: most }));
  app.all("*", async (c) => {
    await c.req.text();
    ledger.executed(c.req.method, c.req.path);
    return c.text(c.req.path);
  });
  return createSecureServer(keys, getRequestListener(app.fetch, { overrideGlobalObjects: false }));
}
