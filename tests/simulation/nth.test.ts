/** Fail the Nth: every scenario once for each operation in it, with that one gone wrong, until none is left to spoil. */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { SABOTAGES, Saboteur } from "./nth/saboteur.ts";
import { SCENARIOS } from "./nth/scenarios.ts";
import { type Scenario, Stage } from "./nth/stage.ts";

/** Bun allows 5 s unless told otherwise, and a busy machine may take longer. */
const PATIENT = { timeout: 60_000 };

/** More operations than any scenario has. */
const MOST = 200;

for (const scenario of SCENARIOS) {
  test(`nothing is left behind when an operation of this goes wrong: ${scenario.name}`, PATIENT, async () => {
    const sound = await perform(scenario, new Saboteur("the dial is refused", Infinity));
    let played = 0;
    for (const sabotage of SABOTAGES) {
      for (let nth = 1; nth < MOST; nth++) {
        const saboteur = new Saboteur(sabotage, nth);
        const stage = await perform(scenario, saboteur, `${sabotage}, operation ${nth}`);
        played += 1;
        if (saboteur.struck) continue;
        assertEquals(stage.outcomes, sound.outcomes, "untouched, it goes as it should");
        break;
      }
    }
    assert(played > SABOTAGES.length);
  });
}

async function perform(scenario: Scenario, saboteur: Saboteur, when = "untouched"): Promise<Stage> {
  const stage = new Stage(scenario, saboteur);
  const problems = await stage.perform();
  assertEquals(problems, [], `${scenario.name}: ${when}`);
  assert(stage.posts <= stage.postsMade, `${scenario.name}: ${when}: a POST was executed twice`);
  return stage;
}
