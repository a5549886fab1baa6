/** Ping: rows at the edges, and the laws. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type PingFacts,
  type PingRule,
  pingDueAt,
  pingIntervalMs,
  pongLateAt,
} from "../../src/rules/ping.ts";

const RULE: PingRule = { intervalMs: 10_000, timeoutMs: 500, whileIdle: false };
const ACTIVE: PingFacts = { heardAt: 1000, pingedAt: undefined, isIdle: false, calmed: 0 };

describe("a PING", () => {
  const rows: readonly [what: string, facts: Partial<PingFacts>, rule: Partial<PingRule>, dueAt: number][] = [
    ["is due after an interval of silence", {}, {}, 11_000],
    ["is not due while one is unanswered", { pingedAt: 11_000 }, {}, Infinity],
    ["is not due on an idle connection", { isIdle: true }, {}, Infinity],
    ["is due on an idle connection if the rule says so", { isIdle: true }, { whileIdle: true }, 11_000],
    ["comes half as often to a peer that asked for calm", { calmed: 1 }, {}, 21_000],
    ["comes a quarter as often to one that asked again", { calmed: 2 }, {}, 41_000],
    ["is due at once if the rule says so", {}, { intervalMs: 0 }, 1000],
  ];
  for (const [what, facts, rule, dueAt] of rows)
    it(what, () => assertEquals(pingDueAt({ ...ACTIVE, ...facts }, { ...RULE, ...rule }), dueAt));

  it("has a late answer after the time-out", () => {
    assertEquals(pongLateAt({ ...ACTIVE, pingedAt: 11_000 }, RULE), 11_500);
    assertEquals(pongLateAt(ACTIVE, RULE), Infinity);
  });

  const rules: fc.Arbitrary<PingRule> = fc.record({
    intervalMs: fc.nat({ max: 600_000 }),
    timeoutMs: fc.nat({ max: 60_000 }),
    whileIdle: fc.boolean(),
  });
  const facts: fc.Arbitrary<PingFacts> = fc.record({
    heardAt: fc.nat({ max: 1_000_000 }),
    pingedAt: fc.option(fc.nat({ max: 1_000_000 }), { nil: undefined }),
    isIdle: fc.boolean(),
    calmed: fc.nat({ max: 40 }),
  });

  it("obeys its laws", () => {
    fc.assert(
      fc.property(facts, rules, fc.nat({ max: 100_000 }), (of, rule, laterMs) => {
        const [dueAt, lateAt] = [pingDueAt(of, rule), pongLateAt(of, rule)];
        assert(dueAt >= of.heardAt + rule.intervalMs, "not before an interval of silence");
        assert(dueAt === Infinity || lateAt === Infinity, "one at most is unanswered");
        if (of.isIdle && !rule.whileIdle) assertEquals(dueAt, Infinity);
        const heard: PingFacts = { ...of, heardAt: of.heardAt + laterMs, pingedAt: undefined };
        if (of.pingedAt === undefined) assert(pingDueAt(heard, rule) >= dueAt, "what is heard puts it off");
        assertEquals(pongLateAt(heard, rule), Infinity);
        const once = pingIntervalMs(rule, of.calmed);
        const twice = pingIntervalMs(rule, of.calmed + 1);
        assertEquals(twice, of.calmed >= 10 ? once : 2 * once);
      }),
    );
  });
});
