/** `poolStatus()`: a sub-application that shows a pool at work as a page, as JSON, as events and as metrics. */

import { type Context, Hono } from "hono";
import { type Clock, systemClock } from "../../contract/clock.ts";
import { observe } from "../../metrics/observe.ts";
import { PrometheusMeter } from "../../metrics/prometheus.ts";
import { PAGE, SCRIPT, STYLE } from "./assets.ts";
import { boundedStats } from "./busiest-origins.ts";
import { StatusMessageBuilder, type StatusPool } from "./message-builder.ts";
import { Viewers } from "./viewers.ts";

/** Options of {@linkcode poolStatus}. */
export interface PoolStatusOptions {
  /** The most pages that may watch at once. Another one gets a 503. @default 20 */
  readonly maxViewers?: number;
  /** The clock, for tests. @default the runtime's */
  readonly clock?: Clock;
}

/** Scripts, styles and events come from this origin only, and nothing is inline. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Shows a pool at work:
 *
 * - `/`: a page with a lane for each connection (its requests, idle gaps and the reason for its end), a table of
 *   origins, and a history. It loads nothing from elsewhere and works under a strict content security policy.
 * - `/stats`: the pool's `stats()` as JSON. The busiest 100 origins are listed; the others are summed up as `"other"`.
 * - `/events`: the data of the page, as server-sent events.
 * - `/metrics`: Prometheus' text format, with the names of OpenTelemetry's conventions. The first 100 origins have
 *   labels of their own; the others are summed up under `server_address="other"`.
 *
 * They show no path, header or credential of a request. They do show origins and addresses, so mount it behind
 * authentication. Use `basicAuth` or a cookie: a browser sends no bearer token for the events of a page.
 *
 * While it is mounted, the pool builds events for every request, which costs some microseconds each.
 *
 * @throws {RangeError} if `maxViewers` is not a whole number of at least 1.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { basicAuth } from "hono/basic-auth";
 * import { createPool } from "@holdfast/pool";
 * import { poolStatus } from "@holdfast/pool/hono";
 *
 * const pool = createPool();
 * const app = new Hono();
 * app.use("/_pool/*", basicAuth({ username: "ops", password: "from your secrets" }));
 * app.route("/_pool", poolStatus(pool));
 * ```
 */
export function poolStatus(pool: StatusPool, options: PoolStatusOptions = {}): Hono {
  const { maxViewers = 20, clock = systemClock } = options;
  if (!Number.isInteger(maxViewers) || maxViewers < 1) {
    throw new RangeError(`maxViewers must be a whole number from 1: current value is ${maxViewers}`);
  }
  const meter = new PrometheusMeter();
  observe(pool, meter);
  const viewers = new Viewers(new StatusMessageBuilder(pool, clock), clock, maxViewers);

  return new Hono()
    .get("/", page)
    .get("/status.js", (c) => asset(c, "text/javascript", SCRIPT))
    .get("/status.css", (c) => asset(c, "text/css", STYLE))
    .get("/stats", (c) => c.json(boundedStats(pool.stats()), 200, { "Cache-Control": "no-store" }))
    .get("/metrics", (c) => text(c, "text/plain; version=0.0.4; charset=utf-8", meter.text()))
    .get("/events", (c) => events(c, viewers));
}

/**
 * Serves the page. Its links are relative, and depend on whether the path ends with a slash. Hono may have removed that
 * slash from `c.req.path`, so the path is read from the URL.
 */
function page(c: Context): Response {
  const last = new URL(c.req.url).pathname.split("/").at(-1) ?? "";
  const base = last === "" ? "./" : `./${last.replace(/[^\w.~%-]/g, encodeURIComponent)}/`;
  c.header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  c.header("Referrer-Policy", "no-referrer");
  return text(c, "text/html; charset=utf-8", PAGE.replaceAll("{base}", base));
}

function asset(c: Context, type: string, content: string): Response {
  return text(c, `${type}; charset=utf-8`, content);
}

function text(c: Context, type: string, content: string): Response {
  const headers = { "Content-Type": type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };
  return c.body(content, 200, headers);
}

function events(c: Context, viewers: Viewers): Response {
  // Hono answers HEAD with the handler of GET and drops the body, so a stream would never be read.
  if (c.req.raw.method === "HEAD") return c.body(null, 200, EVENT_HEADERS);
  const stream = viewers.stream(c.req.raw.signal);
  if (stream === undefined) return c.text("Too many pages watch already", 503, { "Retry-After": "10" });
  return c.body(stream, 200, EVENT_HEADERS);
}

const EVENT_HEADERS = {
  "Content-Type": "text/event-stream",
  // Keeps proxies from buffering or compressing the stream.
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
} as const;
