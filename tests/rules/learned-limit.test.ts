/** The learned limit: rows of observations with the limit that follows, and laws for random ones. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LimitMemory } from "../../src/contract/limit-store.ts";
import {
  learnedLimit,
  NOTHING_LEARNED,
  sawClose,
  sawReuse,
  sawSilence,
  shiftMemory,
} from "../../src/rules/learned-limit.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** `silent`: it gave no answer, which a fresh connection gave. `unanswered`: that is not known. */
const WHAT = ["closed", "found-closed", "worked", "silent", "unanswered"] as const;

/** An observation of an idle connection, `after` ms after the previous one. */
type Happening = readonly [what: (typeof WHAT)[number], idleMs: number, afterMs?: number];

/** The memory after the observations, and the time of the last. By default they are seconds apart. */
function seen(...happenings: readonly Happening[]): { memory: LimitMemory; now: number } {
  let memory = NOTHING_LEARNED;
  let now = 1_000_000;
  for (const [what, idleMs, afterMs = 7 * SECOND] of happenings) {
    now += afterMs;
    memory = after(memory, what, idleMs, now);
  }
  return { memory, now };
}

function after(memory: LimitMemory, what: Happening[0], idleMs: number, now: number): LimitMemory {
  if (what === "worked") return sawReuse(memory, idleMs, now);
  if (what === "silent" || what === "unanswered") return sawSilence(memory, idleMs, what === "silent", now);
  return sawClose(memory, idleMs, what === "closed", now);
}

function limitAfter(...happenings: readonly Happening[]): number {
  const { memory, now } = seen(...happenings);
  return learnedLimit(memory, 0, now).idleMs;
}

const ages = fc.integer({ min: 0, max: 120_000 });
/** An idle age that is not right behind a response. */
const lateAges = fc.integer({ min: 20, max: 120_000 });
const gaps = fc.integer({ min: 0, max: 10 * MINUTE });
const someHappenings = fc.array(fc.tuple(fc.constantFrom(...WHAT), ages, gaps), {
  maxLength: 60,
});
const roundTrips = fc.integer({ min: 0, max: 2000 });

