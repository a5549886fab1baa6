/** Follow: runs a part in processes of its own for its share of time, reads their output, and ends them on Ctrl-C. */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { root } from "../entries.ts";
import type { Part } from "./parts.ts";

export interface Following {
  readonly seconds: number;
  readonly from: number;
  /** Ctrl-C. */
  readonly interrupt: AbortSignal;
  /** Called now and then with the progress. */
  readonly everyMs: number;
  tell(progress: { readonly elapsed: number; readonly last: string }): void;
}

/** The output of one process. */
export interface ProcessOutput {
  readonly command: readonly string[];
  readonly lines: readonly string[];
  readonly ok: boolean;
}

export interface Clues {
  readonly runs: readonly ProcessOutput[];
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** A part that runs this much longer than its share hangs. Some parts cannot stop in the middle of their work. */
const GRACE_MS = 240_000;

/** How long a process may take to report after Ctrl-C. */
const REPORT_MS = 10_000;

/** Runs a part: once, or in rounds until its time is up. */
export async function follow(part: Part, given: Following): Promise<Clues> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const runs: ProcessOutput[] = [];
  let last = "";
  const progress = setInterval(() => given.tell({ elapsed: seconds(), last }), given.everyMs);
  try {
    do {
      const turn = { seconds: given.seconds, seed: given.from + runs.length };
      const hear = (line: string): void => {
        last = line;
      };
      runs.push(await once(part.command(turn), given, hear));
    } while (
      part.rounds === true &&
      seconds() < given.seconds &&
      !given.interrupt.aborted &&
      runs.at(-1)?.ok
    );
  } finally {
    clearInterval(progress);
  }
  return { runs, seconds: seconds(), interrupted: given.interrupt.aborted };
}

async function once(
  command: readonly string[],
  { seconds, interrupt }: Following,
  hear: (line: string) => void,
): Promise<ProcessOutput> {
  const [file = "", ...args] = command;
  // In a process group of its own, it gets Ctrl-C only from us, and the processes that it started end with it.
  const child = spawn(file, args, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: plain(),
  });
  const lines: string[] = [];
  const take = (line: string): void => {
    lines.push(line);
    if (line.trim() !== "") hear(line);
  };
  for (const output of [child.stdout, child.stderr]) createInterface(output).on("line", take);
  const timers: NodeJS.Timeout[] = [];
  const end = (): void => {
    signal(child, "SIGINT");
    timers.push(setTimeout(() => signal(child, "SIGKILL"), REPORT_MS));
  };
  interrupt.addEventListener("abort", end);
  timers.push(setTimeout(end, seconds * 1000 + GRACE_MS));
  const ok = await new Promise<boolean>((resolve) => {
    child.on("error", (error) => {
      take(String(error));
      resolve(false);
    });
    child.on("close", (code, by) => {
      if (by !== null) take(`It was ended by ${by}.`);
      resolve(code === 0);
    });
  });
  interrupt.removeEventListener("abort", end);
  for (const timer of timers) clearTimeout(timer);
  return { command, lines, ok };
}

/** Colours would be in the way when the output is read. A test runner that runs us must not get reports of the part. */
function plain(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  return { ...env, NO_COLOR: "1" };
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // The whole group has ended by itself.
  }
}
