/** A short slice of the simulation, on every runtime. The long run is `tests/simulation/main.ts`. */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Figures } from "./figures.ts";
import { longPlanOf, planOf } from "./plan.ts";
import { KEPT_SEEDS } from "./seeds.ts";
import { World } from "./world.ts";

/** Runs a seed; throws when an invariant is broken. */
async function run(seed: number, requests: number): Promise<World> {
  const world = new World(planOf(seed, requests));
  await world.run();
  return world;
}

test("a seed replays exactly", async () => {
  for (const seed of [3, 12, 25, 40]) {
    const { trace } = await run(seed, 120);
    const again = await run(seed, 120);
    assertEquals(again.trace.hash, trace.hash, `seed ${seed} played a second time`);
  }
});

test("no invariant is broken in a slice of seeds", async () => {
  const figures = new Figures();
  for (let seed = 1; seed <= 40; seed++) figures.add((await run(seed, 120)).figures);
  assert(figures.reused > 500, "connections are reused");
  assert(figures.retries > 5, "requests are sent again");
  assert(Object.keys(figures.faults).length > 20, "much goes wrong");
});

test("thirty days pass without drift and without anything left behind", async () => {
  const world = new World(longPlanOf(3, 1500, 30));
  await world.run();
  const days = world.agenda.now / 86_400_000;
  assert(days > 20 && days < 60, `${days} days`);
});

test("seeds that once broke an invariant do so no more", async () => {
  for (const { seed, requests } of KEPT_SEEDS) await run(seed, requests);
});
