/** Propagation: the headers that tell a server which span its work belongs to, beside those of the caller. */

import { type HeadersSource, headerPairs } from "../fetch/arguments.ts";
import type { Propagate } from "./trace-options.ts";

type Pair = readonly [string, string];

const NO_TRACE = "0".repeat(32);

/** Trace Context §3.2: `00-`, the trace, the span, and the flags. `tracestate` belongs to the `traceparent` beside it (§3.3). */
export const traceContext: Propagate = (span, set) => {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  if (traceId === NO_TRACE) return;
  const flags = (traceFlags & 0xff).toString(16).padStart(2, "0");
  set("traceparent", `00-${traceId}-${spanId}-${flags}`);
  const state = traceState?.serialize();
  if (state !== undefined && state !== "") set("tracestate", state);
};

/** The caller's headers, and those of `added` that the caller did not set. */
export function withAdded(given: HeadersSource | undefined, added: readonly Pair[]): Pair[] {
  const pairs = given === undefined ? [] : [...headerPairs(given)];
  const own = new Set(pairs.map(([name]) => String(name).toLowerCase()));
  // The caller's own traceparent must not come with the tracestate of another span.
  if (own.has("traceparent")) own.add("tracestate");
  return [...pairs, ...added.filter(([name]) => !own.has(name.toLowerCase()))];
}
