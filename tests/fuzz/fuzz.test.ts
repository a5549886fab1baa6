/** The response parser under fuzzing: everything that was ever found, and a short slice of what may be. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../http1/generate.ts";
import { keptSamples, startingSamples } from "./corpus.ts";
import { Fuzzer } from "./fuzzer.ts";
import { violation } from "./properties.ts";
import { SEEDS } from "./seeds.ts";

const SLICE = 2000;

describe("the response parser", () => {
  it("holds what it promises of every seed", () => {
    for (const sample of SEEDS) {
      for (let seed = 0; seed < 20; seed++) {
        assertEquals(violation(sample, new Random(seed)), undefined, JSON.stringify(sample));
      }
    }
  });

  for (const [name, sample] of keptSamples()) {
    it(`holds what it promises of ${name}, which once broke it`, () => {
      for (let seed = 0; seed < 20; seed++) assertEquals(violation(sample, new Random(seed)), undefined);
    });
  }

  it(`holds what it promises of ${SLICE} damaged responses`, () => {
    const fuzzer = new Fuzzer(1, startingSamples());
    while (fuzzer.count < SLICE) assertEquals(fuzzer.step(), undefined);
    assert(fuzzer.kinds > 100, `only ${fuzzer.kinds} kinds of outcome: the damage does not reach far`);
  });
});
