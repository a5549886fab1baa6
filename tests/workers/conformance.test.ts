/** A slice of the conformance scenarios inside a Durable Object. `npm run workers` runs all of them. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { scenarios } from "../conformance/scenarios/all.ts";
import { DIFFERENCES, flawOf, runInObject } from "./conformance.ts";
import { isNode } from "./workerd.ts";

const SLICE = "connection";

describe("conformance in a Durable Object", { skip: !isNode && "started from Node" }, () => {
  it("leaves the traces of the other runtimes, but for declared capabilities", {
    timeout: 300_000,
  }, async () => {
    const outcomes = await runInObject(SLICE);
    const chosen = scenarios.filter(({ name }) => name.includes(SLICE));
    assert(chosen.length > 30);
    assertEquals(
      chosen.flatMap((scenario) => flawOf(scenario, outcomes.get(scenario.name)) ?? []),
      [],
    );
  });

  it("knows no difference of a scenario that there is not", () => {
    const names = new Set(scenarios.map(({ name }) => name));
    assertEquals(
      Object.keys(DIFFERENCES).filter((name) => !names.has(name)),
      [],
    );
  });
});
