/** Workers: the bench of Workers as a section: its lines, and the ratios that have a goal. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nodeWithTsx } from "../../scripts/test/tools.ts";
import type { Effort } from "./sections.ts";

/** A comparison of two ways that has a goal. */
export interface WorkersRatio {
  readonly what: string;
  readonly byRate: number;
  readonly byCpu: number;
}

/** What it prints, and what of that has a goal. */
export interface WorkersFigures {
  readonly lines: readonly string[];
  readonly ratios: readonly WorkersRatio[];
}

const SCRIPT = fileURLToPath(new URL("../workers/main.ts", import.meta.url));
/** It starts workerd, which is slow on a busy machine. */
const MOST_MS = 600_000;
const run = promisify(execFile);

/** Runs it in a process of its own. */
export async function measureWorkers({ rounds, runMs }: Effort): Promise<WorkersFigures> {
  const [program = "", ...args] = [...nodeWithTsx, SCRIPT];
  const effort = ["--rounds", String(rounds), "--seconds", String(runMs / 1000)];
  const { stdout } = await run(program, [...args, ...effort], { timeout: MOST_MS });
  return readWorkers(stdout);
}

const RATIO = /^(.+): ([\d.]+) by rate, ([\d.]+) by processor time \(goal: /;

/** Reads its output. */
export function readWorkers(output: string): WorkersFigures {
  const lines = output.trim().split("\n");
  const ratios = lines.flatMap((line) => {
    const [, what, byRate, byCpu] = RATIO.exec(line) ?? [];
    return what === undefined ? [] : [{ what, byRate: Number(byRate), byCpu: Number(byCpu) }];
  });
  return { lines, ratios };
}
