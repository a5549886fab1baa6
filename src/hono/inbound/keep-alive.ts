/** Keep-alive: `keepAlive()`, the middleware that gives inbound connections the rules of the book. */

import type { MiddlewareHandler } from "hono";
import { getRuntimeKey } from "hono/adapter";
import { type Clock, systemClock } from "../../contract/clock.ts";
import { callable, objectWith, refuseUnknown, wholeNumber } from "../../options/checks.ts";
import type { ServerPreset } from "../../rules/announce.ts";
import { responseHeaders } from "../response-headers.ts";
import { hasServer, serverOf } from "./find-server.ts";
import type { KeepAliveListener } from "./keep-alive-events.ts";
import { InboundKeeper } from "./keeper.ts";
import type { Enforcement } from "./server.ts";
import { type KeepAliveRules, serverRules } from "./server-rules.ts";

/** What is known of the connection a request came on: `c.var.keepAlive`. */
export interface KeepAliveInfo {
  /** Whether the rules are enforced here, or only told to the client. */
  readonly enforcement: Enforcement;
  /** 1 for the first request on the connection; `undefined` without a connection. */
  readonly requestNumber: number | undefined;
  /** Ms since the connection's first request. */
  readonly ageMs: number | undefined;
}

/** Variables that {@linkcode keepAlive} sets, for `new Hono<{ Variables: KeepAliveVariables }>()`. */
export interface KeepAliveVariables {
  keepAlive: KeepAliveInfo;
}

/** The environment of an application under {@linkcode keepAlive}. */
export interface KeepAliveEnv {
  Variables: KeepAliveVariables;
}

/** What is not a rule. */
export interface KeepAliveOptions {
  /**
   * Connections that are remembered by address and port on Deno.serve and Bun.serve, those seen last: a bound for
   * memory (some 200 bytes each). One that was forgotten is taken for a new one.
   *
   * @default 10000
   */
  readonly maxTracked?: number;
  /**
   * Told when the server cannot enforce the rules (once), when its environment does not reach the application (once), and
   * when a rule ends a connection.
   */
  readonly onEvent?: KeepAliveListener;
  /** Time; a test passes its own. @default the runtime's */
  readonly clock?: Clock;
  /** Numbers in [0, 1) for the jitter; a test passes its own. @default Math.random */
  readonly random?: () => number;
}

const DEFAULTS = { maxTracked: 10_000, onEvent: () => {}, clock: systemClock, random: Math.random };

/** Options, checked. @throws {TypeError | RangeError} naming the option and the value. */
function settingsOf(options: KeepAliveOptions): Required<KeepAliveOptions> {
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
 * Gives inbound connections an idle timeout, a number of requests and a lifetime: tells clients by `Keep-Alive` and
 * `Connection`, and has the server close where it can (`c.var.keepAlive.enforcement`). Mount it first, so that no
 * other middleware replaces the response after it.
 *
 * @throws {TypeError | RangeError} for an unknown, wrong or impossible rule or option; it names it, and the value.
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
): MiddlewareHandler<KeepAliveEnv> {
  const settings = settingsOf(options);
  const keeper = new InboundKeeper(serverRules(rules), settings);
  return async function keepAlive(c, next) {
    const inbound = serverOf(c.env, c.req.raw, settings.clock);
    if (inbound === undefined) {
      c.set("keepAlive", { ...NO_CONNECTION, enforcement: enforcementWithout(keeper, c.env) });
      return next();
    }
    const request = keeper.enter(inbound);
    // RFC 9112 §9.6: after the last response, what was pipelined behind its request must not be executed.
    if (request === undefined) return new Response(null, { status: 503, headers: { connection: "close" } });
    const { requestNumber, ageMs } = request;
    c.set("keepAlive", { enforcement: inbound.enforcement, requestNumber, ageMs });
    try {
      await next();
      const asked = c.req.header("connection");
      keeper.answer(request, asked, c.res.status === 101 ? undefined : responseHeaders(c));
    } finally {
      keeper.leave(request);
    }
  };
}

const NO_CONNECTION = { requestNumber: undefined, ageMs: undefined } as const;

/** What becomes of the rules where there is no connection to speak of; the observer is told why. */
function enforcementWithout(keeper: InboundKeeper, env: unknown): Enforcement {
  if (getRuntimeKey() === "workerd") {
    keeper.meet("workerd");
    return "advisory";
  }
  if (!hasServer(env)) keeper.missEnvironment();
  return "none";
}
