/** Run: runs seeds one after the other in one process, and collects the results. */

import type { Kind } from "./dimensions.ts";
import type { Figures } from "./figures.ts";
import { NeighboursWorld } from "./neighbours.ts";
import { PairWorld } from "./pair.ts";
import { longPlanOf, type Plan, planOf, type Silence, silentPlanOf } from "./plan.ts";
import { watchUnhandled } from "./unhandled.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

/** What to simulate. */
export interface RunOptions {
  /** Requests of each seed. */
  readonly requests: number;
  /** Spreads the requests over this many days. */
  readonly days: number | undefined;
  readonly kinds: readonly Kind[];
  /** What the worlds are about, if they are about silence. Then the other two have no effect. */
  readonly silence?: Silence | undefined;
}

/** A seed that broke an invariant. */
export interface Failure {
  readonly seed: number;
  readonly message: string;
}

/** The plan of a seed. */
export function planFor(options: RunOptions, seed: number): Plan {
  const { requests, days, kinds, silence } = options;
  if (silence !== undefined) return silentPlanOf(silence, seed, requests);
  return days === undefined ? planOf(seed, requests, kinds) : longPlanOf(seed, requests, days, kinds);
}

/** Runs one seed and adds up its figures. Returns the failure, if any. */
export async function runSeed(
  options: RunOptions,
  seed: number,
  figures: Figures,
): Promise<Failure | undefined> {
  const world = new World(planFor(options, seed));
  const failure = await outcome(seed, world);
  figures.add(world.figures);
  if (failure !== undefined || options.silence !== undefined) return failure;
  const beside = [PairWorld, NeighboursWorld].find((kind) => kind.belongsTo(seed, options.kinds));
  if (beside === undefined) return undefined;
  const pair = new beside(seed, options.requests);
  const other = await outcome(seed, pair);
  figures.add(pair.figures);
  return other;
}

async function outcome(
  seed: number,
  world: World | PairWorld | NeighboursWorld,
): Promise<Failure | undefined> {
  const { judges } = world;
  judges.rules("no error is unhandled", true, false, "");
  const unwatch = watchUnhandled((what) => judges.rules("no error is unhandled", true, true, what));
  try {
    await world.run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { seed, message: error.message };
  } finally {
    unwatch();
  }
}
