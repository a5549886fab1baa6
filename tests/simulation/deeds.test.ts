/**
 * Deeds: at each call of a function of the user's, something is done in it: the pool is closed, a call aborted, a request
 * sent, an error thrown. Whatever it is, all comes to rest, each request ends once, and nothing is sent after its abort.
 *
 * All combinations are some hundred thousand; a seed chooses some of them. `HOLDFAST_DEEDS=5000` plays that many for each
 * scenario, `HOLDFAST_SEED=7` others.
 */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Prng } from "../support/prng.ts";
import { FUNCTION_SCENARIOS } from "./nth/functions.ts";
import { DEEDS, Meddler, type Plan } from "./nth/meddler.ts";
import { DRIVEN_PLACES, type PlaceName } from "./nth/places.ts";
import { Saboteur } from "./nth/saboteur.ts";
import { SCENARIOS } from "./nth/scenarios.ts";
import { type Scenario, Stage } from "./nth/stage.ts";
import { quiescence } from "./pump.ts";

/** Bun allows 5 s unless told otherwise, and a busy machine may take longer. */
const PATIENT = { timeout: 120_000 };

const COUNT = Number(process.env.HOLDFAST_DEEDS ?? 40);
const SEED = Number(process.env.HOLDFAST_SEED ?? 1);

const cameBy = new Set<string>();
const unhandled: unknown[] = [];

/** Errors that nobody took are these tests' while they run, and the runner's else. */
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
  const stage = new Stage(scenario, new Saboteur("the dial is refused", Infinity), meddler);
  const problems = await stage.perform();
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

/** Early calls more often than late ones: most is begun there. */
function chosen(random: Prng, calls: ReadonlyMap<string, number>): Plan {
  const [place, count] = random.pick([...calls]) ?? ["event request.started", 1];
  const nth = 1 + random.below(random.oneIn(2) ? Math.min(count, 3) : count);
  return { place: place as PlaceName, nth, deed: random.among(...DEEDS) };
}

for (const scenario of [...SCENARIOS, ...FUNCTION_SCENARIOS])
  test(`whatever a function does in its call, all comes to rest: ${scenario.name}`, PATIENT, () =>
    watching(async () => {
      const { calls } = await perform(scenario);
      for (const place of calls.keys()) cameBy.add(place);
      const random = new Prng(SEED);
      for (let round = 0; round < COUNT; round++) await perform(scenario, chosen(random, calls));
    }),
  );

test("each place at which a function is called was come by", () => {
  assertEquals(
    DRIVEN_PLACES.filter((place) => !cameBy.has(place)),
    [],
  );
  assertEquals(
    [...cameBy].filter((place) => !DRIVEN_PLACES.includes(place)),
    [],
  );
});
