/** Network: a short slice of the lab. `npm run network` runs all of it, beside other clients. */

import process from "node:process";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type NetworkCase, FORGETS as WHOLE } from "./cases.ts";
import { missing } from "./lab.ts";
import { runCase } from "./run.ts";

/** The lab is of namespaces and programs of its own, whoever runs this file: once is enough. */
const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);
const skip = isNode ? missing() : "the test on Node starts this runtime's client as well";

/** Two rounds that find dead connections, and two that find none any more. */
const FORGETS: NetworkCase = { ...WHOLE, steps: WHOLE.steps.slice(0, 10) };

describe("a gateway that forgets idle connections", { skip }, () => {
  it("costs the first requests the time of a doubt, later ones nothing, and fails none", async () => {
    const figures = await runCase(FORGETS, "holdfast", [process.execPath, "--import", "tsx"]);
    assertEquals([figures.failed, figures.extra, figures.origin.postsTwice], [0, 0, 0]);
    for (const { ms } of figures.sent) assert(ms < 6000, `a request took ${ms} ms`);
    const stalled = figures.sent.filter(({ ms }) => ms >= 1000).map(({ step }) => step);
    assert(stalled.length > 0, "no connection was forgotten: the lab proves nothing");
    assert(
      stalled.every((step) => step <= 4),
      `stalled in the rounds ${stalled.join()}`,
    );
  });
});
