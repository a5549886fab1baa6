/** Upstream: `upstream()`, the middleware that gives handlers a pool for the requests they make in their turn. */

import type { Context, MiddlewareHandler } from "hono";
import { flag, objectWith, refuseUnknown } from "../checks.ts";
import { systemClock } from "../clock.ts";
import { createPool, type Pool } from "../holdfast.ts";
import type { PoolOptions } from "../options.ts";
import { ClientWatch } from "./client-watch.ts";
import { responseHeaders } from "./response-headers.ts";
import { Timings } from "./server-timing.ts";
import { UpstreamRequests } from "./upstream-requests.ts";

/** What handlers get: `c.var.upstream`. Its functions may be called without it. */
export type Upstream = Pick<Pool, "fetch" | "request" | "stats">;

/** Variables that {@linkcode upstream} sets, for `new Hono<{ Variables: UpstreamVariables }>()`. */
export interface UpstreamVariables {
  upstream: Upstream;
}

/** The environment of an application under {@linkcode upstream}. */
export interface UpstreamEnv {
  Variables: UpstreamVariables;
}

/** How {@linkcode upstream} behaves. */
export interface UpstreamOptions {
  /**
   * Adds `Server-Timing` entries for the upstream requests of a response: `queue`, `connect`, `wait`. Off by default,
   * because anyone can read them.
   *
   * @default false
   */
  readonly serverTiming?: boolean;
  /** Ends upstream requests when the client goes away while their handler is at work. @default true */
  readonly followClient?: boolean;
}

const DEFAULTS: Required<UpstreamOptions> = { serverTiming: false, followClient: true };

/**
 * Gives handlers a pool as `c.var.upstream`: one for the process, or one per request where the transport's sockets
 * must not outlive it. Options make a pool of its own; a pool that is passed in stays the caller's to close.
 *
 * A response of `c.var.upstream.fetch()` may be returned as it is: it has lost the fields that belong to the upstream's
 * connection. Its failures are answered with 502, 503 or 504 ({@linkcode upstreamErrorResponse}).
 *
 * @throws {TypeError | RangeError} for an unknown or wrong option; it names the option and the value.
 *
 * @example
 * ```ts
 * const app = new Hono<UpstreamEnv>();
 * app.use(upstream({ idleTimeout: "50s" }));
 * app.get("/items", (c) => c.var.upstream.fetch("https://api.example.com/items"));
 * ```
 */
export function upstream(
  source: PoolOptions | Pool = {},
  options: UpstreamOptions = {},
): MiddlewareHandler<UpstreamEnv> {
  objectWith(source, "options", []);
  objectWith(options, "upstream options", []);
  refuseUnknown(options, DEFAULTS, "upstream option");
  const chosen = { ...DEFAULTS, ...options };
  flag(chosen.serverTiming, "serverTiming");
  flag(chosen.followClient, "followClient");
  // Made at start-up in either case, so that a wrong option is refused then. No socket is opened yet.
  const pool = isPool(source) ? source : createPool(source);
  if (!isPool(source) && source.transport?.can.reuse === "request") return perRequest(source, chosen);
  const timings = chosen.serverTiming ? new Timings(pool, systemClock) : undefined;
  return async function upstream(c, next) {
    await withPool(c, pool, timings, chosen.followClient, next);
  };
}

function isPool(source: PoolOptions | Pool): source is Pool {
  return "fetch" in source && "stats" in source;
}

async function withPool(
  c: Context<UpstreamEnv>,
  pool: Pool,
  timings: Timings | undefined,
  followClient: boolean,
  next: () => Promise<void>,
): Promise<void> {
  const client = new ClientWatch(followClient ? c.req.raw : undefined);
  const requests = new UpstreamRequests(pool, client, timings);
  const { fetch, request } = requests;
  c.set("upstream", { fetch, request, stats: () => pool.stats() });
  try {
    await next();
  } finally {
    client.end();
  }
  if (requests.timings.length > 0) responseHeaders(c).append("server-timing", requests.timings.join(", "));
}

/** A pool for each request, closed when the response's body has been sent: its handler may still be asking then. */
function perRequest(
  source: PoolOptions,
  { serverTiming, followClient }: Required<UpstreamOptions>,
): MiddlewareHandler<UpstreamEnv> {
  return async function upstream(c, next) {
    const pool = createPool(source);
    const timings = serverTiming ? new Timings(pool, systemClock) : undefined;
    try {
      await withPool(c, pool, timings, followClient, next);
    } catch (error) {
      void pool.close({ timeout: 0 });
      throw error;
    }
    closeAfterBody(c, pool);
  };
}

function closeAfterBody(c: Context, pool: Pool): void {
  const close = (): void => void pool.close({ timeout: Infinity });
  const { body } = c.res;
  if (body === null) return close();
  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        close();
      },
      cancel(reason) {
        close();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  c.res = new Response(watched, c.res);
}
