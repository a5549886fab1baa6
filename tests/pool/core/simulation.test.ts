import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Prng } from "../../support/prng.ts";
import { partHere, seedsHere } from "../../support/share.ts";
import { SEEDS } from "./seeds.ts";
import { simulate } from "./simulation.ts";

const CLIMATES = ["harsh", "kind"] as const;
const SIXTY = seedsHere(60);
const EIGHTY = seedsHere(80);
const from = ([first]: readonly number[]) => `from seed ${first} on`;

describe("a random life of the core", () => {
  for (const { seed, steps, found } of partHere(SEEDS)) {
    it(`keeps every invariant from seed ${seed}, which once found that ${found}`, () => {
      simulate(seed, steps);
    });
  }

  it(`keeps every invariant ${from(SIXTY)}`, () => {
    let grants = 0;
    for (const seed of SIXTY) grants += simulate(seed, 200).grants;
    assert(grants > 17 * SIXTY.length, `only ${grants} requests got a connection`);
  });

  it(`keeps every invariant ${from(SIXTY)} where most requests are served by an idle connection`, () => {
    let reused = 0;
    for (const seed of SIXTY) reused += simulate(seed, 200, "kind").reused;
    assert(reused > 10 * SIXTY.length, `only ${reused} requests got a connection that was used before`);
  });

  for (const capacity of ["three", "changing"] as const) {
    it(`keeps every invariant ${from(SIXTY)} where connections take several leases: ${capacity}`, () => {
      let shared = 0;
      for (const seed of SIXTY)
        for (const climate of CLIMATES) shared += simulate(seed, 200, climate, capacity).shared;
      assert(shared > 17 * SIXTY.length, `only ${shared} requests shared a connection`);
    });
  }

  it(`keeps every invariant ${from(EIGHTY)} where origins have rules and requests have time limits of their own`, () => {
    let grants = 0;
    for (const seed of EIGHTY)
      for (const climate of CLIMATES)
        for (const capacity of ["one", "changing"] as const)
          grants += simulate(seed, 200, climate, capacity, true).grants;
    assert(grants > 63 * EIGHTY.length, `only ${grants} requests got a connection`);
  });

  it("keeps every invariant from a seed that once found a connection for an origin whose waiters had just got a shared one", () => {
    simulate(164810035, 500, "kind", "changing");
  });

  it("keeps every invariant from a random seed", () => {
    for (const climate of CLIMATES)
      for (const capacity of ["one", "three", "changing"] as const)
        simulate(Math.floor(Math.random() * 2 ** 31), 500, climate, capacity);
  });

  it("is the same again from the same seed", () => {
    assertEquals(simulate(42, 300), simulate(42, 300));
    assertNotEquals(simulate(42, 300), simulate(43, 300));
  });
});

describe("Prng", () => {
  it("gives the same numbers on every runtime", () => {
    const prng = new Prng(1);
    assertEquals([prng.below(1000), prng.below(1000), prng.below(1000)], [627, 2, 527]);
  });
});
