/** A short part of the simulation: each runtime plays its share. `tests/simulation/main.ts` runs it for longer. */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { partHere, playsAll, seedsHere } from "../support/share.ts";
import { HAPPENINGS, type Kind, LANDED } from "./dimensions.ts";
import { Figures } from "./figures.ts";
import { blind } from "./judges.ts";
import { longPlanOf, planOf } from "./plan.ts";
import { runSeed } from "./run.ts";
import { KEPT_SEEDS, RARE_CASES } from "./seeds.ts";
import { World } from "./world.ts";

/** Bun ends a test after 5 s by default, and a busy machine may need longer. */
const PATIENT = { timeout: 60_000 };

/** Runs a seed. Throws if an invariant is broken. */
async function run(seed: number, requests: number, kinds: readonly Kind[] = []): Promise<World> {
  const world = new World(planOf(seed, requests, kinds));
  await world.run();
  return world;
}

for (const seed of partHere([3, 12, 25, 40])) {
  test(`seed ${seed} replays exactly`, PATIENT, async () => {
    const { trace } = await run(seed, 120);
    assertEquals((await run(seed, 120)).trace.hash, trace.hash);
  });
}

/** Ten at a time. */
function tens(seeds: readonly number[]): (readonly number[])[] {
  const starts = seeds.filter((_, at) => at % 10 === 0);
  return starts.map((_, at) => seeds.slice(10 * at, 10 * at + 10));
}

const few = !playsAll && "Node plays enough seeds for that";
const figures = new Figures();

for (const seeds of tens(seedsHere(40))) {
  test(`no invariant is broken by the seeds from ${seeds[0]} on`, PATIENT, async () => {
    for (const seed of seeds) figures.add((await run(seed, 120)).figures);
  });
}

test("these seeds reuse connections, resend requests and see many faults", { skip: few }, () => {
  assert(figures.reused > 500, "connections are reused");
  assert(figures.retries > 5, "requests are sent again");
  assert(Object.keys(figures.faults).length > 20, "many kinds of faults occur");
});

test("thirty simulated days leave no drift and nothing behind", PATIENT, async () => {
  const world = new World(longPlanOf(3, 800, 30));
  await world.run();
  const days = world.agenda.now / 86_400_000;
  assert(days > 20 && days < 60, `${days} days`);
});

for (const { seed, requests, was, kinds } of partHere(KEPT_SEEDS)) {
  test(`seed ${seed} breaks no invariant any more: ${was}`, PATIENT, async () => {
    await run(seed, requests, kinds);
  });
}

for (const seed of partHere([1, 14, 33])) {
  test(`seed ${seed} replays exactly, whatever users and peers do`, PATIENT, async () => {
    const { trace } = await run(seed, 120, LANDED);
    assertEquals((await run(seed, 120, LANDED)).trace.hash, trace.hash);
  });
}

const lively = new Figures();

async function runLively(seed: number): Promise<void> {
  const failure = await runSeed({ requests: 120, days: undefined, kinds: LANDED }, seed, lively);
  assertEquals(failure, undefined);
}

for (const seeds of tens(seedsHere(80))) {
  test(`whatever users and peers do, no invariant is broken from seed ${seeds[0]} on`, PATIENT, async () => {
    for (const seed of seeds) await runLively(seed);
  });
}

test("no invariant is broken where judges have rare cases", { ...PATIENT, skip: few }, async () => {
  for (const seed of RARE_CASES) await runLively(seed);
});

// A judge without a case finds nothing wrong, whatever the library does.
test("every judge has something to decide in these seeds", { skip: few }, () => {
  assertEquals(blind(lively.cases, "worlds"), []);
});

for (const kind of LANDED) {
  test(`everything happens that belongs to the dimension ${kind}`, { skip: few }, () => {
    for (const what of HAPPENINGS[kind]) assert((lively.happenings[what] ?? 0) > 0, what);
  });
}
