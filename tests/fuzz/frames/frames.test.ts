/** HTTP/2 connections under fuzzing: what was ever found, and a short run with new samples. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../http1/generate.ts";
import { playsAll, seedsHere } from "../../support/share.ts";
import { FrameFuzzer } from "./fuzzer.ts";
import { frameViolation } from "./properties.ts";
import { FOUND } from "./regressions.ts";

const HERE = seedsHere(400);
const SLICE = HERE.length;
const KINDS = playsAll ? 150 : 50;

describe("an HTTP/2 connection", () => {
  for (const [name, sample] of Object.entries(FOUND)) {
    it(`keeps its promises for ${name}, which once broke it`, () => {
      for (let seed = 0; seed < 20; seed++) assertEquals(frameViolation(sample, new Random(seed)), undefined);
    });
  }

  it(`keeps its promises for ${SLICE} servers that are damaged or not`, () => {
    const fuzzer = new FrameFuzzer(HERE[0] ?? 1);
    while (fuzzer.count < SLICE) assertEquals(fuzzer.step(), undefined);
    assert(fuzzer.kinds > KINDS, `only ${fuzzer.kinds} kinds of outcome: the damage does not reach far`);
  });
});
