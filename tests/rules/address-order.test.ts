/** Address order: which address of a name is tried first, after the races before. */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { afterRace, NO_LOST_RACES, orderByLoad, orderByRaces } from "../../src/rules/address-order.ts";

const [A, B, C] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"] as const;
const MINUTE = 60_000;

describe("orderByRaces", () => {
  test("keeps the order while nothing is known", () => {
    assertEquals(orderByRaces([A, B, C], NO_LOST_RACES, 0), [A, B, C]);
  });
  test("puts an address that lost behind the others", () => {
    assertEquals(orderByRaces([A, B, C], afterRace(NO_LOST_RACES, B, [A], 0), 1), [B, C, A]);
  });
  test("puts the latest loss last", () => {
    const lost = afterRace(afterRace(NO_LOST_RACES, C, [B], 0), C, [A], 5);
    assertEquals(orderByRaces([A, B, C], lost, 6), [C, B, A]);
  });
  test("gives another chance after ten minutes", () => {
    const lost = afterRace(NO_LOST_RACES, B, [A], 0);
    assertEquals(orderByRaces([A, B], lost, 10 * MINUTE), [B, A]);
    assertEquals(orderByRaces([A, B], lost, 10 * MINUTE + 1), [A, B]);
  });
  test("forgets the loss of an address that connects", () => {
    const lost = afterRace(afterRace(NO_LOST_RACES, B, [A], 0), A, [], 1);
    assertEquals(orderByRaces([A, B], lost, 2), [A, B]);
  });
  test("never adds, drops or repeats an address", () => {
    const name = fc.integer({ min: 0, max: 9 }).map((at) => `192.0.2.${at}`);
    const race = fc.record({ winner: name, losers: fc.uniqueArray(name), at: fc.nat(20 * MINUTE) });
    const law = fc.property(fc.uniqueArray(name), fc.array(race), (addresses, races) => {
      let lost = NO_LOST_RACES;
      for (const { winner, losers, at } of races) lost = afterRace(lost, winner, losers, at);
      assertEquals([...orderByRaces(addresses, lost, 20 * MINUTE)].sort(), [...addresses].sort());
    });
    fc.assert(law);
  });
});

describe("afterRace", () => {
  test("says the same memory when there is nothing to learn", () => {
    assert(afterRace(NO_LOST_RACES, A, [], 0) === NO_LOST_RACES);
  });
  test("remembers 64 addresses, the latest losses", () => {
    let lost = NO_LOST_RACES;
    for (let at = 0; at < 100; at++) lost = afterRace(lost, A, [`198.51.100.${at}`], at);
    assertEquals(lost.size, 64);
    assert(lost.has("198.51.100.99") && !lost.has("198.51.100.35"));
  });
});

describe("orderByLoad", () => {
  const some = fc
    .uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 })
    .map((all) => all.map(String));
  const someLoads = fc.array(fc.nat(3), { minLength: 21, maxLength: 21 });
  test("has every address once, the fewest connections first, whatever is drawn", () => {
    fc.assert(
      fc.property(some, someLoads, fc.double({ min: 0, max: 1, noNaN: true }), (addresses, loads, random) => {
        const loadOf = (address: string) => loads[Number(address)] ?? 0;
        const ordered = orderByLoad(addresses, loadOf, random);
        assertEquals([...ordered].sort(), [...addresses].sort());
        assert(ordered.every((one, at) => at === 0 || loadOf(ordered[at - 1] ?? one) <= loadOf(one)));
      }),
    );
  });
  test("begins at any of those that are equal", () => {
    const first = (random: number) => orderByLoad([A, B, C], () => 0, random)[0];
    assertEquals([first(0), first(0.4), first(0.7), first(1)], [A, B, C, C]);
  });
});