describe("the learned limit", () => {
  const rows: readonly [what: string, happenings: readonly Happening[], idleMs: number][] = [
    ["is none where nothing was seen", [], Infinity],
    ["is none where reuse always worked", [["worked", 4000]], Infinity],
    ["lies a twentieth below a close", [["closed", 5000]], 4750],
    [
      "is below the smallest of several closes",
      [
        ["closed", 5000],
        ["closed", 4600],
        ["closed", 5300],
      ],
      4370,
    ],
    ["believes no single close that comes sooner than limits do", [["closed", 400]], Infinity],
    [
      "is learned from a second close",
      [
        ["closed", 400],
        ["closed", 410],
      ],
      380,
    ],
    [
      "is not learned from one close at an age at which reuse worked",
      [
        ["worked", 9000],
        ["closed", 5000],
      ],
      Infinity,
    ],
    [
      "is learned once another close confirms it",
      [
        ["worked", 9000],
        ["closed", 5000],
        ["closed", 5100],
      ],
      4750,
    ],
    [
      "is not confirmed by a close at another age",
      [
        ["worked", 9000],
        ["closed", 5000],
        ["closed", 3000],
      ],
      Infinity,
    ],
    [
      "is learned from one close if reuse worked long ago",
      [
        ["worked", 9000],
        ["closed", 5000, 11 * MINUTE],
      ],
      4750,
    ],
    [
      "is refuted by a reuse that works at a clearly greater age",
      [
        ["closed", 5000],
        ["worked", 6300],
      ],
      Infinity,
    ],
    [
      "is not refuted by a reuse within a timer's jitter",
      [
        ["closed", 5000],
        ["worked", 6200],
      ],
      4750,
    ],
    [
      "keeps closes that are not refuted",
      [
        ["closed", 5000],
        ["closed", 20_000],
        ["worked", 10_000],
      ],
      19_000,
    ],
    [
      "is not learned from a server that closes after a number of requests",
      [
        ["closed", 30],
        ["worked", 700],
        ["closed", 32],
        ["worked", 90],
        ["closed", 29],
        ["worked", 400],
      ],
      Infinity,
    ],
    [
      "is not learned from connections closed at the same moment at different ages",
      [
        ["closed", 5000],
        ["closed", 2000, 10],
        ["closed", 9000, 10],
        ["closed", 40_000, 40],
      ],
      Infinity,
    ],
    [
      "is not learned from closes right behind a response",
      [
        ["closed", 0],
        ["closed", 0.2],
        ["closed", 19],
        ["closed", 19],
      ],
      Infinity,
    ],
    [
      "is learned again after such a burst",
      [
        ["closed", 5000],
        ["closed", 2000, 10],
        ["closed", 8000, 60],
      ],
      7600,
    ],
    [
      "counts connections closed at the same moment at the same age as one",
      [
        ["closed", 500],
        ["closed", 505, 10],
        ["closed", 500, 10],
      ],
      Infinity,
    ],
    ["believes no single silence, which may be a slow answer", [["silent", 5000]], Infinity],
    [
      "is learned from a second silence, at whatever age",
      [
        ["silent", 5000],
        ["silent", 20_000],
      ],
      2500,
    ],
    [
      "is learned from a silence and a close at the same age",
      [
        ["worked", 9000],
        ["closed", 5000],
        ["silent", 5100],
      ],
      2550,
    ],
    [
      "remembers what worked below a silence, however long ago",
      [
        ["silent", 60_000],
        ["silent", 60_000],
        ["worked", 40_000],
        ["worked", 100, 20 * MINUTE],
        ["silent", 61_000],
      ],
      40_000,
    ],
    [
      "forgets it when a connection is found dead at a smaller age",
      [
        ["worked", 40_000],
        ["silent", 60_000],
        ["silent", 20_000],
        ["silent", 20_000],
      ],
      100,
    ],
    [
      "is an age at which reuse worked, after two silences, if that is more than half of the smallest",
      [
        ["worked", 3000],
        ["silent", 5000],
        ["silent", 6000],
      ],
      3000,
    ],
    [
      "is an age at which reuse worked, after three silences, however short it is",
      [
        ["worked", 700],
        ["silent", 5000],
        ["silent", 6000],
        ["silent", 5000],
      ],
      700,
    ],
    [
      "counts connections that were found dead at the same moment as one, at the smallest age",
      [
        ["silent", 9000],
        ["silent", 5000, 1],
        ["silent", 7000, 900],
        ["silent", 30_000],
      ],
      2500,
    ],
    [
      "is learned when the proof of a silence comes right behind one that proves nothing",
      [
        ["silent", 5000],
        ["unanswered", 4000],
        ["silent", 4000, 80],
      ],
      2000,
    ],
    [
      "is not learned from a silence that proves nothing, and its proof, alone",
      [
        ["unanswered", 4000],
        ["silent", 4000, 80],
      ],
      Infinity,
    ],
    [
      "is not learned from a silence that a reuse at the same age refutes",
      [
        ["silent", 5000],
        ["worked", 5000],
        ["silent", 6000],
      ],
      Infinity,
    ],
    [
      "is not learned from answers that never came, however many",
      [
        ["unanswered", 5000],
        ["unanswered", 6000],
        ["unanswered", 4000],
      ],
      Infinity,
    ],
    [
      "is learned when a silence confirms one of them",
      [
        ["unanswered", 5000],
        ["silent", 6000],
      ],
      2500,
    ],
    [
      "is refuted by a reuse that works at a clearly greater age, if it was silence as well",
      [
        ["silent", 5000],
        ["silent", 5000],
        ["worked", 6300],
      ],
      Infinity,
    ],
  ];
  for (const [what, happenings, idleMs] of rows) {
    it(what, () => assertEquals(limitAfter(...happenings), idleMs));
  }

  it("leaves a margin of two round trips, but at most half of the age", () => {
    const { memory, now } = seen(["closed", 5000]);
    const rows = [
      [0, 4750],
      [100, 4750],
      [120, 4750],
      [200, 4590],
      [1000, 2990],
      [2000, 2500],
    ] as const;
    for (const [roundTripMs, idleMs] of rows)
      assertEquals(learnedLimit(memory, roundTripMs, now).idleMs, idleMs);
  });

  it("is never above the smallest believed close, nor below half of it", () => {
    const law = fc.property(someHappenings, lateAges, roundTrips, (happenings, idleMs, roundTripMs) => {
      const { memory, now } = seen(...happenings, ["closed", idleMs, MINUTE]);
      const believed = memory.closes.filter(({ doubted }) => !doubted).map((close) => close.idleMs);
      const limit = learnedLimit(memory, roundTripMs, now).idleMs;
      if (memory.closes.at(-1)?.doubted === true || believed.length === 0) return;
      assert(limit <= Math.min(...believed));
      const isSilent = memory.closes.some(({ silent }) => silent === true);
      assert(isSilent || limit >= Math.min(...believed) / 2);
    });
    fc.assert(law, { numRuns: 2000 });
  });

  it("does not change by a burst, whatever was known before", () => {
    const law = fc.property(
      someHappenings,
      fc.array(lateAges, { minLength: 2, maxLength: 9 }),
      (before, burst) => {
        const known = seen(...before).memory;
        const [first = 0, ...others] = burst;
        const different = others.filter((idleMs) => Math.abs(idleMs - first) > 0.3 * Math.max(idleMs, first));
        fc.pre(different.length > 0);
        let { memory, now } = seen(...before, ["closed", first, HOUR], ["closed", different[0] ?? 0, 1]);
        for (const idleMs of others) memory = sawClose(memory, idleMs, true, ++now);
        for (const { idleMs, at } of memory.closes)
          assert(known.closes.some((close) => close.idleMs === idleMs && close.at === at));
      },
    );
    fc.assert(law, { numRuns: 500 });
  });

  it("remembers at most eight closes, for a day, and always the smallest", () => {
    const law = fc.property(someHappenings, (happenings) => {
      const { memory } = seen(...happenings);
      assert(memory.closes.length <= 8);
    });
    fc.assert(law, { numRuns: 1000 });
    const later = Array.from({ length: 20 }, (_, index): Happening => ["closed", 5200 + 10 * index]);
    assertEquals(limitAfter(["closed", 5000], ...later), 4750);
    assertEquals(limitAfter(["closed", 5000], ["closed", 6000, 25 * HOUR]), 5700);
  });
});

