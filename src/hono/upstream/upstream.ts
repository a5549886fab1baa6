/** `upstream()`: the middleware that gives handlers a pool for the requests that they make. */

import type { Context, MiddlewareHandler } from "hono";
import { systemClock } from "../../contract/clock.ts";
import { createPool, isOwnRequest, type Pool } from "../../create-pool.ts";
import type { RemotePool } from "../../fetch/remote-types.ts";
import { callable, flag, objectWith, refuseUnknown } from "../../options/checks.ts";
import type { PoolOptions } from "../../options/options.ts";
import { mutableHeaders } from "../mutable-headers.ts";
import { ClientDisconnect } from "./client-disconnect.ts";
import { methodError } from "./client-errors.ts";
import { upstreamErrorResponse } from "./error-response.ts";
import { withoutFieldsNamedByConnection } from "./hop-by-hop.ts";
import { SENDER, type UpstreamSender } from "./sender.ts";
import { bindingsOf } from "./server-bindings.ts";
import { RequestTimings } from "./server-timing.ts";
import { consoleListener, type UpstreamListener } from "./upstream-events.ts";
import { UpstreamRequests, type UpstreamSettings } from "./upstream-requests.ts";

/** The pool as handlers see it: `c.var.upstream`. Its functions do not depend on `this`. */
export type Upstream = Pick<Pool, "fetch" | "request" | "stats">;

/** Variables that {@linkcode upstream} sets, for `new Hono<{ Variables: UpstreamVariables }>()`. */
export interface UpstreamVariables {
  /** The pool. */
  upstream: Upstream;
}

/** The environment that {@linkcode upstream} needs, for `new Hono<UpstreamEnv>()`. */
export interface UpstreamEnv {
  /** What `c.var` has. */
  Variables: UpstreamVariables;
}

/** The environment of {@linkcode upstream} with a pool in Durable Objects: what only the objects know is a promise. */
export interface RemoteUpstreamEnv {
  /** What `c.var` has. */
  Variables: { upstream: Pick<RemotePool, "fetch" | "request" | "stats"> };
}

/** Options of {@linkcode upstream}. */
export interface UpstreamOptions {
  /**
   * Adds `Server-Timing` entries for the upstream requests of a response: `queue`, `connect`, `wait`. Off by default,
   * because every client can read them.
   *
   * @default false
   */
  readonly serverTiming?: boolean;
  /** Ends upstream requests when the client goes away while their handler runs. @default true */
  readonly followClient?: boolean;
  /**
   * Called when an upstream fails (`upstream.failed`) and when the client caused a failure (`client.failed`). Off is
   * `() => {}`.
   *
   * @default prints one line by `console.warn` for each kind of upstream failure, at most every 10 s
   */
  readonly onEvent?: UpstreamListener;
}

const DEFAULTS: Required<Omit<UpstreamOptions, "onEvent">> = { serverTiming: false, followClient: true };

/**
 * Gives handlers a pool as `c.var.upstream`. It is one pool for the process, or one per request where the transport's
 * sockets must not outlive a request. With options, the middleware creates the pool. A pool that is passed in is not
 * closed by it.
 *
 * A response of `c.var.upstream.fetch()` can be returned to the client: its hop-by-hop fields are already removed. A
 * failure is answered with 502, 503 or 504 ({@linkcode upstreamErrorResponse}) and reported to `onEvent`.
 *
 * Mount it before any middleware that changes the inbound request's fields. It removes the fields that the client's
 * `Connection` names (RFC 9110 §7.6.1). Fields that are set later are passed on, whatever `Connection` named.
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
  source?: PoolOptions | Pool,
  options?: UpstreamOptions,
): MiddlewareHandler<UpstreamEnv>;
/**
 * Gives handlers a pool in Durable Objects (`remotePool` of `@holdfast/pool/workers`). Its binding is found in `c.env` of each
 * request.
 */
