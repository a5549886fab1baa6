/**
 * Chunk: the program of one worker process of a fleet. It runs its seeds, reports the figures, and ends. Memory that
 * a runtime never frees ends with the process: on Node 20 the native counterpart of a failed web stream keeps the
 * error, and the error's call sites keep the whole world.
 */

import { Figures } from "./figures.ts";
import { type Failure, type RunOptions, runSeed } from "./run.ts";

/** The seeds to run: `seeds` of them, starting with `from`. */
export interface ChunkOptions extends RunOptions {
  readonly from: number;
  readonly seeds: number;
}

/** What a worker reports: the figures since its last report. */
export interface ChunkReport {
  readonly seed: number;
  readonly figures: Figures;
  readonly failures: readonly Failure[];
  readonly done: boolean;
}

/** Time between two reports, in ms. */
const REPORT_INTERVAL_MS = 1000;

async function runChunk(options: ChunkOptions): Promise<void> {
  // The stack frames of an error would keep its world in memory.
  Error.stackTraceLimit = 0;
  let figures = new Figures();
  let failures: Failure[] = [];
  let told = performance.now();
  const end = options.from + options.seeds;
  for (let seed = options.from; seed < end; seed++) {
    const failure = await runSeed(options, seed, figures);
    if (failure !== undefined) failures.push(failure);
    if (performance.now() - told < REPORT_INTERVAL_MS && seed + 1 < end) continue;
    told = performance.now();
    tell({ seed, figures, failures, done: seed + 1 === end });
    figures = new Figures();
    failures = [];
  }
}

function tell(news: ChunkReport): void {
  process.send?.(news);
}

// On an interrupt the parent prints its results, and ends its workers itself.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.once("message", (options) => {
  void runChunk(options as ChunkOptions).then(() => process.disconnect?.());
});
