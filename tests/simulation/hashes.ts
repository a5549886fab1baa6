/** Hashes: prints the trace hashes of some seeds, so that runtimes can be compared. */

import { LANDED } from "./dimensions.ts";
import { PairWorld } from "./pair.ts";
import { planOf } from "./plan.ts";
import { World } from "./world.ts";

for (const seed of [2, 12, 13, 25, 27, 35, 40]) {
  const world = new World(planOf(seed, 120));
  await world.run();
  console.log(`${seed} ${world.trace.hash}`);
}

for (const seed of [1, 3, 9, 14, 18, 22, 33]) {
  const world = new World(planOf(seed, 120, LANDED));
  await world.run();
  console.log(`${seed} with users ${world.trace.hash}`);
}

for (const seed of [3, 13, 23]) {
  const pair = new PairWorld(seed, 240);
  await pair.run();
  console.log(`${seed} pair ${pair.trace.hash}`);
}
