/** Idle choice: which idle connection is reused, and when it is proven fresh. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { chooseIdle } from "../../src/rules/idle-choice.ts";
import type { ConnectionFacts } from "../../src/rules/rules.ts";
import { isProvenFresh, verdict } from "../../src/rules/verdict.ts";
import { facts, hints, moments, rules, someFacts, someRules } from "../support/facts.ts";

describe("isProvenFresh", () => {
  const by = rules({ unsafeReuseMs: 2000 });
  const rows: [what: string, at: Partial<ConnectionFacts>, provenMs: number][] = [
    ["unsafeReuse where nothing is known", {}, 2000],
    ["unsafeReuse for a connection that was never used", { requests: 0 }, 2000],
    ["what the server announced, less the margin", { hints: hints({ timeoutMs: 30_000 }) }, 29_000],
    [
      "no more than 30 s of an announcement: others forget from then on",
      { hints: hints({ timeoutMs: 60_000 }) },
      30_000,
    ],
    ["unsafeReuse under a shorter announcement", { hints: hints({ timeoutMs: 2500 }) }, 2000],
    ["unsafeReuse under a learned limit, which is only a bound from above", { learnedIdleMs: 8000 }, 2000],
    ["an age at which reuse worked", { workedIdleMs: 9000 }, 9000],
    [
      "the longest of all",
      { hints: hints({ timeoutMs: 5000 }), learnedIdleMs: 6000, workedIdleMs: 7000 },
      7000,
    ],
    [
      "no announcement where connections were silent",
      { hints: hints({ timeoutMs: 30_000 }), silentIdleMs: 5000 },
      2000,
    ],
    ["no more than the age at which they were silent", { silentIdleMs: 1500 }, 1500],
    ["reuse that worked where they were silent", { silentIdleMs: 1500, workedIdleMs: 1400 }, 1500],
    ["unsafeReuse where nothing was learned yet", { learnedIdleMs: Infinity }, 2000],
  ];
  for (const [what, at, provenMs] of rows) {
    it(`depends on ${what}`, () => {
      const idle = facts({ idleSince: 100, ...at });
      assertEquals(isProvenFresh(idle, by, 100 + provenMs - 1), true);
      assertEquals(isProvenFresh(idle, by, 100 + provenMs), false);
    });
  }

  it("trusts no unknown server if unsafeReuse is 0, and every server if it is Infinity", () => {
    assertEquals(isProvenFresh(facts(), rules({ unsafeReuseMs: 0 }), 0), false);
    assertEquals(isProvenFresh(facts(), rules({ unsafeReuseMs: Infinity }), 1e12), true);
  });

  it("never becomes true again", () => {
    const law = fc.property(someFacts, someRules, moments, moments, (at, by, now, laterMs) => {
      if (!isProvenFresh(at, by, at.idleSince + now)) {
        assertEquals(isProvenFresh(at, by, at.idleSince + now + laterMs), false);
      }
    });
    fc.assert(law);
  });
});

describe("chooseIdle", () => {
  const stalest = facts({ idleSince: 0 });
  const freshest = facts({ idleSince: 5000 });
  const ends = { stalest, freshest, oldest: undefined, freshestUsed: undefined };
  const lifo = rules({ reuseOrder: "lifo" });
  const fifo = rules({ reuseOrder: "fifo" });

  it("takes the connection that reuseOrder names", () => {
    assertStrictEquals(chooseIdle(ends, lifo, false, 5000), freshest);
    assertStrictEquals(chooseIdle(ends, fifo, false, 5000), stalest);
  });

  it("takes only a connection that is proven fresh for an unsafe request", () => {
    assertStrictEquals(chooseIdle(ends, lifo, true, 6999), freshest);
    assertStrictEquals(chooseIdle(ends, lifo, true, 7000), undefined);
  });

  it("takes the freshest for an unsafe request if the stalest is not proven fresh", () => {
    assertStrictEquals(chooseIdle(ends, fifo, true, 1999), stalest);
    assertStrictEquals(chooseIdle(ends, fifo, true, 2000), freshest);
    assertStrictEquals(chooseIdle(ends, fifo, true, 7000), undefined);
  });

  it("gives one of the candidates, and a proven one for an unsafe request", () => {
    const law = fc.property(
      someFacts,
      someFacts,
      someRules,
      fc.boolean(),
      moments,
      (a, b, by, unsafe, now) => {
        const [stalest, freshest] = a.idleSince <= b.idleSince ? [a, b] : [b, a];
        const chosen = chooseIdle({ stalest, freshest, oldest: a, freshestUsed: b }, by, unsafe, now);
        assert(chosen === undefined || chosen === a || chosen === b);
        if (chosen === undefined) assert(unsafe);
        else if (unsafe) assert(isProvenFresh(chosen, by, now));
      },
    );
    fc.assert(law, { numRuns: 500 });
  });

  it("does not depend on the verdict: proven fresh does not mean kept", () => {
    const kept = facts({ hints: hints({ timeoutMs: 5000 }), expiresAt: 10 });
    assertEquals(isProvenFresh(kept, lifo, 10), true);
    assertEquals(verdict(kept, lifo, 10).keep, false);
  });
});
