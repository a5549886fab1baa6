/** The response parser under fuzzing: every input that was ever found, and a short run with new ones. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../http1/generate.ts";
import { keptSamples, startingSamples } from "./corpus.ts";
import { Fuzzer } from "./fuzzer.ts";
import { violation } from "./properties.ts";
import { SEEDS } from "./seeds.ts";

const SLICE = 2000;

describe("the response parser", () => {
  it("keeps its promises for every seed", () => {
    for (const sample of SEEDS) {
      for (let seed = 0; seed < 20; seed++) {
        assertEquals(violation(sample, new Random(seed)), undefined, JSON.stringify(sample));
      }
    }
  });

  for (const [name, sample] of keptSamples()) {
    it(`keeps its promises for ${name}, which once broke it`, () => {
      for (let seed = 0; seed < 20; seed++) assertEquals(violation(sample, new Random(seed)), undefined);
    });
  }

  it(`keeps its promises for ${SLICE} damaged responses`, () => {
    const fuzzer = new Fuzzer(1, startingSamples());
    while (fuzzer.count < SLICE) assertEquals(fuzzer.step(), undefined);
    assert(fuzzer.kinds > 100, `only ${fuzzer.kinds} kinds of outcome: the damage does not reach far`);
  });
});
