/** Outage: when an origin is tried, and what counts as the end of an outage: tables, and laws as properties. */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  diedAlone,
  endsOutage,
  HUNG_MS,
  hungMs,
  neverReached,
  noteReached,
  overtakes,
  probeAt,
  type Reach,
  staleMs,
  unusualMs,
  waitedThroughOutage,
} from "../../src/rules/outage.ts";

const REACHED: Reach = { ...neverReached(), reachedAt: 1000, heardAt: 1000 };

describe("endsOutage", () => {
  const rows: [string, Partial<Reach>, number, boolean][] = [
    ["an attempt whose first packet was lost", {}, 1000, true],
    ["one that was slow, and sent no second packet", {}, 900, false],
    ["one that got through at once, after another failed", { failedAt: 1001 }, 5, true],
    ["one that got through after a failure that another had ended", { failedAt: 999 }, 5, false],
    ["the very first of an origin, however long it took", { reachedAt: -Infinity }, 60_000, false],
  ];
  const by = (tookMs: number, shortestMs = 5, overtook = false) => ({ tookMs, shortestMs, overtook });
  for (const [name, reach, tookMs, ends] of rows)
    test(`${name}: ${ends ? "yes" : "no"}`, () =>
      assertEquals(endsOutage({ ...REACHED, ...reach }, by(tookMs)), ends));

  test("a slow network hangs for longer", () => {
    assertEquals(
      [hungMs(600), endsOutage(REACHED, by(2399, 600)), endsOutage(REACHED, by(2400, 600))],
      [2400, false, true],
    );
  });

  test("one that overtook another does, however long attempts are known to take", () => {
    assertEquals(endsOutage(REACHED, by(5, 10_000, true)), true);
    assertEquals([overtakes(1750, 1000), overtakes(1749, 1000)], [true, false]);
  });
});

describe("what a connect attempt may take", () => {
  const known = (roundTripMs: number, answerMs: number) => ({ roundTripMs, answerMs });
  test("goes by answers where those are faster than the first attempts were, which a starting program made slow", () => {
    assertEquals([unusualMs(known(4000, 20)), staleMs(known(4000, 20))], [HUNG_MS, 250]);
    assertEquals([unusualMs(known(600, 5000)), staleMs(known(100, 5000))], [2400, 400]);
    assertEquals(unusualMs(known(Infinity, Infinity)), Infinity);
  });
});

describe("diedAlone", () => {
  const at = fc.integer({ min: 0, max: 100_000 });
  test("law: an outage teaches nothing: the origin was heard or reached while the last question waited", () => {
    fc.assert(
      fc.property(at, at, at, (heardAt, reachedAt, now) => {
        const reach = { ...neverReached(), heardAt, reachedAt, failedAt: now, probedAt: now, backAt: now };
        assertEquals(diedAlone(reach, now), now - heardAt <= 1000 || now - reachedAt <= 1000);
      }),
    );
    assertEquals(diedAlone(neverReached(), 0), false);
  });
});

describe("probeAt", () => {
  test("is when the origin has been silent for as long as a doubt takes", () => {
    assertEquals(probeAt(REACHED, 2000, 300), 2300);
    assertEquals(probeAt({ ...REACHED, heardAt: 2100 }, 2000, 300), 2400);
  });

  test("is rare once it was reached since: only its server is slow", () => {
    assertEquals(probeAt({ ...REACHED, reachedAt: 2001 }, 2000, 300), 7001);
    assertEquals(probeAt({ ...REACHED, reachedAt: 10_000 }, 2000, 300), 18_000);
  });

  test("is every 750 ms, however long attempts are known to take", () => {
    assertEquals(probeAt({ ...REACHED, probedAt: 2300 }, 2000, 300), 2300 + HUNG_MS);
  });

  const times = fc.integer({ min: 0, max: 100_000 });
  test("law: a request is asked for again only if it was silent for a whole doubt before an outage ended", () => {
    fc.assert(
      fc.property(
        times,
        times,
        times,
        fc.integer({ min: 300, max: 9000 }),
        (sentAt, now, tookMs, quietMs) => {
          const reach = { ...REACHED };
          const isBack = noteReached(reach, { tookMs, shortestMs: 5, overtook: false }, now);
          const waited = waitedThroughOutage(reach, sentAt, quietMs);
          assertEquals(waited, isBack && now - sentAt >= quietMs);
          assert(reach.reachedAt === now);
        },
      ),
    );
  });
});