export function upstream(source: RemotePool, options?: UpstreamOptions): MiddlewareHandler<RemoteUpstreamEnv>;
export function upstream(
  source: PoolOptions | Pool | RemotePool = {},
  options: UpstreamOptions = {},
): MiddlewareHandler<UpstreamEnv> | MiddlewareHandler<RemoteUpstreamEnv> {
  objectWith(source, "options", []);
  objectWith(options, "upstream options", []);
  refuseUnknown(options, { ...DEFAULTS, onEvent: 0 }, "upstream option");
  const chosen = { ...DEFAULTS, onEvent: consoleListener(systemClock), ...options };
  flag(chosen.serverTiming, "serverTiming");
  flag(chosen.followClient, "followClient");
  callable(chosen.onEvent, "onEvent");
  if (isRemote(source)) return poolOfBinding(source, chosen);
  // Created even if each request gets its own pool, so that wrong options are refused at start-up. Opens no socket.
  const pool = isPool(source) ? source : createPool(source);
  if (!isPool(source) && source.transport?.can.reuse === "request") return poolPerRequest(source, chosen);
  const settings = createSettings(pool, chosen);
  const middleware: MiddlewareHandler<UpstreamEnv> = function upstream(c, next) {
    return withPool(c, pool, settings, next);
  };
  return middleware;
}

function isRemote(source: PoolOptions | Pool | RemotePool): source is RemotePool {
  return "forEnv" in source;
}

/** A stub belongs to the request that it was made in, and Hono has the bindings per request. */
function poolOfBinding(
  source: RemotePool,
  chosen: Required<UpstreamOptions>,
): MiddlewareHandler<RemoteUpstreamEnv> {
  if (chosen.serverTiming)
    throw new TypeError("serverTiming needs the events of the pool, which stay in the object: leave it out");
  const settings: UpstreamSettings = { ...chosen, ownPool: false, timings: undefined };
  return function upstream(c, next) {
    // What handlers get has the members of the pool that it is made of, so the types follow the pool.
    const pool = source.forEnv(c.env) as unknown as Pool;
    return withPool(c as unknown as Context<UpstreamEnv>, pool, settings, next);
  };
}

function isPool(source: PoolOptions | Pool): source is Pool {
  return "fetch" in source && "stats" in source;
}

function createSettings(
  pool: Pool,
  { serverTiming, followClient, onEvent }: Required<UpstreamOptions>,
): UpstreamSettings {
  const timings = serverTiming ? new RequestTimings(pool, systemClock) : undefined;
  return { followClient, onEvent, ownPool: isOwnRequest(pool.request), timings };
}

/** `c.var.upstream`, with what only `forward()` uses. Its functions are made when a handler asks for them. */
class UpstreamOfRequest implements Upstream {
  readonly [SENDER]: UpstreamSender;
  readonly #requests: UpstreamRequests;
  #fetch: Upstream["fetch"] | undefined = undefined;
  #request: Upstream["request"] | undefined = undefined;
  #stats: Upstream["stats"] | undefined = undefined;

  constructor(requests: UpstreamRequests) {
    this[SENDER] = requests;
    this.#requests = requests;
  }

  get fetch(): Upstream["fetch"] {
    this.#fetch ??= this.#requests.fetch();
    return this.#fetch;
  }

  get request(): Upstream["request"] {
    this.#request ??= this.#requests.request();
    return this.#request;
  }

  get stats(): Upstream["stats"] {
    this.#stats ??= this.#requests.stats();
    return this.#stats;
  }
}

async function withPool(
  c: Context<UpstreamEnv>,
  pool: Pool,
  settings: UpstreamSettings,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const unsupported = methodError(c.req.raw);
  if (unsupported !== undefined) return upstreamErrorResponse(unsupported);
  const original = c.req.raw;
  c.req.raw = withoutFieldsNamedByConnection(original);
  const disconnect = new ClientDisconnect(settings.followClient ? c.req.raw : undefined, bindingsOf(c.env));
  const requests = new UpstreamRequests(pool, original, c.req.raw, disconnect, settings);
  c.set("upstream", new UpstreamOfRequest(requests));
  try {
    await next();
  } finally {
    disconnect.stop();
  }
  const { timings } = requests;
  if (timings !== undefined) mutableHeaders(c).append("server-timing", timings.join(", "));
  return undefined;
}

/** A pool for each request. It is closed after the response's body was sent, because a stream may still use it. */
function poolPerRequest(
  source: PoolOptions,
  chosen: Required<UpstreamOptions>,
): MiddlewareHandler<UpstreamEnv> {
  return async function upstream(c, next) {
    const pool = createPool(source);
    try {
      const refused = await withPool(c, pool, createSettings(pool, chosen), next);
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
