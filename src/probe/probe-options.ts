/** Probe options: what a probe may cost the server, and within which bounds it stays without being asked twice. */

import { type Duration, formatMs, toMs } from "../contract/duration.ts";
import { quoted } from "../contract/excerpt.ts";

/** How far a probe goes. */
export interface ServerProbeOptions {
  /** How long an idle connection is watched, and a busy one kept busy. @default "5m" */
  readonly maxIdle?: Duration | undefined;
  /** The most requests on one connection when their limit is looked for. @default 200 */
  readonly requests?: number | undefined;
  /** The most connections open at a time, 4 at least. Below 12, HTTP/2 is measured after HTTP/1.1. @default 20 */
  readonly connections?: number | undefined;
  /** The method of every request: `"HEAD"` costs the server least. @default "HEAD", and "GET" where HEAD is refused */
  readonly method?: "GET" | "HEAD" | undefined;
  /**
   * Whether HTTP/2 is measured as well: `"alpn"` where the server chooses it in TLS, `"prior-knowledge"` also without TLS.
   *
   * @default "alpn"
   */
  readonly http2?: "alpn" | "prior-knowledge" | false | undefined;
  /** Allows more than the defaults, and link-local addresses (where clouds keep their credentials). @default false */
  readonly yes?: boolean | undefined;
  /** Ends the probe. What is known by then is reported. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is being waited for, about once a second and whenever something was found. */
  readonly onProgress?: ((progress: ProbeProgress) => void) | undefined;
}

/** How far a probe is. */
export interface ProbeProgress {
  /** What is waited for, in words. */
  readonly waitingFor: string;
  /** How long it lasts at most from now on, in ms. */
  readonly leftMs: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Requests that were answered. */
  readonly requests: number;
}

/** The options with their defaults filled in. */
export interface ProbeSettings {
  readonly maxIdleMs: number;
  readonly requests: number;
  readonly connections: number;
  readonly method: "GET" | "HEAD" | undefined;
  readonly http2: "alpn" | "prior-knowledge" | false;
  readonly yes: boolean;
}

/** What needs no `yes`. */
const POLITE = { maxIdleMs: 300_000, requests: 200, connections: 20 } as const;
/** Fewer connections cannot do the experiments that run side by side. */
const FEWEST_CONNECTIONS = 4;

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} for a value of the wrong kind.
 * @throws {RangeError} for one out of its range, or beyond what is polite without `yes`.
 */
export function probeSettings(options: ServerProbeOptions): ProbeSettings {
  const { method, yes = false, http2 = "alpn" } = options;
  if (method !== undefined && method !== "GET" && method !== "HEAD")
    throw new TypeError(
      `method must be "GET" or "HEAD", because a probe changes nothing: got ${quoted(String(method))}`,
    );
  if (http2 !== "alpn" && http2 !== "prior-knowledge" && http2 !== false)
    throw new TypeError(`http2 must be "alpn", "prior-knowledge" or false: got ${quoted(String(http2))}`);
  const settings: ProbeSettings = {
    maxIdleMs: toMs(options.maxIdle ?? POLITE.maxIdleMs, "maxIdle"),
    requests: wholeNumber(options.requests ?? POLITE.requests, "requests", 1),
    connections: wholeNumber(options.connections ?? POLITE.connections, "connections", FEWEST_CONNECTIONS),
    method,
    http2,
    yes,
  };
  if (!Number.isFinite(settings.maxIdleMs))
    throw new RangeError("maxIdle must be a finite time: got Infinity");
  if (settings.maxIdleMs < 1000)
    throw new RangeError(`maxIdle must be 1s or more: got ${formatMs(settings.maxIdleMs)}`);
  if (!yes) checkPolite(settings);
  return settings;
}

function checkPolite({ maxIdleMs, requests, connections }: ProbeSettings): void {
  const numbers = [
    ["maxIdle", maxIdleMs, POLITE.maxIdleMs, formatMs],
    ["requests", requests, POLITE.requests, String],
    ["connections", connections, POLITE.connections, String],
  ] as const;
  for (const [name, value, polite, format] of numbers) {
    if (value > polite)
      throw new RangeError(
        `${name} above ${format(polite)} needs yes, because the server may mind: got ${format(value)}`,
      );
  }
}

function wholeNumber(value: number, option: string, least: number): number {
  if (!Number.isInteger(value))
    throw new TypeError(`${option} must be a whole number: got ${quoted(String(value))}`);
  if (value < least) throw new RangeError(`${option} must be ${least} or more: got ${value}`);
  return value;
}
