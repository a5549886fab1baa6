/** Network: a short slice of the lab. `npm run network` runs all of it, beside other clients. */

import process from "node:process";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type NetworkCase, FORGETS as WHOLE } from "./cases.ts";
import { missing } from "./lab.ts";
import { type Figures, runCase } from "./run.ts";

/** The lab is of namespaces and programs of its own, whoever runs this file: once is enough. */
const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);
const skip = isNode ? missing() : "the test on Node starts this runtime's client as well";

/** Two rounds that find dead connections, and two that find none any more. */
const FORGETS: NetworkCase = { ...WHOLE, steps: WHOLE.steps.slice(0, 10) };

/** A busy machine may hold a request up as long as a dead connection does, but not in each run. */
const MOST_RUNS = 3;

/** What took longer than it may. */
function lateness(sent: Figures["sent"]): string | undefined {
  const stalled = sent.filter(({ ms }) => ms >= 1000);
  assert(stalled.length > 0, "no connection was forgotten: the lab proves nothing");
  const late = stalled.filter(({ ms, step }) => ms >= 6000 || step > 4);
  return late.length > 0 ? JSON.stringify(late) : undefined;
}

describe("a gateway that forgets idle connections", { skip }, () => {
  it("costs the first requests the time of a doubt, later ones nothing, and fails none", async () => {
    let late: string | undefined = "nothing was run";
    for (let left = MOST_RUNS; left > 0 && late !== undefined; left--) {
      const figures = await runCase(FORGETS, "holdfast", [process.execPath, "--import", "tsx"]);
      assertEquals([figures.failed, figures.extra, figures.origin.postsTwice], [0, 0, 0]);
      late = lateness(figures.sent);
    }
    assertEquals(late, undefined);
  });
});
