/** Audit: compares a pool's statistics with what the transport has seen. Runs between any two steps. */

import type { OriginStats, PoolStats } from "../../mod.ts";
import type { Finding, Judges } from "./judges.ts";
import type { Terms } from "./reuse-rules.ts";
import type { Tap } from "./tap.ts";

/** What is wrong with the statistics, or `undefined`. */
export function auditStats(
  stats: PoolStats,
  tap: Tap,
  terms: Terms,
  judges: Judges,
  { thrown, act }: { readonly thrown: number; readonly act: boolean },
): Finding | undefined {
  const { open, connecting, active, idle } = stats;
  const retired = sum(Object.values(stats.retired));
  const attempts = tap.connectAttempts;
  return (
    judges.finds(
      "stats: states",
      open > 0,
      open !== connecting + active + idle,
      () => `${open} open are not ${connecting} connecting, ${active} active and ${idle} idle`,
    ) ??
    judges.finds(
      "stats: open",
      open > 0,
      open !== tap.open,
      () => `${open} are open by stats(), but ${tap.open} at the transport`,
    ) ??
    // A listener may have closed the pool before a connect attempt that was decided on began.
    judges.finds(
      "stats: opened and retired",
      retired > 0,
      act ? attempts > open + retired : attempts !== open + retired,
      () => `${attempts} connect attempts are not ${open} open and ${retired} retired`,
    ) ??
    judges.finds(
      "maxIdle",
      idle > 0 && terms.maxIdle < Infinity,
      idle > terms.maxIdle,
      () => `${idle} idle exceed maxIdle`,
    ) ??
    auditOrigins(stats, tap, terms, judges) ??
    judges.finds(
      "stats: listenerErrors",
      thrown > 0,
      stats.listenerErrors !== thrown,
      () => `listeners threw ${thrown} times, but stats() counts ${stats.listenerErrors}`,
    )
  );
}

function auditOrigins(stats: PoolStats, tap: Tap, terms: Terms, judges: Judges): Finding | undefined {
  const origins = Object.entries(stats.origins);
  for (const field of FIELDS) {
    const total = sum(origins.map(([, origin]) => origin[field]));
    const problem = judges.finds(
      "stats: sums of origins",
      total > 0 && origins.length > 1,
      stats[field] !== total,
      () => `${field}: ${stats[field]} in all, ${total} as the sum of its origins`,
    );
    if (problem !== undefined) return problem;
  }
  for (const [key, { idle, open }] of origins) {
    const truth = tap.originFacts.get(key)?.open ?? 0;
    const problem =
      judges.finds(
        "maxIdlePerOrigin",
        idle > 0 && terms.maxIdlePerOrigin < Infinity,
        idle > terms.maxIdlePerOrigin,
        () => `${idle} idle to ${key} exceed maxIdlePerOrigin`,
      ) ??
      judges.finds(
        "stats: open of an origin",
        open > 0,
        open !== truth,
        () => `${open} open to ${key} by stats(), but ${truth} at the transport`,
      );
    if (problem !== undefined) return problem;
  }
  return undefined;
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
export function leftOver(stats: PoolStats, tap: Tap, judges: Judges): Finding | undefined {
  const { open, active, idle, connecting, queued } = stats;
  return (
    judges.finds(
      "nothing is left after close",
      tap.connectAttempts > 0,
      open + active + idle + connecting + queued > 0,
      `left after close: ${open} open, ${active} active, ${idle} idle, ${connecting} connecting, ${queued} queued`,
    ) ??
    judges.finds(
      "no upgraded connection is left",
      tap.everHandedOver,
      tap.handedOver.size > 0,
      () => `left at the end: ${tap.handedOver.size} upgraded connections`,
    ) ??
    judges.finds(
      "no connection is left",
      tap.connectAttempts > 0,
      tap.open > 0,
      () => `left after close: ${tap.open} connections at the transport`,
    )
  );
}
