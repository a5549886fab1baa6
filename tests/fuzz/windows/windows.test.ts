/** The windows of HTTP/2 in random lives of a connection: nobody sends more than was allowed, and all of it arrives. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Random } from "../../http1/generate.ts";
import { PATIENT } from "../../support/patience.ts";
import { seedsHere } from "../../support/share.ts";
import { flowProblem } from "./flow.ts";

const SEEDS = seedsHere(120);

describe("the windows of a connection", () => {
  it(`are kept in ${SEEDS.length} random lives`, PATIENT, async () => {
    for (const seed of SEEDS) assertEquals(await flowProblem(new Random(seed)), undefined, `seed ${seed}`);
  });
});
