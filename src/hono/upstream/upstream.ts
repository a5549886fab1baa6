/** Upstream: `upstream()`, the middleware that gives handlers a pool for the requests they make in their turn. */

import type { Context, MiddlewareHandler } from "hono";
import { systemClock } from "../../contract/clock.ts";
import { createPool, type Pool } from "../../create-pool.ts";
import { callable, flag, objectWith, refuseUnknown } from "../../options/checks.ts";
import type { PoolOptions } from "../../options/options.ts";
import { responseHeaders } from "../response-headers.ts";
import { unsendableMethod } from "./client-fault.ts";
import { ClientWatch } from "./client-watch.ts";
import { withoutNamed } from "./hop-by-hop.ts";
import { Timings } from "./server-timing.ts";
import { upstreamErrorResponse } from "./upstream-error.ts";
import { consoleListener, type UpstreamListener } from "./upstream-events.ts";
import { UpstreamRequests, type UpstreamSettings } from "./upstream-requests.ts";

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
  /**
   * Told when an upstream fails (`upstream.failed`) and when the client is to blame (`client.failed`). Off is `() => {}`.
   *
   * @default one line by `console.warn` for each kind of upstream failure, at most every 10 s
   */
  readonly onEvent?: UpstreamListener;
}

const DEFAULTS: Required<Omit<UpstreamOptions, "onEvent">> = { serverTiming: false, followClient: true };

/**
 * Gives handlers a pool as `c.var.upstream`: one for the process, or one per request where the transport's sockets
 * must not outlive it. Options make a pool of its own; a pool that is passed in stays the caller's to close.
 *
 * A response of `c.var.upstream.fetch()` may be returned as it is: it has lost the fields that belong to the upstream's
 * connection. Its failures are answered with 502, 503 or 504 ({@linkcode upstreamErrorResponse}), and told to `onEvent`.
 *
 * Mount it before whatever changes the inbound request's own fields: it takes the client's fields of one connection out
 * of them (RFC 9110 §7.6.1), so that what is set from then on is passed on whatever the client's `Connection` names.
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
  refuseUnknown(options, { ...DEFAULTS, onEvent: 0 }, "upstream option");
  const chosen = { ...DEFAULTS, onEvent: consoleListener(systemClock), ...options };
  flag(chosen.serverTiming, "serverTiming");
  flag(chosen.followClient, "followClient");
  callable(chosen.onEvent, "onEvent");
  // Made at start-up in either case, so that a wrong option is refused then. No socket is opened yet.
  const pool = isPool(source) ? source : createPool(source);
  if (!isPool(source) && source.transport?.can.reuse === "request") return perRequest(source, chosen);
  const settings = settingsFor(pool, chosen);
  return function upstream(c, next) {
    return withPool(c, pool, settings, next);
  };
}

function isPool(source: PoolOptions | Pool): source is Pool {
  return "fetch" in source && "stats" in source;
}

function settingsFor(
  pool: Pool,
  { serverTiming, followClient, onEvent }: Required<UpstreamOptions>,
): UpstreamSettings {
  return { followClient, onEvent, timings: serverTiming ? new Timings(pool, systemClock) : undefined };
}

async function withPool(
  c: Context<UpstreamEnv>,
  pool: Pool,
  settings: UpstreamSettings,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const unsendable = unsendableMethod(c.req.raw);
  if (unsendable !== undefined) return upstreamErrorResponse(unsendable);
  c.req.raw = withoutNamed(c.req.raw);
  const client = new ClientWatch(settings.followClient ? c.req.raw : undefined);
  const requests = new UpstreamRequests(pool, c.req.raw, client, settings);
  const { fetch, request } = requests;
  c.set("upstream", { fetch, request, stats: () => pool.stats() });
  try {
    await next();
  } finally {
    client.end();
  }
  if (requests.timings.length > 0) responseHeaders(c).append("server-timing", requests.timings.join(", "));
  return undefined;
}

/** A pool for each request, closed when the response's body has been sent: its handler may still be asking then. */
function perRequest(source: PoolOptions, chosen: Required<UpstreamOptions>): MiddlewareHandler<UpstreamEnv> {
  return async function upstream(c, next) {
    const pool = createPool(source);
    try {
      const refused = await withPool(c, pool, settingsFor(pool, chosen), next);
      if (refused !== undefined) c.res = refused;
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
