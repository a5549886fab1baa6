/** Doubt, and the times to the first byte that it is derived from: tables, and laws as properties. */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type DoubtFacts,
  doubtAfterMs,
  earnDoubt,
  fullBudget,
  isDoubtful,
  isGivenUp,
  provesSilence,
  spendDoubt,
} from "../../src/rules/doubt.ts";
import {
  FEWEST_TIMES,
  firstBytePercentile,
  noFirstByteTimes,
  noteFirstByte,
} from "../../src/rules/first-byte.ts";

const GET: DoubtFacts = {
  method: "GET",
  keyed: false,
  replayable: true,
  resendCount: 0,
  idleMs: 5000,
  provenMs: 0,
};

function timesOf(list: readonly number[]) {
  const times = noFirstByteTimes();
  for (const ms of list) noteFirstByte(times, ms);
  return times;
}

describe("isGivenUp", () => {
  const known = timesOf(Array.from({ length: FEWEST_TIMES }, () => 500));
  const rows: [string, unheard: boolean, waitedMs: number, times: typeof known, boolean][] = [
    ["something came since", false, 300_000, known, false],
    ["nothing came for three times the slowest answers", true, doubtAfterMs(known), known, true],
    ["nothing came for less than that", true, doubtAfterMs(known) - 1, known, false],
    ["nothing came for 3 s, where answers are not known", true, 3000, noFirstByteTimes(), true],
    ["nothing came for less than 3 s, where answers are not known", true, 2999, noFirstByteTimes(), false],
  ];
  for (const [what, unheard, waitedMs, times, given] of rows)
    test(`is ${given} if ${what}`, () => {
      assertEquals(isGivenUp(unheard, waitedMs, times), given);
    });
});

describe("isDoubtful", () => {
  const rows: [string, Partial<DoubtFacts>, boolean][] = [
    ["a GET beyond what is proven", {}, true],
    ["a HEAD", { method: "HEAD" }, true],
    ["OPTIONS", { method: "OPTIONS" }, true],
    ["QUERY", { method: "QUERY" }, true],
    ["a POST", { method: "POST" }, false],
    ["a POST with a key", { method: "POST", keyed: true }, true],
    ["a bare PUT, which may land after the second", { method: "PUT" }, false],
    ["a bare DELETE", { method: "DELETE" }, false],
    ["a PUT that the caller calls idempotent", { method: "PUT", keyed: true }, true],
    ["within what is proven", { provenMs: 5000 }, false],
    ["just beyond", { provenMs: 4999 }, true],
    ["on a connection that had no idle time", { idleMs: 0 }, false],
    ["a body that cannot be sent again", { method: "QUERY", replayable: false }, false],
    ["a request that was resent already", { resendCount: 1 }, false],
  ];
  for (const [name, facts, doubtful] of rows)
    test(`${name}: ${doubtful ? "yes" : "no"}`, () =>
      assertEquals(isDoubtful({ ...GET, ...facts }), doubtful));
});

describe("doubtAfterMs", () => {
  test("is 3 s while too few answers are known", () => {
    assertEquals(doubtAfterMs(timesOf(new Array(FEWEST_TIMES - 1).fill(5))), 3000);
  });
  test("is never shorter than 300 ms", () => {
    assertEquals(doubtAfterMs(timesOf(new Array(FEWEST_TIMES).fill(1))), 300);
  });
  test("is at least three times what all but one of a hundred answers keep", () => {
    const law = fc.property(
      fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 20, maxLength: 500 }),
      (list) => {
        const sorted = [...list].sort((one, other) => one - other);
        const slowest = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
        const after = doubtAfterMs(timesOf(list));
        assert(after >= Math.max(300, 3 * slowest) - 1e-6, `${after} < 3 × ${slowest}`);
        assert(after <= Math.max(300, 3 * Math.max(slowest, 1) * 1.5 + 3), `${after} for ${slowest}`);
      },
    );
    fc.assert(law, { numRuns: 500 });
  });
  test("follows a server that has become slower", () => {
    const times = timesOf(new Array(5000).fill(2));
    for (let count = 0; count < 40; count++) noteFirstByte(times, 2000);
    assert(doubtAfterMs(times) >= 6000);
  });
  test("forgets slow times in the end", () => {
    const times = timesOf(new Array(100).fill(2000));
    for (let count = 0; count < 20_000; count++) noteFirstByte(times, 2);
    assertEquals(doubtAfterMs(times), 300);
  });
});

describe("provesSilence", () => {
  test("is so only if a fresh connection answers within the time after which the other one was in doubt", () => {
    const times = noFirstByteTimes();
    assertEquals([provesSilence(times, 3000), provesSilence(times, 3001)], [true, false]);
    for (let count = 0; count < 100; count++) noteFirstByte(times, 1000);
    const afterMs = doubtAfterMs(times);
    assertEquals([provesSilence(times, afterMs), provesSilence(times, afterMs + 1)], [true, false]);
  });
});

describe("firstBytePercentile", () => {
  test("holds for any time, however long", () => {
    for (const ms of [0, 0.1, 1, 1023, 1e6, 1e12, Infinity]) {
      const found = firstBytePercentile(timesOf(new Array(FEWEST_TIMES).fill(ms)), 0.99);
      assert(found !== undefined && found > 0 && Number.isFinite(found));
    }
  });
});

describe("the budget", () => {
  test("allows a few doubts, then one for every twenty answers", () => {
    const budget = fullBudget();
    let spent = 0;
    while (spendDoubt(budget)) spent += 1;
    assertEquals(spent, 10);
    for (let answers = 0; answers < 19; answers++) earnDoubt(budget);
    assertEquals(spendDoubt(budget), false);
    earnDoubt(budget);
    earnDoubt(budget);
    assertEquals(spendDoubt(budget), true);
  });
  test("never allows more than a twentieth of the answers and ten", () => {
    const law = fc.property(fc.array(fc.boolean(), { maxLength: 2000 }), (list) => {
      const budget = fullBudget();
      let [answers, spent] = [0, 0];
      for (const isAnswer of list) {
        if (isAnswer) {
          earnDoubt(budget);
          answers += 1;
        } else if (spendDoubt(budget)) spent += 1;
        assert(spent <= 10 + answers / 20 + 1e-6);
      }
    });
    fc.assert(law, { numRuns: 300 });
  });
});
