/**
 * Deeds: at a call of one of the user's functions, that function does something: it closes the pool, aborts a call,
 * sends a request, or throws. Whatever it does, every promise settles, each request ends once, and nothing is sent
 * after its abort.
 *
 * There are several hundred thousand combinations; a seed chooses some of them, others on each runtime. `HOLDFAST_DEEDS=5000` plays
 * that many for each scenario, and fewer on Deno and Bun. `HOLDFAST_SEED=7` chooses others.
 */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Prng } from "../support/prng.ts";
import { seedsHere } from "../support/share.ts";
import { FUNCTION_SCENARIOS } from "./nth/functions.ts";
import { DEEDS, Meddler, type Plan } from "./nth/meddler.ts";
import { DRIVEN_PLACES, type PlaceName } from "./nth/places.ts";
import { Saboteur } from "./nth/saboteur.ts";
import { type Scenario, ScenarioRun } from "./nth/scenario-run.ts";
import { SCENARIOS } from "./nth/scenarios.ts";
import { quiescence } from "./pump.ts";

/** Bun ends a test after 5 s by default, and a busy machine may need longer. */
const PATIENT = { timeout: 120_000 };

const HERE = seedsHere(Number(process.env.HOLDFAST_DEEDS ?? 40));
const COUNT = HERE.length;
const SEED = Number(process.env.HOLDFAST_SEED ?? HERE[0]);

const cameBy = new Set<string>();
const unhandled: unknown[] = [];

/** While these tests run, unhandled errors are reported by them; at other times, by the test runner. */
async function watching(play: () => Promise<void>): Promise<void> {
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
  try {
    await play();
  } finally {
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
  }
}

async function perform(scenario: Scenario, plan?: Plan): Promise<Meddler> {
  const meddler = new Meddler(plan);
  const run = new ScenarioRun(scenario, new Saboteur("the connect attempt is refused", Infinity), meddler);
  const problems = await run.perform();
  await quiescence();
  const when = plan === undefined ? "untouched" : `${plan.deed} at call ${plan.nth} of ${plan.place}`;
  const found = [
    ...problems,
    ...meddler.judge(),
    ...unhandled.splice(0).map((error) => `unhandled: ${error}`),
  ];
  assertEquals(found, [], `${scenario.name}: ${when}`);
  return meddler;
}

/** Chooses early calls more often than late ones, because most work begins there. */
function chosen(random: Prng, calls: ReadonlyMap<string, number>): Plan {
  const [place, count] = random.pick([...calls]) ?? ["event request.started", 1];
  const nth = 1 + random.below(random.oneIn(2) ? Math.min(count, 3) : count);
  return { place: place as PlaceName, nth, deed: random.among(...DEEDS) };
}

for (const scenario of [...SCENARIOS, ...FUNCTION_SCENARIOS])
  test(`whatever a user's function does, everything settles: ${scenario.name}`, PATIENT, () =>
    watching(async () => {
      const { calls } = await perform(scenario);
      for (const place of calls.keys()) cameBy.add(place);
      const random = new Prng(SEED);
      for (let round = 0; round < COUNT; round++) await perform(scenario, chosen(random, calls));
    }),
  );

test("some scenario reaches every place where the library calls a user's function", () => {
  assertEquals(
    DRIVEN_PLACES.filter((place) => !cameBy.has(place)),
    [],
  );
  assertEquals(
    [...cameBy].filter((place) => !DRIVEN_PLACES.includes(place)),
    [],
  );
});