describe("the learned limit, after closes stop", () => {
  /** The changes of the limit: ms after the last close, and the new limit. */
  function changes(...happenings: readonly Happening[]): [afterMs: number, idleMs: number][] {
    const { memory, now } = seen(...happenings);
    const found: [number, number][] = [];
    let limit = learnedLimit(memory, 0, now);
    while (limit.reviewAt !== Infinity) {
      const at = limit.reviewAt;
      assertEquals(
        learnedLimit(memory, 0, at - 1).idleMs,
        limit.idleMs,
        "the limit must not change before the review",
      );
      limit = learnedLimit(memory, 0, at);
      found.push([at - now, limit.idleMs]);
    }
    return found;
  }

  it("rises in steps and is forgotten, soon if only one close supports it", () => {
    assertEquals(changes(["closed", 2000]), [
      [20 * SECOND, 2850],
      [40 * SECOND, 5700],
      [60 * SECOND, Infinity],
    ]);
  });

  it("rests for at least ten times the limit", () => {
    assertEquals(
      changes(["closed", 60_000]).map(([afterMs]) => afterMs),
      [10 * MINUTE, 20 * MINUTE, 30 * MINUTE],
    );
  });

  it("rests longer the longer it has been seen, from 5 minutes to 6 hours", () => {
    const rows = [
      [7 * SECOND, 5 * MINUTE],
      [10 * MINUTE, 10 * MINUTE],
      [HOUR, HOUR],
      [11 * HOUR, 6 * HOUR],
    ] as const;
    for (const [apartMs, restMs] of rows) {
      const thrice = Array.from({ length: 3 }, (): Happening => ["closed", 5000, apartMs]);
      const [first] = changes(...thrice);
      assertEquals(first, [restMs, 7125]);
    }
  });

  it("never rests long if it is shorter than servers' limits", () => {
    const often = Array.from({ length: 8 }, (): Happening => ["closed", 500, HOUR]);
    assertEquals(changes(...often)[0], [10 * SECOND, 712.5]);
  });

  it("rests long after three silences, at whatever ages and however short it is", () => {
    for (const ages of [
      [5000, 12_000, 40_000],
      [400, 400, 400],
    ]) {
      const [first] = changes(...ages.map((idleMs): Happening => ["silent", idleMs]));
      assertEquals(first?.[0], 5 * MINUTE);
    }
  });

  it("rests for 1,000 requests as well after three silences, so that not more than one of 1,000 pays for a step", () => {
    const { memory, now } = seen(...[5000, 5000, 5000].map((idleMs): Happening => ["silent", idleMs]));
    const rows = [
      [1, 999, 100],
      [1, 1000, 150],
      [2, 1999, 150],
      [2, 2000, 300],
      [9, 3000, Infinity],
    ] as const;
    for (const [rests, requests, idleMs] of rows) {
      const at = now + rests * 5 * MINUTE;
      const limit = learnedLimit(memory, 0, at, requests);
      assertEquals(limit.idleMs, idleMs, `${rests} rests, ${requests} requests`);
      assert(limit.reviewAt > at);
    }
    const twice = seen(["silent", 5000], ["silent", 5000]);
    assertEquals(learnedLimit(twice.memory, 0, twice.now + MINUTE, 1).idleMs, 3750);
  });

  it("is certain again with the next close", () => {
    const thrice = Array.from({ length: 3 }, (): Happening => ["closed", 5000]);
    assertEquals(limitAfter(...thrice, ["closed", 5000, 6 * MINUTE]), 4750);
    assertEquals(limitAfter(...thrice, ["closed", 5000, 6 * HOUR]), 4750);
  });
});

