/** Own servers: the job with the user's own servers. It is gentle, and changes nothing there. */

import { type Arguments, GENTLE } from "./arguments.ts";
import { builtinClient, holdfastClient } from "./clients.ts";
import { cutShort, type Surroundings } from "./embedded.ts";
import type { Pause } from "./origins/origin.ts";
import { type ClientRun, type JobResult, originResult } from "./result.ts";
import { run, type Target } from "./run.ts";
import { isNode, runtimeName } from "./runtime.ts";
import { type Burst, type PlannedRequest, split } from "./schedule.ts";

/** The share of a client's time that is spent in pauses, because idle limits are what it can observe. */
const PAUSED_SHARE = 0.8;
/** How that time is divided: the longest pause shows the longest limit. */
const PAUSES = [0.05, 0.1, 0.25, 0.6] as const;
const WIDTHS = [1, 2, 4] as const;
/** The pause between two bursts that no other pause separates. */
const BREATH: Pause = { ms: 100 };
/** How much longer than planned a client may take before the rest is left out. */
const PATIENCE = 1.5;

export async function ownServersJob(given: Arguments, surroundings: Surroundings): Promise<JobResult> {
  const startedAt = performance.now();
  const clientMs = (given.seconds * 1000) / 2;
  const targets = targetsFor(given, clientMs);
  surroundings.announce(introduction(given, targets));
  const runs: ClientRun[] = [];
  for (const make of [() => holdfastClient({}), builtinClient]) {
    if (surroundings.stop.aborted) break;
    const client = await make();
    const result = await run({ client, targets, limitMs: clientMs * PATIENCE, ...surroundings });
    runs.push({ ...result, client, seen: undefined });
  }
  const origins = targets.map((target) => originResult(target, runs));
  for (const { client } of runs) await client.close();
  return {
    runtime: runtimeName(),
    interrupted: surroundings.stop.aborted,
    elapsedMs: performance.now() - startedAt,
    notes: [...unknowns(), ...cutShort(runs, surroundings.stop.aborted)],
    origins,
  };
}

function unknowns(): string[] {
  if (isNode()) return [];
  return [`${runtimeName()} does not tell when its fetch opens a connection: "?" in the table.`];
}

/** The longest time a connection is left idle. */
export function longestPauseMs(seconds: number): number {
  return Math.round(((seconds * 1000) / 2) * PAUSED_SHARE * Math.max(...PAUSES));
}

/** One target per server. It requests the server's URLs one after the other. */
function targetsFor({ urls, requests, method }: Arguments, clientMs: number): Target[] {
  const paths = new Map<string, string[]>();
  for (const { origin, pathname, search } of urls) {
    paths.set(origin, [...(paths.get(origin) ?? []), pathname + search]);
  }
  const each = Math.max(1, Math.floor(requests / paths.size));
  return [...paths].map(([origin, list]) => ({
    name: new URL(origin).host,
    about: origin,
    origin,
    ours: false,
    bursts: gentleBursts(plannedRequests(each, method, list), clientMs),
  }));
}

function plannedRequests(count: number, method: "GET" | "HEAD", paths: readonly string[]): PlannedRequest[] {
  return Array.from({ length: count }, (_, sequence) => ({
    sequence,
    method,
    path: paths[sequence % paths.length] as string,
    responseBytes: undefined,
    requestBytes: 0,
  }));
}

/** Small bursts, with pauses that grow. */
export function gentleBursts(requests: readonly PlannedRequest[], clientMs: number): Burst[] {
  const rounds = split(requests, Math.min(PAUSES.length + 1, requests.length));
  return rounds.flatMap((round, at) =>
    split(round, Math.min(WIDTHS.length, round.length)).map((burst, part) => ({
      pause: part > 0 ? BREATH : { ms: at === 0 ? 0 : clientMs * PAUSED_SHARE * (PAUSES[at - 1] as number) },
      width: WIDTHS[part % WIDTHS.length] as number,
      requests: burst,
    })),
  );
}

function introduction({ method, requests, seconds }: Arguments, targets: readonly Target[]): string[] {
  const at = targets.map(({ origin }) => origin).join(", ");
  return [
    `Holdfast and the built-in fetch on ${runtimeName()}, ${requests} ${method} requests each to ${at},`,
    `at most ${Math.max(...WIDTHS)} at once per server (and ${GENTLE.mostRequests} in all), about ${seconds} s in all.`,
  ];
}
