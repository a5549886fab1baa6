/**
 * Chunk: the program of one worker of a fleet. It runs the seeds it is given, tells its figures, and ends: whatever a
 * runtime keeps for ever is gone with the process. (On Node 20 every web stream has a native twin that the collector
 * frees late; one that failed holds the error, whose call sites hold the world.)
 */

import type { Kind } from "./dimensions.ts";
import { Figures } from "./figures.ts";
import { type Failure, runSeed } from "./run.ts";

/** The seeds from `from` on, so many. */
export interface ChunkWish {
  readonly from: number;
  readonly seeds: number;
  readonly requests: number;
  readonly days: number | undefined;
  readonly kinds: readonly Kind[];
}

/** What a worker tells: the figures since it told the last time. */
export interface ChunkNews {
  readonly seed: number;
  readonly figures: Figures;
  readonly failures: readonly Failure[];
  readonly done: boolean;
}

/** So often, in ms. */
const TELLS_EVERY = 1000;

async function runChunk(wish: ChunkWish): Promise<void> {
  // Frames of an error hold on to the world that it came from.
  Error.stackTraceLimit = 0;
  let figures = new Figures();
  let failures: Failure[] = [];
  let told = performance.now();
  const end = wish.from + wish.seeds;
  for (let seed = wish.from; seed < end; seed++) {
    const failure = await runSeed(wish, seed, figures);
    if (failure !== undefined) failures.push(failure);
    if (performance.now() - told < TELLS_EVERY && seed + 1 < end) continue;
    told = performance.now();
    tell({ seed, figures, failures, done: seed + 1 === end });
    figures = new Figures();
    failures = [];
  }
}

function tell(news: ChunkNews): void {
  process.send?.(news);
}

// The parent prints what is known when it is interrupted, and ends its workers itself.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.once("message", (wish) => {
  void runChunk(wish as ChunkWish).then(() => process.disconnect?.());
});
