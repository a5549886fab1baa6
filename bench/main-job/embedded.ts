/** Embedded: the job with our own origins. */

import type { PoolOptions } from "../../mod.ts";
import type { Arguments } from "./arguments.ts";
import { builtinClient, type Client, holdfastClient } from "./clients.ts";
import { habits } from "./origins/habits.ts";
import type { Habit, Times } from "./origins/origin.ts";
import { OriginsProcess } from "./origins-process.ts";
import type { Progress } from "./progress.ts";
import { type ClientRun, type JobResult, originResult } from "./result.ts";
import { run, type Target } from "./run.ts";
import { runtimeName } from "./runtime.ts";
import { type Burst, fittingPauses, planBursts, timesFor, workMs } from "./schedule.ts";
import { plural } from "./words.ts";

/** What a job needs besides its arguments. */
export interface Surroundings {
  readonly progress: Progress;
  /** Ctrl-C. */
  readonly stop: AbortSignal;
  /** Called once, before the first request. */
  readonly announce: (lines: readonly string[]) => void;
}

/** The body sizes of responses. */
const RESPONSE_SIZES = [64, 1024, 3000, 30_000] as const;
/** How much longer than planned a client may take on a busy machine, before the remaining requests are left out. */
const PATIENCE = 1.6;
/** With an idle limit above this, the pool's defaults are safe. */
const DEFAULTS_SUFFICE_MS = 2300;

export async function embeddedJob(given: Arguments, surroundings: Surroundings): Promise<JobResult> {
  const startedAt = performance.now();
  const clientMs = (given.seconds * 1000) / 2;
  const times = timesFor(clientMs);
  const origins = await OriginsProcess.start(times);
  try {
    const { ports, notes } = origins.ready;
    const targets = targetsFor(ports, given.requests, clientMs, times);
    const options = poolOptions(times);
    surroundings.announce(introduction(given, targets, options, notes));
    const runs: ClientRun[] = [];
    for (const make of [() => holdfastClient(options), builtinClient]) {
      if (surroundings.stop.aborted) break;
      runs.push(await runClient(await make(), origins, targets, clientMs * PATIENCE, surroundings));
    }
    return {
      runtime: runtimeName(),
      interrupted: surroundings.stop.aborted,
      elapsedMs: performance.now() - startedAt,
      notes: [...notes, ...cutShort(runs, surroundings.stop.aborted)],
      origins: targets.map((target) => originResult(target, runs)),
    };
  } finally {
    await origins.stop();
  }
}

/**
 * A POST is never sent twice, so it must not meet a connection that the server is about to close. By default,
 * connections idle for less than 2 s count as safe, but the limits of a short run are shorter than that.
 */
export function poolOptions({ idleLimitMs }: Times): PoolOptions {
  return idleLimitMs >= DEFAULTS_SUFFICE_MS ? {} : { unsafeReuse: Math.round(idleLimitMs / 2) };
}

function targetsFor(
  ports: Readonly<Record<string, number>>,
  requests: number,
  clientMs: number,
  times: Times,
): Target[] {
  const running = habits.filter(({ name }) => name in ports);
  return running.map((habit, index) => ({
    name: habit.name,
    about: habit.about(times),
    origin: `http://127.0.0.1:${ports[habit.name]}`,
    ours: true,
    // The first origins get one more if the number does not divide evenly.
    bursts: burstsFor(habit, {
      requests: Math.ceil((requests - index) / running.length),
      clientMs,
      times,
      seed: index,
    }),
  }));
}

interface Share {
  readonly requests: number;
  readonly clientMs: number;
  readonly times: Times;
  readonly seed: number;
}

function burstsFor(habit: Habit, { requests, clientMs, times, seed }: Share): Burst[] {
  const { responseSizes = RESPONSE_SIZES, answerMs = 0 } = habit;
  const pauses = fittingPauses(habit.pauses(times), clientMs, workMs(requests, answerMs));
  return planBursts({ requests, pauses, responseSizes, seed });
}

async function runClient(
  client: Client,
  origins: OriginsProcess,
  targets: readonly Target[],
  limitMs: number,
  { progress, stop }: Surroundings,
): Promise<ClientRun> {
  await origins.turnTo(client.name);
  const result = await run({ client, targets, limitMs, progress, stop });
  await client.close();
  return { ...result, client, seen: await origins.seen(client.name) };
}

function introduction(
  { requests, seconds }: Arguments,
  targets: readonly Target[],
  options: PoolOptions,
  notes: readonly string[],
): string[] {
  const settings = Object.keys(options).length === 0 ? "" : JSON.stringify(options);
  return [
    `Holdfast and the built-in fetch on ${runtimeName()}: ${requests} requests each, about ${seconds} s in all.`,
    `The pool is createPool(${settings}). The origins, in a process of their own on 127.0.0.1:`,
    ...targets.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`),
    ...notes,
  ];
}

/** Says which requests were left out. Used for the user's own servers as well. */
export function cutShort(runs: readonly ClientRun[], interrupted: boolean): string[] {
  const why = interrupted ? "interrupted" : "the time was up";
  return runs
    .filter(({ notSent }) => notSent > 0)
    .map(
      ({ client, notSent }) =>
        `${plural(notSent, "planned request")} not made through ${client.title}: ${why}.`,
    );
}
