/**
 * An edge gateway in one file: keep-alive rules on both sides, and a page that shows the connections to the upstream.
 * Without an upstream URL it starts a small upstream and sends some traffic through itself.
 *
 * ```sh
 * npx tsx examples/gateway.ts                                  # then open http://127.0.0.1:8787/_pool
 * deno run -A examples/gateway.ts https://httpbin.org
 * PORT=8080 BEHIND=aws-alb bun examples/gateway.ts https://api.example.com
 * ```
 *
 * `POOL_PASSWORD` puts the page behind a password. Without a password, the page is served on 127.0.0.1 only. Set
 * `BEHIND` only if nothing but that load balancer can reach the gateway, because its `X-Forwarded-*` fields are then
 * trusted.
 */

import process from "node:process";
import { createPool } from "@holdfast/pool";
import {
  type BalancerName,
  behind,
  forward,
  hasDotSegments,
  keepAlive,
  poolStatus,
  type ShutdownServer,
  shutdown,
  type UpstreamEnv,
  upstream,
} from "@holdfast/pool/hono";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";

const {
  HOST = "127.0.0.1",
  PORT = "8787",
  BEHIND,
  POOL_PASSWORD,
  GATEWAY_NAME = "holdfast-gateway",
} = process.env;
const given = process.argv.slice(2).find((argument) => /^https?:/.test(argument));
const demo = given === undefined ? await startDemoUpstream() : undefined;
const target = new URL(given ?? demo?.url ?? "").origin;

const pool = createPool({ idleTimeout: "50s", headersTimeout: "30s" });
const app = new Hono<UpstreamEnv>();

// Towards clients: announce how long connections are kept, and enforce it. Print a message if the server cannot.
const rules = BEHIND === undefined ? {} : behind(BEHIND as BalancerName);
app.use(
  keepAlive(rules, {
    onEvent: (event) => "message" in event && console.log(event.message),
  }),
);

// The routes here and the upstream both read the path, and must read the same.
app.use(async (c, next) => {
  if (hasDotSegments(c.req.raw.url)) return c.text("Bad Request\n", 400);
  return await next();
});

// Towards the upstream: one pool for the process.
app.use(upstream(pool, { serverTiming: true }));

if (POOL_PASSWORD !== undefined) {
  app.use("/_pool/*", basicAuth({ username: "pool", password: POOL_PASSWORD }));
}
if (POOL_PASSWORD !== undefined || HOST === "127.0.0.1") app.route("/_pool", poolStatus(pool));
// Paths below the page belong to the gateway, so they are not sent to the upstream.
app.all("/_pool/*", (c) => c.notFound());

// With a load balancer in front, the last address that it wrote is true. Replicas of a gateway share its name in `Via`.
app.all("*", (c) =>
  forward(c, target, { edit: withoutPassword, trust: BEHIND === undefined ? false : 1, via: GATEWAY_NAME }),
);

/** A browser sends the page's password with every request to this site, but it is not for the upstream. */
function withoutPassword(headers: Headers): void {
  if (POOL_PASSWORD !== undefined && isForPage(headers.get("authorization"))) headers.delete("authorization");
}

/** Whether credentials are for the page. A mistyped password counts, too. */
function isForPage(authorization: string | null): boolean {
  const [, encoded = ""] = /^ *basic +([\w.~+/-]+)/i.exec(authorization ?? "") ?? [];
  try {
    return atob(encoded.replaceAll("-", "+").replaceAll("_", "/")).startsWith("pool:");
  } catch {
    return false;
  }
}

const { server, port } = await listen(app.fetch, HOST, Number(PORT));
console.log(`Gateway to ${target} on http://${HOST}:${port}/, its pool on http://${HOST}:${port}/_pool`);
const traffic = demo === undefined ? undefined : sendTraffic(`http://${HOST}:${port}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  clearTimeout(traffic);
  // An open status page is a response that runs until then.
  const { ended, cut } = await shutdown(server, { pool, timeout: "2s" });
  demo?.close();
  console.log(`${ended} requests ended, ${cut} were cut off. Closed.`);
  process.exit(0);
}

interface Runtimes {
  readonly Deno?: {
    serve(
      options: { hostname: string; port: number; onListen(): void },
      fetch: Fetch,
    ): ShutdownServer & { addr: { port: number } };
  };
  readonly Bun?: {
    serve(options: { hostname: string; port: number; fetch: Fetch }): ShutdownServer & { port: number };
  };
}

type Fetch = (request: Request, env?: object) => Response | Promise<Response>;

/** Listens with the runtime's own server, or on Node with @hono/node-server. */
async function listen(
  fetch: Fetch,
  hostname: string,
  port: number,
): Promise<{ server: ShutdownServer; port: number }> {
  const { Deno, Bun } = globalThis as Runtimes;
  if (Deno !== undefined) {
    const server = Deno.serve({ hostname, port, onListen() {} }, fetch);
    return { server, port: server.addr.port };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ hostname, port, fetch });
    return { server, port: server.port };
  }
  const { serve } = await import("@hono/node-server");
  return new Promise((resolve) => {
    const server = serve({ fetch, hostname, port }, (info) => resolve({ server, port: info.port }));
  });
}

/** A server that answers quickly or late, at random, and closes idle connections after a few seconds. */
async function startDemoUpstream() {
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const answer = (): unknown => response.end(`${request.method} ${request.url}, from the upstream\n`);
    setTimeout(answer, Math.random() < 0.3 ? 400 : 5);
  });
  server.keepAliveTimeout = 4000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, close: () => server.closeAllConnections() };
}

/** Sends a few requests now and then, so that the page has something to show. */
function sendTraffic(url: string): ReturnType<typeof setTimeout> {
  const timer = setInterval(() => {
    const count = Math.floor(Math.random() * 6);
    for (let sent = 0; sent < count; sent++) {
      fetch(`${url}/demo/${sent}`).then(
        (response) => response.text(),
        () => undefined,
      );
    }
  }, 700);
  return timer;
}
