/** Bounds what is shown of a pool with thousands of origins: the busiest origins, and the sum of the others. */

import type { OriginStats, PoolStats } from "../../pool/stats.ts";

/** The most origins that are listed one by one. */
export const MAX_ORIGINS_SHOWN = 100;

/** The key for the sum of all other origins. It cannot be an origin's own key. */
export const OTHER_ORIGINS = "other";

/** Sorts origins: most open connections and queued requests first, then most requests so far. */
export function busiestFirst(origins: PoolStats["origins"]): [origin: string, stats: OriginStats][] {
  return Object.entries(origins).sort(
    ([, a], [, b]) => b.open + b.queued - a.open - a.queued || b.requests - a.requests,
  );
}

/**
 * The same counts with at most {@linkcode MAX_ORIGINS_SHOWN} origins, and the others summed up as {@linkcode
 * OTHER_ORIGINS}.
 */
export function boundedStats(stats: PoolStats): PoolStats {
  const all = busiestFirst(stats.origins);
  if (all.length <= MAX_ORIGINS_SHOWN) return stats;
  const shown = Object.fromEntries(all.slice(0, MAX_ORIGINS_SHOWN));
  const rest = all.slice(MAX_ORIGINS_SHOWN).map(([, counts]) => counts);
  return { ...stats, origins: { ...shown, [OTHER_ORIGINS]: rest.reduce(sum) } };
}

function sum(a: OriginStats, b: OriginStats): OriginStats {
  const retired: Record<string, number> = { ...a.retired };
  for (const [reason, count] of Object.entries(b.retired)) retired[reason] = (retired[reason] ?? 0) + count;
  return {
    open: a.open + b.open,
    active: a.active + b.active,
    idle: a.idle + b.idle,
    connecting: a.connecting + b.connecting,
    streams: a.streams + b.streams,
    queued: a.queued + b.queued,
    opened: a.opened + b.opened,
    requests: a.requests + b.requests,
    reused: a.reused + b.reused,
    retries: a.retries + b.retries,
    failures: a.failures + b.failures,
    retired,
  };
}
