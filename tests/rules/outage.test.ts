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
  noteProbed,
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
    assertEquals(probeAt({ ...REACHED, probedAt: 2300, probingSince: 2300 }, 2000, 300), 2300 + HUNG_MS);
  });

  test("is the same for all who wait, also once it was reached since", () => {
    const reach = { ...REACHED, reachedAt: 2001, probedAt: 7001, probingSince: 7001 };
    for (const sentAt of [1500, 1900, 2000]) assertEquals(probeAt(reach, sentAt, 300), 7001 + HUNG_MS);
  });

  test("is one for all requests that wait, also where it was reached since", () => {
    assertEquals(probeAt({ ...REACHED, reachedAt: 2001, probedAt: 7001 }, 2000, 300), 7001 + HUNG_MS);
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

describe("how often an origin that stays silent is tried", () => {
  const [MINUTE, HOUR] = [60_000, 3_600_000];

  /** When attempts are made for a request that was sent at 2000, until so long after it. `reach` is as those leave it. */
  function attempts(forMs: number, reach: Reach = { ...REACHED }): number[] {
    const found: number[] = [];
    for (let at = probeAt(reach, 2000, 300); at <= 2000 + forMs; at = probeAt(reach, 2000, 300)) {
      noteProbed(reach, at);
      found.push(at);
    }
    return found;
  }

  const rows: [string, number, number][] = [
    ["a minute", MINUTE, 80],
    ["five minutes", 5 * MINUTE, 127],
    ["ten minutes", 10 * MINUTE, 137],
    ["an hour", HOUR, 237],
    ["ten hours", 10 * HOUR, 1317],
  ];
  for (const [name, forMs, count] of rows)
    test(`in ${name}: ${count} times`, () => assertEquals(attempts(forMs).length, count));

  test("law: in the first minute every 750 ms; what waited is late by a tenth of what exceeds it, and by 30 s at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: HOUR }), (outMs) => {
        const reach = { ...REACHED };
        attempts(outMs, reach);
        const lateMs = probeAt(reach, 2000, 300) - (2000 + outMs);
        assert(lateMs <= Math.min(Math.max(HUNG_MS, (outMs - MINUTE) / 10), 30_000), `${lateMs} ms late`);
      }),
    );
  });

  test("is often again when it was heard or reached, or when nobody had asked for a while", () => {
    for (const [what, laterMs] of [
      ["heardAt", 1000],
      ["reachedAt", 1000],
      ["failedAt", 61_000],
    ] as const) {
      const reach = { ...REACHED };
      const last = attempts(10 * MINUTE, reach).at(-1) ?? 0;
      assertEquals(probeAt(reach, 2000, 300) - last, 30_000);
      reach[what] = last + laterMs;
      noteProbed(reach, last + laterMs + 1);
      assertEquals(probeAt(reach, last + laterMs + 1, 300), last + laterMs + 1 + HUNG_MS, what);
    }
  });
});
