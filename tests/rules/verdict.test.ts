/** The verdict: its laws for random facts and rules, and its reasons as a table. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { RetireReason } from "../../src/contract/reasons.ts";
import type { ConnectionFacts, Rules } from "../../src/rules/rules.ts";
import { expiry, hintedIdleMs, hintMarginMs, keepUntil, verdict } from "../../src/rules/verdict.ts";
import { facts, hints, moments, rules, someFacts, someRules, spans } from "../support/facts.ts";
import { expectedUntil } from "../support/oracle.ts";

/** The latest time at which a connection ends, as one number. */
function horizon(at: ConnectionFacts, by: Rules): number {
  const answer = verdict(at, by, -Infinity);
  return answer.keep ? answer.until : -Infinity;
}

describe("verdict", () => {
  it("keeps if and only if now is before until", () => {
    const law = fc.property(someFacts, someRules, moments, (at, by, now) => {
      const until = expectedUntil(at, by);
      const answer = verdict(at, by, now);
      assertEquals(answer.keep, until !== undefined && now < until);
      if (answer.keep) assertEquals(answer.until, until);
    });
    fc.assert(law, { numRuns: 2000 });
  });

  it("retires exactly at the moment it named", () => {
    const law = fc.property(someFacts, someRules, moments, (at, by, now) => {
      const answer = verdict(at, by, now);
      if (!answer.keep || answer.until === Infinity) return;
      assertEquals(verdict(at, by, answer.until).keep, false);
      // The middle of two neighbouring floating-point numbers is one of the two.
      const between = (now + answer.until) / 2;
      if (between < answer.until) assertEquals(verdict(at, by, between), answer);
    });
    fc.assert(law, { numRuns: 1000, examples: [[facts(), rules({ idleTimeoutMs: 150 }), 149]] });
    assertEquals(verdict(facts(), rules({ idleTimeoutMs: 150 }), 149), { keep: true, until: 150 });
    assertEquals(verdict(facts(), rules({ idleTimeoutMs: 150 }), 150), {
      keep: false,
      reason: "idle-timeout",
    });
  });

  it("keeps its reason once it gave one", () => {
    const law = fc.property(someFacts, someRules, moments, spans, (at, by, now, laterMs) => {
      const answer = verdict(at, by, now);
      if (!answer.keep) assertEquals(verdict(at, by, now + laterMs), answer);
    });
    fc.assert(law, { numRuns: 1000 });
  });

  it("depends on nothing but its arguments and changes none of them", () => {
    const law = fc.property(someFacts, someRules, moments, (at, by, now) => {
      Object.freeze(at);
      Object.freeze(by);
      assertEquals(verdict(at, by, now), verdict(structuredClone(at), structuredClone(by), now));
    });
    fc.assert(law);
  });

  it("works for every number, Infinity included", () => {
    const extremes = fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER, Infinity);
    const law = fc.property(extremes, extremes, extremes, (announced, margin, idle) => {
      const at = facts({ hints: hints({ timeoutMs: announced }) });
      const by = rules({ hintMarginMs: margin, idleTimeoutMs: idle });
      const until = keepUntil(at, by);
      assert(until >= 0, `until is ${until}`);
    });
    fc.assert(law);
  });
});

describe("tightening a rule never keeps a connection longer:", () => {
  const tighter: Record<string, (by: Rules, to: number) => Rules> = {
    idleTimeout: (by, to) => ({ ...by, idleTimeoutMs: Math.min(by.idleTimeoutMs, to) }),
    unusedIdleTimeout: (by, to) => ({ ...by, unusedIdleTimeoutMs: Math.min(by.unusedIdleTimeoutMs, to) }),
    maxRequests: (by, to) => ({ ...by, maxRequests: Math.min(by.maxRequests, to) }),
    maxIdle: (by, to) => ({ ...by, maxIdle: Math.min(by.maxIdle, to) }),
    maxIdlePerOrigin: (by, to) => ({ ...by, maxIdlePerOrigin: Math.min(by.maxIdlePerOrigin, to) }),
    unsafeReuse: (by, to) => ({ ...by, unsafeReuseMs: Math.min(by.unsafeReuseMs, to) }),
  };
  for (const [name, tighten] of Object.entries(tighter)) {
    it(name, () => {
      const law = fc.property(someFacts, someRules, spans, (at, by, to) => {
        assert(horizon(at, tighten(by, to)) <= horizon(at, by));
      });
      fc.assert(law, { numRuns: 500 });
    });
  }

  it("hintMargin", () => {
    const law = fc.property(someFacts, someRules, spans, (at, by, more) => {
      const tight = { ...by, hintMarginMs: hintMarginMs(at, by) + more };
      assert(horizon(at, tight) <= horizon(at, by));
    });
    fc.assert(law, { numRuns: 500 });
  });

  it("a learned limit", () => {
    const law = fc.property(someFacts, someRules, spans, (at, by, to) => {
      const learnedIdleMs = Math.min(at.learnedIdleMs ?? Infinity, to);
      assert(horizon({ ...at, learnedIdleMs }, by) <= horizon(at, by));
    });
    fc.assert(law, { numRuns: 500 });
  });

  it("maxLifetime and lifetimeJitter", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const rolls = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const law = fc.property(someRules, spans, share, moments, rolls, (by, to, jitter, now, random) => {
      const shorter = { ...by, maxLifetimeMs: Math.min(by.maxLifetimeMs, to) };
      assert(expiry(shorter, now, random) <= expiry(by, now, random));
      const wider = { ...by, lifetimeJitter: Math.max(by.lifetimeJitter, jitter) };
      assert(expiry(wider, now, random) <= expiry(by, now, random));
    });
    fc.assert(law, { numRuns: 500 });
  });
});

