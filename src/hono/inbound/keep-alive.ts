/** `keepAlive()`: the middleware that applies the rules to inbound connections. */

import type { MiddlewareHandler } from "hono";
import { getRuntimeKey } from "hono/adapter";
import { type Clock, systemClock } from "../../contract/clock.ts";
import { ConnectionTracker } from "../../inbound/connection-tracker.ts";
import type { KeepAliveListener } from "../../inbound/keep-alive-events.ts";
import { type KeepAliveRules, resolveKeepAlive } from "../../inbound/keep-alive-rules.ts";
import type { Enforcement } from "../../inbound/server-adapter.ts";
import { callable, objectWith, refuseUnknown, wholeNumber } from "../../options/checks.ts";
import type { ServerPreset } from "../../rules/server-side.ts";
import { mutableHeaders } from "../mutable-headers.ts";
import { findAdapter, hasServerBindings } from "./find-adapter.ts";

/** What is known about the connection of a request: `c.var.keepAlive`. */
export interface KeepAliveInfo {
  /** Whether the server enforces the rules, or only announces them to the client. */
  readonly enforcement: Enforcement;
  /** 1 for the first request on the connection; `undefined` without a connection. */
  readonly requestNumber: number | undefined;
  /** Ms since the connection's first request; `undefined` without a connection. */
  readonly ageMs: number | undefined;
}

/** Variables that {@linkcode keepAlive} sets, for `new Hono<{ Variables: KeepAliveVariables }>()`. */
export interface KeepAliveVariables {
  /** The connection of the request. */
  keepAlive: KeepAliveInfo;
}

/** The environment that {@linkcode keepAlive} needs, for `new Hono<KeepAliveEnv>()`. */
export interface KeepAliveEnv {
  /** What `c.var` has. */
  Variables: KeepAliveVariables;
}

/** The middleware that {@linkcode keepAlive} returns. */
export interface KeepAliveMiddleware extends MiddlewareHandler<KeepAliveEnv> {
  /**
   * From now on each response is the last on its connection (`Connection: close`; over HTTP/2, GOAWAY at once), though the
   * server still accepts connections. Call it when a load balancer is told to send nothing more, some seconds before
   * `shutdown()`: the fewer idle connections are left then, the fewer requests can cross their end. It cannot be undone.
   */
  drain(): void;
}

/** Options of {@linkcode keepAlive} that are not rules. */
export interface KeepAliveOptions {
  /**
   * The most connections remembered by address and port on Deno.serve and Bun.serve. It bounds memory, at about 200
   * bytes each. The connection seen longest ago is forgotten first, and counts as new when it is seen again.
   *
   * @default 10000
   */
  readonly maxTracked?: number;
  /**
   * Called when the server cannot enforce the rules (once), when its environment does not reach the application (once),
   * and when a rule ends a connection.
   *
   * @default no listener
   */
  readonly onEvent?: KeepAliveListener;
  /** The clock, for tests. @default the runtime's */
  readonly clock?: Clock;
  /** Random numbers in [0, 1) for the jitter, for tests. @default Math.random */
  readonly random?: () => number;
}

const DEFAULTS = { maxTracked: 10_000, onEvent: () => {}, clock: systemClock, random: Math.random };

/** Checks options and fills in the defaults. @throws {TypeError | RangeError} naming the option and the value. */
function resolveSettings(options: KeepAliveOptions): Required<KeepAliveOptions> {
  objectWith(options, "options", []);
  refuseUnknown(options, DEFAULTS, "keepAlive option");
  const { maxTracked, onEvent, clock, random } = { ...DEFAULTS, ...options };
  return {
    maxTracked: wholeNumber(maxTracked, "maxTracked", 1),
    onEvent: callable(onEvent, "onEvent"),
    clock: objectWith(clock, "clock", ["now", "turn"]),
    random: callable(random, "random"),
  };
}

/**
 * Gives inbound connections an idle timeout, a number of requests and a lifetime. Clients are told by `Keep-Alive` and
 * `Connection`, and the server closes connections where it can (`c.var.keepAlive.enforcement`). Over HTTP/2 clients are
 * told by GOAWAY. Mount it first, so that no other middleware replaces the response afterwards.
 *
 * @throws {TypeError | RangeError} for an unknown, wrong or impossible rule or option; it names the rule or option and
 * the value.
 *
 * @example
 * ```ts
 * app.use(keepAlive({ idleTimeout: "75s", maxRequests: 1000 }));
 * app.use(keepAlive(behind("aws-alb")));
 * app.use(keepAlive({ ...presets.nginx(), maxRequests: 100 }));
 * ```
 */
export function keepAlive(
  rules: KeepAliveRules | ServerPreset = {},
  options: KeepAliveOptions = {},
): KeepAliveMiddleware {
  const settings = resolveSettings(options);
  const tracker = new ConnectionTracker(resolveKeepAlive(rules), settings);
  const handler: MiddlewareHandler<KeepAliveEnv> = async function keepAlive(c, next) {
    const adapter = findAdapter(c.env, c.req.raw, settings.clock);
    if (adapter === undefined) {
      c.set("keepAlive", { ...NO_CONNECTION, enforcement: enforcementWithoutConnection(tracker, c.env) });
      return next();
    }
    const request = tracker.requestStarted(adapter);
    // RFC 9112 §9.6: requests pipelined behind the last response must not be executed.
    if (request === undefined) return new Response(null, { status: 503, headers: { connection: "close" } });
    const { requestNumber, ageMs } = request;
    c.set("keepAlive", { enforcement: adapter.enforcement, requestNumber, ageMs });
    try {
      await next();
      const asked = c.req.header("connection");
      tracker.beforeResponse(request, asked, c.res.status === 101 ? undefined : mutableHeaders(c));
    } finally {
      tracker.requestEnded(request);
    }
  };
  return Object.assign(handler, { drain: () => tracker.drain() });
}

const NO_CONNECTION = { requestNumber: undefined, ageMs: undefined } as const;

/** What the rules achieve for a request without a known connection. Reports why there is none. */
function enforcementWithoutConnection(tracker: ConnectionTracker, env: unknown): Enforcement {
  if (getRuntimeKey() === "workerd") {
    tracker.reportLimits("workerd");
    return "advisory";
  }
  if (!hasServerBindings(env)) tracker.reportMissingEnvironment();
  return "none";
}
