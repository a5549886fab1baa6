/** A program that can go through cases: a real system, or Holdfast with the system's preset. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Command, type Driver, startDriver } from "./driver.ts";
import { Recorder } from "./recorder.ts";
import { type Case, type Request, STAGGER_MS, type Step } from "./schedule.ts";
import { type Result, type Trace, traceOf } from "./trace.ts";

/** The recorder's addresses, one for each origin of the case. */
export type Origins = readonly [string, ...string[]];

/** A running program. */
export interface Program {
  readonly version: string;
  /** The port where it expects the recorder, if it must know it in advance. */
  portFor?(plan: Case): number | undefined;
  /**
   * Goes through the case and returns the results in order. Calls `over` after the last step, before anything is torn
   * down.
   */
  run(plan: Case, origins: Origins, over: () => Promise<void>): Promise<readonly Result[]>;
  close(): Promise<void>;
}

/** A program that is not installed, with a message that says how to install it. */
export interface Missing {
  readonly missing: string;
}

/** Time until the recorder sees the end of a connection that is closed at once. */
const SETTLE_MS = 300;

/** Runs one case with a program. */
export async function trace(program: Program, plan: Case): Promise<Trace> {
  const recorder = new Recorder(plan);
  try {
    const ports = await recorder.listen(program.portFor?.(plan));
    const [first = "", ...others] = ports.map((port) => `http://127.0.0.1:${port}`);
    let log = recorder.log();
    const results = await program.run(plan, [first, ...others], async () => {
      await sleep(SETTLE_MS);
      log = recorder.log();
    });
    return traceOf(log, results);
  } finally {
    recorder.close();
  }
}

/** Starts a program that speaks the line protocol. */
export async function lineProgram(command: Command): Promise<Program> {
  const driver = await startDriver(command);
  return {
    version: driver.version,
    run: (plan, origins, over) => runByLines(driver, plan, origins, over),
    close: () => driver.close(),
  };
}

async function runByLines(
  driver: Driver,
  plan: Case,
  origins: Origins,
  over: () => Promise<void>,
): Promise<Result[]> {
  const name = new URL(origins[0]).port;
  driver.open(name, plan.tune ?? {});
  const results = await walk(plan.steps, (number, request) =>
    driver.send(name, number, request.method, urlOf(origins, number, request)),
  );
  await over();
  driver.end(name);
  return results;
}

/** The URL of a request. Its path is the request's number. */
export function urlOf(origins: Origins, number: number, { origin = 0 }: Request): string {
  return `${origins[origin]}/${number}`;
}

/** Runs the steps one after the other. The requests of one step run at the same time. */
export async function walk(
  steps: readonly Step[],
  send: (number: number, request: Request) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const step of steps) {
    if ("wait" in step) await sleep(step.wait);
    else {
      const from = results.length + 1;
      const sent = step.together.map(async (request, at) => {
        await sleep(at * STAGGER_MS);
        return await send(from + at, request);
      });
      results.push(...(await Promise.all(sent)));
    }
  }
  return results;
}
