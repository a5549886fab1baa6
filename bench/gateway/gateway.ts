/** One gateway in a process of its own: `gateway.ts KIND ORIGIN` prints its port. */

import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { forward, upstream } from "../../src/hono/mod.ts";

/** The part of http-proxy that is used: it has no types of its own. */
interface HttpProxy {
  createProxyServer(options: object): { web: RequestListener };
}

/** The part of Fastify that is used. */
interface FastifyApp {
  register(plugin: unknown, options: object): void;
  all(
    path: string,
    handler: (request: { readonly url: string }, reply: { from(url: string): unknown }) => unknown,
  ): void;
  listen(options: object): Promise<string>;
}

const require = createRequire(import.meta.url);
const [kind = "", origin = ""] = process.argv.slice(2);

function listenOn(listener: RequestListener): void {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

function honoApp(): Hono {
  return new Hono();
}

const KINDS: Readonly<Record<string, () => void | Promise<void>>> = {
  "holdfast forward()"() {
    const app = honoApp();
    app.use(upstream({}));
    app.all("*", (c) => forward(c, origin));
    listenOn(getRequestListener(app.fetch));
  },
  "hono proxy()"() {
    const app = honoApp();
    app.all("*", (c) => proxy(origin + c.req.path, { raw: c.req.raw }));
    listenOn(getRequestListener(app.fetch));
  },
  "http-proxy"() {
    const { Agent } = require("node:http") as typeof import("node:http");
    const { createProxyServer } = require("http-proxy") as HttpProxy;
    const passing = createProxyServer({ target: origin, agent: new Agent({ keepAlive: true }), xfwd: true });
    listenOn((request, response) => passing.web(request, response));
  },
  async "@fastify/reply-from"() {
    const fastify = require("fastify") as () => FastifyApp;
    const app = fastify();
    app.register(require("@fastify/reply-from"), { base: origin });
    app.all("/*", (request, reply) => reply.from(request.url));
    console.log(new URL(await app.listen({ port: 0, host: "127.0.0.1" })).port);
  },
};

process.on("message", () => process.send?.(process.cpuUsage()));
process.once("SIGINT", () => process.exit(0));
await KINDS[kind]?.();
