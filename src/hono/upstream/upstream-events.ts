/** Upstream events: what an observer of `upstream()` is told of requests that were answered with an error. */

import type { Clock } from "../../contract/clock.ts";
import { HoldfastError } from "../../contract/errors.ts";

/** An upstream failed: the client is told 502, 503 or 504, unless the application answers otherwise. */
export interface UpstreamFailed {
  readonly type: "upstream.failed";
  /** The status of {@linkcode upstreamErrorResponse}. */
  readonly status: 502 | 503 | 504;
  /** The inbound request's method. No path, no header. */
  readonly method: string;
  /** What `fetch` or `request` rejected with. */
  readonly error: unknown;
}

/** The client is to blame: it went away (499), or its request cannot be passed on (400, 417, 501). */
export interface ClientFailed {
  readonly type: "client.failed";
  readonly status: 400 | 417 | 499 | 501;
  readonly method: string;
  readonly error: unknown;
}

/** All that an observer may be told. */
export type UpstreamEvent = UpstreamFailed | ClientFailed;

/** Called synchronously; must be quick. What it throws is swallowed. */
export type UpstreamListener = (event: UpstreamEvent) => void;

/** Between two lines about the same kind of failure: an upstream that is down must not fill the log. */
const QUIET_MS = 10_000;

/**
 * The listener of those who give none: one line on the console for each kind of failure, at most every 10 s. Hono prints
 * errors that it answers with 500, and would not print these, which have an answer of their own.
 */
export function consoleListener(clock: Clock, print: (line: string) => void = warn): UpstreamListener {
  const told = new Map<string, { at: number; unsaid: number }>();
  return (event) => {
    if (event.type !== "upstream.failed") return;
    const { status, method, error } = event;
    const { code, text } = described(error);
    const now = clock.now();
    const last = told.get(code);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.unsaid += 1;
      return;
    }
    const more = last === undefined || last.unsaid === 0 ? "" : ` (and ${last.unsaid} more like it before)`;
    told.set(code, { at: now, unsaid: 0 });
    print(`upstream(): a ${method} was answered with ${status}: ${text}${more}`);
  };
}

/** The error that says what happened; codes are few, so that what is remembered by them is bounded. */
function described(error: unknown): { code: string; text: string } {
  if (!(error instanceof Error)) return { code: "", text: String(error) };
  const known = error instanceof HoldfastError ? error : error.cause;
  if (known instanceof HoldfastError) return { code: known.code, text: known.message };
  return { code: error.name === "TimeoutError" ? error.name : "", text: error.message };
}

function warn(line: string): void {
  // biome-ignore lint/suspicious/noConsole: a failure that nobody listens for must not pass in silence.
  console.warn(line);
}
