/** Fail the Nth: plays every scenario once for each operation in it, with that operation spoiled. Each runtime plays its share. */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { partHere } from "../support/share.ts";
import { SABOTAGES, Saboteur } from "./nth/saboteur.ts";
import { type Scenario, ScenarioRun } from "./nth/scenario-run.ts";
import { SCENARIOS } from "./nth/scenarios.ts";

/** Bun ends a test after 5 s by default, and a busy machine may need longer. */
const PATIENT = { timeout: 60_000 };

/** More operations than any scenario has. */
const MOST = 200;

for (const scenario of partHere(SCENARIOS)) {
  test(`nothing is left behind when any one operation goes wrong: ${scenario.name}`, PATIENT, async () => {
    const sound = await perform(scenario, new Saboteur("the connect attempt is refused", Infinity));
    let played = 0;
    for (const sabotage of SABOTAGES) {
      for (let nth = 1; nth < MOST; nth++) {
        const saboteur = new Saboteur(sabotage, nth);
        const run = await perform(scenario, saboteur, `${sabotage}, operation ${nth}`);
        played += 1;
        if (saboteur.struck) continue;
        assertEquals(run.outcomes, sound.outcomes, "without a fault, the scenario goes as it should");
        break;
      }
    }
    assert(played > SABOTAGES.length);
  });
}

async function perform(scenario: Scenario, saboteur: Saboteur, when = "untouched"): Promise<ScenarioRun> {
  const run = new ScenarioRun(scenario, saboteur);
  const problems = await run.perform();
  assertEquals(problems, [], `${scenario.name}: ${when}`);
  assert(run.posts <= run.postsMade, `${scenario.name}: ${when}: a POST was executed twice`);
  return run;
}
