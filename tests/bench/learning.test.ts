/** A short run of bench/learning, in virtual time. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { SCENARIOS } from "../../bench/learning/scenarios.ts";
import { simulate } from "../../bench/learning/simulate.ts";

const REQUESTS = 800;
/** A limit that silence has taught is tried again only after 1,000 requests. */
const SILENT_REQUESTS = 3000;

describe("learning", () => {
  for (const scenario of SCENARIOS) {
    it(`reduces stale hits with a server whose idle limit is: ${scenario.name}`, {
      timeout: 30_000,
    }, async () => {
      const requests = scenario.silent === undefined ? REQUESTS : SILENT_REQUESTS;
      const without = await simulate(scenario, requests, false, 1);
      const learning = await simulate(scenario, requests, true, 1);
      assertLessOrEqual(learning.staleHits, without.staleHits);
      assertLessOrEqual(learning.connections, without.connections);
      assertLessOrEqual(learning.stalls, without.stalls / 5);
      if (scenario.trueMs(0) === undefined) return;
      const { ratio = 0, above } = learning;
      assert(ratio > 0.9 && ratio <= 1, `learned ${ratio} of the limit`);
      assertLess(above, 0.25);
    });
  }

  it("gives the same result in every run", async () => {
    const [scenario] = SCENARIOS;
    assert(scenario !== undefined);
    assertEquals(await simulate(scenario, 300, true, 5), await simulate(scenario, 300, true, 5));
  });
});
