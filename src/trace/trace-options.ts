/** Options of `trace()`. */

import type { Pool } from "../create-pool.ts";
import { callable, objectWith, refuseUnknown, show } from "../options/checks.ts";
import type { SpanLike, TracerLike } from "./tracer-like.ts";

/** Sends a header with the request, unless the caller of the pool set one of that name. */
export type SetHeader = (name: string, value: string) => void;

/** Sets the headers that tell the server which span its work belongs to. */
export type Propagate<S extends SpanLike = SpanLike> = (span: S, set: SetHeader) => void;

/** Options of {@linkcode trace}. */
export interface TraceOptions<S extends SpanLike = SpanLike> {
  /**
   * Which headers tell the server of the span. `true`: `traceparent` and `tracestate` (W3C Trace Context), unless the caller sets
   * a `traceparent`. A function sets others. Its error, and one of the tracer, never fails a call: the call goes on without.
   * Off: `false`.
   *
   * @default true
   */
  readonly propagate?: boolean | Propagate<S>;
  /**
   * What `url.full` of the span says. Credentials never get here: a pool refuses URLs that have them.
   *
   * @default the URL without its fragment, and with `REDACTED` in place of every value of the query
   */
  readonly url?: (url: URL) => string;
}

const KNOWN_OPTIONS = { propagate: 0, url: 0 } as const satisfies Record<keyof TraceOptions, 0>;

/** What of a pool is needed to trace it. */
const POOL_METHODS = ["fetch", "request", "subscribe"] as const;

/** @throws {TypeError} that names the argument or the option. */
export function checkTrace<S extends SpanLike>(
  pool: Pool,
  tracer: TracerLike<S>,
  options: TraceOptions<S>,
): void {
  objectWith(pool, "pool", POOL_METHODS);
  objectWith(tracer, "tracer", ["startSpan"]);
  objectWith(options, "trace options", []);
  refuseUnknown(options, KNOWN_OPTIONS, "trace option");
  const { propagate, url } = options;
  if (url !== undefined) callable(url, "url");
  if (propagate !== undefined && typeof propagate !== "boolean" && typeof propagate !== "function")
    throw new TypeError(`propagate must be a boolean or a function: current value is ${show(propagate)}`);
}