describe("the reason of a verdict", () => {
  const LIMITS = rules({ idleTimeoutMs: 10, maxRequests: 5, hintMarginMs: 0 });
  const rows: [what: string, at: Partial<ConnectionFacts>, by: Partial<Rules>, now: number, RetireReason][] =
    [
      ["the peer's close", { hints: hints({ close: true }), requests: 9 }, {}, 99, "peer-close"],
      [
        "our own limit before the peer's",
        { hints: hints({ remaining: 0 }), requests: 5 },
        {},
        99,
        "max-requests",
      ],
      ["the peer's count before any time", { hints: hints({ remaining: 0 }) }, {}, 99, "hint-max"],
      ["a count below zero", { hints: hints({ remaining: -1 }) }, {}, 0, "hint-max"],
      ["no idle connections at all", {}, { maxIdle: 0 }, 0, "max-idle"],
      ["no idle connections per origin", {}, { maxIdlePerOrigin: 0 }, 99, "max-idle"],
      ["the idle timeout", {}, {}, 10, "idle-timeout"],
      ["the lifetime", { expiresAt: 9 }, {}, 9, "max-lifetime"],
      ["the hint", { hints: hints({ timeoutMs: 9 }) }, {}, 9, "hint-timeout"],
      ["what was learned", { learnedIdleMs: 9 }, {}, 9, "learned-limit"],
      [
        "the first limit to expire, even if it is asked late",
        { expiresAt: 9, learnedIdleMs: 8 },
        {},
        999,
        "learned-limit",
      ],
      [
        "the idle timeout on a tie",
        { expiresAt: 10, hints: hints({ timeoutMs: 10 }) },
        {},
        10,
        "idle-timeout",
      ],
      ["then the lifetime", { expiresAt: 9, hints: hints({ timeoutMs: 9 }) }, {}, 9, "max-lifetime"],
      ["then the hint", { hints: hints({ timeoutMs: 9 }), learnedIdleMs: 9 }, {}, 9, "hint-timeout"],
    ];
  for (const [what, at, by, now, reason] of rows) {
    it(`is ${reason}: ${what}`, () => {
      assertEquals(verdict(facts(at), { ...LIMITS, ...by }, now), { keep: false, reason });
    });
  }

  it("is the idle timeout of unused connections only for those", () => {
    const by = { ...LIMITS, unusedIdleTimeoutMs: 4 };
    assertEquals(verdict(facts({ requests: 0 }), by, 3), { keep: true, until: 4 });
    assertEquals(verdict(facts({ requests: 0 }), by, 4), { keep: false, reason: "idle-timeout" });
    assertEquals(verdict(facts({ requests: 1 }), by, 4), { keep: true, until: 10 });
    assertEquals(verdict(facts({ requests: 0 }), { ...by, unusedIdleTimeoutMs: 99 }, 4), {
      keep: true,
      until: 10,
    });
  });

  it("is not max-idle for a connection that was never used", () => {
    assertEquals(verdict(facts({ requests: 0 }), rules({ maxIdlePerOrigin: 0 }), 0).keep, true);
  });
});

describe("the margin below an announced timeout", () => {
  const rows: [announced: number, roundTrip: number, margin: number | undefined, kept: number][] = [
    [5000, 0, undefined, 4000],
    [5000, 499, undefined, 4000],
    [5000, 500, undefined, 4000],
    [5000, 501, undefined, 3998],
    [5000, 2000, undefined, 1000],
    [5000, 3000, undefined, 0],
    [1000, 0, undefined, 0],
    [1001, 0, undefined, 1],
    [0, 0, undefined, 0],
    [5000, 3000, 0, 5000],
    [5000, 0, 2000, 3000],
    [5000, 0, 9000, 0],
    [Infinity, 0, undefined, Infinity],
    [Infinity, 0, Infinity, 0],
  ];
  for (const [announced, roundTripMs, margin, kept] of rows) {
    it(`leaves ${kept} of ${announced} ms with a round trip of ${roundTripMs} ms and the option ${margin}`, () => {
      const at = facts({ hints: hints({ timeoutMs: announced }), roundTripMs });
      assertEquals(hintedIdleMs(at, rules({ hintMarginMs: margin })), kept);
    });
  }

  it("has no effect if nothing was announced", () => {
    assertEquals(hintedIdleMs(facts(), rules({ hintMarginMs: 5000 })), Infinity);
  });

  it("retires immediately if the timeout is within the margin", () => {
    const at = facts({ hints: hints({ timeoutMs: 1000 }) });
    assertEquals(verdict(at, rules(), 0), { keep: false, reason: "hint-timeout" });
  });
});

describe("expiry", () => {
  it("is between the lifetime less its jitter and the lifetime", () => {
    const rolls = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const law = fc.property(someRules, moments, rolls, (by, now, random) => {
      const at = expiry(by, now, random);
      assert(at <= now + by.maxLifetimeMs);
      // Allow a rounding error in the last place.
      const least = (now + by.maxLifetimeMs * (1 - by.lifetimeJitter)) * (1 - Number.EPSILON);
      assert(at >= least || by.maxLifetimeMs === Infinity);
      if (by.maxLifetimeMs === Infinity) assertEquals(at, Infinity);
    });
    fc.assert(law, { numRuns: 1000 });
  });

  it("spreads over the whole jitter", () => {
    const by = rules({ maxLifetimeMs: 1000, lifetimeJitter: 0.2 });
    assertEquals(
      [0, 0.5, 0.75].map((random) => expiry(by, 500, random)),
      [1500, 1400, 1350],
    );
  });

  it("is exact without jitter", () => {
    assertEquals(expiry(rules({ maxLifetimeMs: 1000 }), 500, 0.999), 1500);
  });
});
