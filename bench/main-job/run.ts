/** Run: sends the schedules of all targets through one client at once. */

import { setMaxListeners } from "node:events";
import type { Client } from "./clients.ts";
import { drive, sleep } from "./drive.ts";
import { requestId } from "./origins/answer.ts";
import type { Progress } from "./progress.ts";
import type { Burst } from "./schedule.ts";
import { send } from "./send.ts";
import { Tallier, type Tally } from "./tally.ts";

/** A server to which requests go. */
export interface Target {
  readonly name: string;
  readonly about: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly bursts: readonly Burst[];
  /** Whether it is one of our origins, which send the request's id back. */
  readonly ours: boolean;
}

export interface Run {
  readonly client: Client;
  readonly targets: readonly Target[];
  /** When to stop, however much is left. */
  readonly limitMs: number;
  readonly progress: Progress;
  readonly stop: AbortSignal;
}

export interface RunResult {
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly elapsedMs: number;
  readonly notSent: number;
}

/** The targets start at slightly different times, so that their bursts do not coincide. */
const STAGGER_MS = 37;

export async function run({ client, targets, limitMs, progress, stop }: Run): Promise<RunResult> {
  const startedAt = performance.now();
  const planned = targets.reduce((sum, { bursts }) => sum + requestsIn(bursts), 0);
  const talliers = new Map(targets.map(({ name }) => [name, new Tallier()]));
  const limit = new AbortController();
  // Every request and every pause listens to the signal, so many listeners are no leak.
  setMaxListeners(0, limit.signal);
  const timer = setTimeout(() => limit.abort(), limitMs);
  const end = (): void => limit.abort();
  stop.addEventListener("abort", end);
  if (stop.aborted) end();
  progress.begin(client.title, planned, () => sum(talliers));
  await Promise.all(
    targets.map(async (target, index) => {
      await sleep(index * STAGGER_MS, limit.signal);
      const tallier = talliers.get(target.name) as Tallier;
      await drive({
        bursts: target.bursts,
        stop: limit.signal,
        tell: (outcome) => tallier.add(outcome),
        send: (request) => {
          const id = target.ours ? requestId(client.name, index, request.sequence) : undefined;
          return send({ fetch: client.fetch, base: target.origin, id, request, stop: limit.signal });
        },
      });
    }),
  );
  clearTimeout(timer);
  stop.removeEventListener("abort", end);
  progress.end();
  return {
    tallies: new Map([...talliers].map(([name, tallier]) => [name, tallier.result()])),
    elapsedMs: performance.now() - startedAt,
    notSent: planned - sum(talliers).done,
  };
}

function requestsIn(bursts: readonly Burst[]): number {
  return bursts.reduce((sum, { requests }) => sum + requests.length, 0);
}

function sum(talliers: ReadonlyMap<string, Tallier>): { done: number; failed: number } {
  let done = 0;
  let failed = 0;
  for (const { requests, failures } of talliers.values()) {
    done += requests;
    failed += failures;
  }
  return { done, failed };
}
