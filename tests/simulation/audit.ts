/** Audit: compares a pool's statistics with what the transport has seen. Runs between any two steps. */

import type { OriginStats, PoolStats } from "../../mod.ts";
import type { Terms } from "./reuse-rules.ts";
import type { Tap } from "./tap.ts";

/** What is wrong with the statistics, or `undefined`. */
export function auditStats(
  stats: PoolStats,
  tap: Tap,
  terms: Terms,
  { thrown, act }: { readonly thrown: number; readonly act: boolean },
): string | undefined {
  const { open, connecting, active, idle } = stats;
  if (open !== connecting + active + idle)
    return `${open} open are not ${connecting} connecting, ${active} active and ${idle} idle`;
  if (open !== tap.open) return `${open} are open by stats(), but ${tap.open} at the transport`;
  const retired = sum(Object.values(stats.retired));
  // A listener may have closed the pool before a connect attempt that was decided on began.
  if (act ? tap.connectAttempts > open + retired : tap.connectAttempts !== open + retired)
    return `${tap.connectAttempts} connect attempts are not ${open} open and ${retired} retired`;
  if (idle > terms.maxIdle) return `${idle} idle exceed maxIdle`;
  for (const field of FIELDS) {
    const total = sum(Object.values(stats.origins).map((origin) => origin[field]));
    if (stats[field] !== total) return `${field}: ${stats[field]} in all, ${total} as the sum of its origins`;
  }
  for (const [key, origin] of Object.entries(stats.origins)) {
    if (origin.idle > terms.maxIdlePerOrigin) return `${origin.idle} idle to ${key} exceed maxIdlePerOrigin`;
    const truth = tap.originFacts.get(key)?.open ?? 0;
    if (origin.open !== truth)
      return `${origin.open} open to ${key} by stats(), but ${truth} at the transport`;
  }
  const counted = stats.listenerErrors;
  return counted === thrown ? undefined : `listeners threw ${thrown} times, but stats() counts ${counted}`;
}

const FIELDS = [
  "open",
  "connecting",
  "active",
  "idle",
  "queued",
  "opened",
  "requests",
  "reused",
] as const satisfies readonly (keyof OriginStats)[];

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What is left of a closed pool, or `undefined`. */
export function leftOver(stats: PoolStats, tap: Tap): string | undefined {
  const { open, active, idle, connecting, queued } = stats;
  if (open + active + idle + connecting + queued > 0)
    return `left after close: ${open} open, ${active} active, ${idle} idle, ${connecting} connecting, ${queued} queued`;
  if (tap.handedOver.size > 0) return `left at the end: ${tap.handedOver.size} upgraded connections`;
  return tap.open > 0 ? `left after close: ${tap.open} connections at the transport` : undefined;
}
