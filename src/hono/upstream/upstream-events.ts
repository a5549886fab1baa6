/** The events of `upstream()`, and the listener that prints them if the application passes none. */

import type { Clock } from "../../contract/clock.ts";
import { HoldfastError } from "../../contract/errors.ts";

/** An upstream failed. The client gets 502, 503 or 504, or 508 for a loop, unless the application answers otherwise. */
export interface UpstreamFailed {
  /** Which event this is. */
  readonly type: "upstream.failed";
  /** The status of {@linkcode upstreamErrorResponse}. */
  readonly status: 502 | 503 | 504 | 508;
  /** The inbound request's method. Path and headers are left out on purpose. */
  readonly method: string;
  /** The error that `fetch` or `request` rejected with. */
  readonly error: unknown;
}

/** The client caused the failure: it went away (499), or its request cannot be passed on (400, 417, 501). */
export interface ClientFailed {
  /** Which event this is. */
  readonly type: "client.failed";
  /** What the client is answered, if it is still there. */
  readonly status: 400 | 417 | 499 | 501;
  /** The inbound request's method. */
  readonly method: string;
  /** What was thrown. */
  readonly error: unknown;
}

/** Every event of `upstream()`. */
export type UpstreamEvent = UpstreamFailed | ClientFailed;

/** Called synchronously, so it must be quick. Its exceptions are swallowed. */
export type UpstreamListener = (event: UpstreamEvent) => void;

/**
 * Least time between two lines about the same kind of failure, so that an upstream that is down does not fill the log.
 */
const QUIET_MS = 10_000;

/**
 * The default listener. It prints one line for each kind of failure, at most every 10 s. Without it nothing would be
 * printed: Hono only prints errors that have no response of their own.
 */
export function consoleListener(clock: Clock, print: (line: string) => void = warn): UpstreamListener {
  const printed = new Map<string, { at: number; suppressed: number }>();
  return (event) => {
    if (event.type !== "upstream.failed") return;
    const { status, method, error } = event;
    const { code, text } = describeError(error);
    const now = clock.now();
    const last = printed.get(code);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.suppressed += 1;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    const more = suppressed === 0 ? "" : ` (and ${suppressed} more like it before)`;
    printed.set(code, { at: now, suppressed: 0 });
    print(`upstream(): a ${method} was answered with ${status}: ${text}${more}`);
  };
}

/** The kind and the text of an error. There are few codes, so a map keyed by them is bounded. */
function describeError(error: unknown): { code: string; text: string } {
  if (!(error instanceof Error)) return { code: "", text: String(error) };
  const known = error instanceof HoldfastError ? error : error.cause;
  if (known instanceof HoldfastError) return { code: known.code, text: known.message };
  return { code: error.name === "TimeoutError" ? error.name : "", text: error.message };
}

function warn(line: string): void {
  // biome-ignore lint/suspicious/noConsole: without a listener, the console is the only place that shows a failure.
  console.warn(line);
}
