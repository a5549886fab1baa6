/** Program: something that can be put through cases: a real system, or Holdfast with the system's preset. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Command, type Driver, startDriver } from "./driver.ts";
import { Recorder } from "./recorder.ts";
import { type Case, type Request, STAGGER_MS, type Step } from "./schedule.ts";
import { type Result, type Trace, traceOf } from "./trace.ts";

/** Where the recorder listens: an address for each origin of the case. */
export type Origins = readonly [string, ...string[]];

export interface Program {
  readonly version: string;
  /** The port on which it expects the recorder, if it has to know beforehand. */
  portFor?(plan: Case): number | undefined;
  /**
   * Goes through the case with the server at these origins, and answers with the results in order. Calls `over` when
   * the last step is done and nothing has been torn down yet.
   */
  run(plan: Case, origins: Origins, over: () => Promise<void>): Promise<readonly Result[]>;
  close(): Promise<void>;
}

/** A program that is not on this machine, and what would bring it here. */
export interface Missing {
  readonly missing: string;
}

/** Time in which a connection that is given up at once is seen to close. */
const SETTLE_MS = 300;

/** Puts a program through one case. */
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

/** A program that takes its orders by lines. */
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

/** A request is known by its number. */
export function urlOf(origins: Origins, number: number, { origin = 0 }: Request): string {
  return `${origins[origin]}/${number}`;
}

/** Takes the steps one after the other; the requests of one step go at the same time. */
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