describe("the proven idle age", () => {
  function provenAfter(waitedMs: number, ...happenings: readonly Happening[]): number {
    const { memory, now } = seen(...happenings);
    return learnedLimit(memory, 0, now + waitedMs).provenMs;
  }

  it("is the longest age at which reuse worked, for ten minutes", () => {
    assertEquals(provenAfter(0, ["worked", 3000], ["worked", 8000], ["worked", 4000]), 8000);
    assertEquals(provenAfter(10 * MINUTE, ["worked", 8000]), 8000);
    assertEquals(provenAfter(10 * MINUTE + 1, ["worked", 8000]), 0);
  });

  it("stays below every close, even a doubted one", () => {
    assertEquals(provenAfter(0, ["worked", 8000], ["closed", 5000]), 4750);
  });

  it("is the learned limit if the close was watched", () => {
    assertEquals(provenAfter(0, ["closed", 5000]), 4750);
  });

  it("is not a limit found by a request: the close may have happened long before", () => {
    assertEquals(provenAfter(0, ["found-closed", 5000]), 0);
    assertEquals(provenAfter(0, ["worked", 3000], ["closed", 5000], ["found-closed", 6000]), 3000);
  });

  it("does not rise with a limit on trial, and is not above one in force", () => {
    assertEquals(provenAfter(50 * SECOND, ["closed", 5000]), 4750);
    const law = fc.property(someHappenings, roundTrips, gaps, (happenings, roundTripMs, waitedMs) => {
      const { memory, now } = seen(...happenings);
      const { idleMs, provenMs } = learnedLimit(memory, roundTripMs, now + waitedMs);
      assert(provenMs <= idleMs);
      for (const close of memory.closes) assert(provenMs <= close.idleMs);
    });
    fc.assert(law, { numRuns: 1000 });
  });
});

describe("what silence leaves proven", () => {
  it("is what worked, even if the server was seen to close later", () => {
    const { memory, now } = seen(["worked", 1000], ["closed", 6000], ["closed", 6000], ["silent", 2500]);
    const { provenMs, aliveMs, silentMs } = learnedLimit(memory, 0, now);
    assertEquals([provenMs, aliveMs, silentMs], [1000, 1000, 2375]);
  });

  it("is all again once reuse works at the age of a single silence", () => {
    const { memory, now } = seen(["silent", 2500], ["worked", 2500]);
    assertEquals(learnedLimit(memory, 0, now).silentMs, Infinity);
  });

  it("is nothing beyond the smallest age of a silence", () => {
    const law = fc.property(someHappenings, lateAges, (happenings, idleMs) => {
      const { memory, now } = seen(...happenings, ["silent", idleMs, MINUTE]);
      const { provenMs, aliveMs, silentMs } = learnedLimit(memory, 0, now);
      assert(provenMs <= idleMs && aliveMs <= idleMs && silentMs <= idleMs);
    });
    fc.assert(law, { numRuns: 500 });
  });
});

describe("a memory on another clock", () => {
  it("gives the same limits", () => {
    const law = fc.property(
      someHappenings,
      fc.integer({ min: -1e12, max: 1e12 }),
      gaps,
      (happenings, offset, waitedMs) => {
        const { memory, now } = seen(...happenings);
        const here = learnedLimit(memory, 5, now + waitedMs);
        const there = learnedLimit(shiftMemory(memory, offset), 5, now + waitedMs + offset);
        assertEquals(there, { ...here, reviewAt: here.reviewAt + offset });
      },
    );
    fc.assert(law, { numRuns: 500 });
  });
});
