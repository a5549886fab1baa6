/** Admission and fairness: what a request without an idle connection may do, and who yields at the total limit. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Admission,
  admit,
  type Contender,
  type Occupancy,
  yieldsTo,
} from "../../src/rules/admission.ts";
import { rules } from "../support/facts.ts";

describe("admit", () => {
  const limits = rules({ maxConnections: 4, maxConnectionsPerOrigin: 2 });
  /** Counts in the order origin open, origin idle, total open, total idle. */
  const rows: [counts: [number, number, number, number], expected: Admission][] = [
    [[0, 0, 0, 0], "connect"],
    [[1, 1, 1, 1], "connect"],
    [[1, 0, 3, 0], "connect"],
    [[2, 0, 2, 0], "wait"],
    [[2, 1, 2, 1], "evict-own"],
    [[2, 2, 4, 2], "evict-own"],
    [[2, 0, 4, 2], "wait"],
    [[0, 0, 4, 0], "wait"],
    [[0, 0, 4, 1], "evict-any"],
    [[1, 1, 4, 1], "evict-any"],
    [[1, 0, 4, 0], "wait"],
  ];
  for (const [counts, expected] of rows) {
    it(`${expected} at ${counts.join(", ")} of 2 and 4`, () => {
      const [originOpen, originIdle, totalOpen, totalIdle] = counts;
      assertEquals(admit({ originOpen, originIdle, totalOpen, totalIdle }, limits), expected);
    });
  }

  it("never exceeds a limit, and never waits while an idle connection could be evicted", () => {
    const counts = fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(5)).map(
      ([originIdle, originBusy, otherIdle, otherBusy]): Occupancy => ({
        originOpen: originIdle + originBusy,
        originIdle,
        totalOpen: originIdle + originBusy + otherIdle + otherBusy,
        totalIdle: originIdle + otherIdle,
      }),
    );
    const limit = fc.integer({ min: 1, max: 12 });
    const law = fc.property(counts, limit, limit, (at, total, perOrigin) => {
      const answer = admit(at, rules({ maxConnections: total, maxConnectionsPerOrigin: perOrigin }));
      const full = at.totalOpen >= total;
      const ownFull = at.originOpen >= perOrigin;
      if (answer === "connect") assert(!full && !ownFull);
      if (answer === "evict-own") assert(ownFull && at.originIdle > 0);
      if (answer === "evict-any") assert(full && !ownFull && at.totalIdle > 0);
      if (answer === "wait") assert(ownFull ? at.originIdle === 0 : full && at.totalIdle === 0);
    });
    fc.assert(law, { numRuns: 1000 });
  });
});

describe("an origin yields a released connection", () => {
  const none = Infinity;
  type Side = [open: number, waitingSince: number, arrival?: number];
  const rows: [what: string, own: Side, other: Side, contenders: number, total: number, yields: boolean][] = [
    ["when nobody waits for it", [1, none], [0, 50], 2, 4, true],
    ["from above its share to one below", [4, 10], [0, 50], 2, 4, true],
    ["from above its share to one below that has some", [3, 10], [1, 50], 2, 4, true],
    ["not at equal shares", [2, 10], [2, 5], 2, 4, false],
    ["not from its share", [2, 10], [1, 5], 2, 4, false],
    ["not to one at its share", [3, 10], [2, 5], 2, 4, false],
    ["to one without any that waited longer", [1, 10], [0, 5], 5, 4, true],
    ["not to one without any that came later", [1, 10], [0, 15], 5, 4, false],
    ["not to one without any that came at the same time", [1, 10], [0, 10], 5, 4, false],
    ["not to one that came later within the clock's grain", [1, 10, 1], [0, 10, 2], 5, 4, false],
    ["to one without any that came before within the clock's grain", [1, 10, 2], [0, 10, 1], 5, 4, true],
    ["not to one that has a connection where shares are less than one", [1, 10], [1, 5], 5, 4, false],
  ];
  const contender = ([open, waitingSince, arrival = 0]: Side): Contender => ({ open, waitingSince, arrival });
  for (const [what, ownSide, otherSide, contenders, total, yields] of rows) {
    it(what, () => {
      const own = contender(ownSide);
      const other = contender(otherSide);
      assertEquals(yieldsTo(own, other, contenders, rules({ maxConnections: total })), yields);
    });
  }

  it("never back and forth: of two waiting origins, at most one yields to the other", () => {
    const side = fc.record({
      open: fc.integer({ min: 1, max: 9 }),
      waitingSince: fc.nat(99),
      arrival: fc.nat(9),
    });
    const law = fc.property(
      side,
      side,
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 1, max: 20 }),
      (a, b, n, total) => {
        const limits = rules({ maxConnections: total });
        if (!yieldsTo(a, b, n, limits)) return;
        // After the connection changed sides.
        const after = [
          { ...a, open: a.open - 1 },
          { ...b, open: b.open + 1 },
        ] as const;
        assertEquals(yieldsTo(after[1], after[0], n, limits), false);
      },
    );
    fc.assert(law, { numRuns: 1000 });
  });
});
