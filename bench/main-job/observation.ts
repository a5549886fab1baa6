/** Observation: what Holdfast saw of the user's own server, in plain words. */

import type { Figures } from "./result.ts";
import { ranked } from "./tally.ts";
import type { PoolView } from "./watch.ts";
import { plural } from "./words.ts";

/** Sentences about a server, from its responses and its connections. */
export function observations(figures: Figures, longestPauseMs: number): string[] {
  const { pool, statuses } = figures;
  if (pool === undefined || figures.requests === 0) return [];
  if (Object.keys(statuses).length === 0) return ["It gave no answer."];
  return [
    announced(figures.announcements, pool.notUnderstood),
    ended(pool.serverEndedAfterRequests),
    notPersistent(pool.retired["not-persistent"]),
    givenUp(pool.retired["hint-timeout"]),
    closed(pool, longestPauseMs),
    learned(pool.learnedIdleMs),
    answers(statuses),
  ].filter((sentence) => sentence !== undefined);
}

function announced(values: readonly string[], notUnderstood: readonly string[]): string {
  if (values.length === 0) return "It announces no keep-alive limits.";
  const list = values.map((value) => `“${value}”`).join(", ");
  const flaw = notUnderstood.length === 0 ? "" : ", part of which is not understood and not used";
  return `It announces Keep-Alive: ${list}${flaw}.`;
}

function ended(requests: readonly number[]): string | undefined {
  if (requests.length === 0) return undefined;
  return `It ended ${plural(requests.length, "connection")} with Connection: close, after ${range(requests)} requests.`;
}

function notPersistent(times: number | undefined): string | undefined {
  if (times === undefined) return undefined;
  return `${plural(times, "connection")} could carry one response only (HTTP/1.0, or a body without a length).`;
}

function givenUp(times: number | undefined): string | undefined {
  if (times === undefined) return undefined;
  return `Holdfast closed ${plural(times, "idle connection")} itself, shortly before the announced limit.`;
}

function closed(
  { serverClosedAfterMs, retired, opened }: PoolView,
  longestPauseMs: number,
): string | undefined {
  const seconds = serverClosedAfterMs.map((ms) => Math.round(ms / 100) / 10);
  if (seconds.length > 0) {
    return `It closed ${plural(seconds.length, "idle connection")} without a word, after ${range(seconds)} s.`;
  }
  // If no connection was idle for long, nothing is known of what the server would have done.
  if (retired["hint-timeout"] !== undefined || opened <= (retired["not-persistent"] ?? 0)) return undefined;
  return `It closed no idle connection by itself; the longest pause was ${(longestPauseMs / 1000).toFixed(1)} s.`;
}

function learned(idleMs: number | undefined): string | undefined {
  if (idleMs === undefined || idleMs === Infinity) return undefined;
  return `From that Holdfast learned to keep idle connections for ${(idleMs / 1000).toFixed(1)} s.`;
}

function answers(statuses: Readonly<Record<string, number>>): string | undefined {
  const list = ranked(statuses).map(([status, times]) => `${status} ×${times}`);
  return list.length === 0 ? undefined : `Status of its answers: ${list.join(", ")}.`;
}

function range(values: readonly number[]): string {
  const least = Math.min(...values);
  const most = Math.max(...values);
  return least === most ? String(least) : `${least} to ${most}`;
}
