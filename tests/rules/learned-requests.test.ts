/** The learned number of requests: rows of observations with the number that follows, and laws for random ones. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LimitMemory } from "../../src/contract/limit-store.ts";
import { NOTHING_LEARNED, shiftMemory } from "../../src/rules/learned-limit.ts";
import { learnedRequests, sawGoaway, sawNoGoaway } from "../../src/rules/learned-requests.ts";

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/**
 * `"goaway"`: on a connection that was opened after whatever came before. `"burst"`: 1 ms later, on one that has been open for
 * a minute. `"none"`: a connection carried so many without one.
 */
type Happening = readonly [what: "goaway" | "burst" | "none", requests: number, afterMs?: number];

function seen(
  happenings: readonly Happening[],
  before: LimitMemory = NOTHING_LEARNED,
  from = 1_000_000,
): { memory: LimitMemory; now: number } {
  let memory = before;
  let now = from;
  for (const [what, requests, afterMs = what === "burst" ? 1 : 7 * SECOND] of happenings) {
    now += afterMs;
    if (what === "none") memory = sawNoGoaway(memory, requests);
    else memory = sawGoaway(memory, { requests, openedAt: now - (what === "burst" ? 60_000 : 0.5) }, now);
  }
  return { memory, now };
}

function after(...happenings: readonly Happening[]): number {
  const { memory, now } = seen(happenings);
  return learnedRequests(memory, now);
}

describe("the learned number of requests", () => {
  const rows: readonly [what: string, happenings: readonly Happening[], requests: number][] = [
    ["is none where nothing was seen", [], Infinity],
    ["is none after one GOAWAY", [["goaway", 1000]], Infinity],
    [
      "is one that was seen twice",
      [
        ["goaway", 1000],
        ["goaway", 1000],
      ],
      1000,
    ],
    [
      "is the smallest that was seen twice",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["goaway", 7],
        ["goaway", 7],
      ],
      7,
    ],
    [
      "is not one that was seen once, though it is smaller",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["goaway", 3],
      ],
      9,
    ],
    [
      "is none for a server that stops at any number",
      [
        ["goaway", 9],
        ["goaway", 12],
        ["goaway", 700],
      ],
      Infinity,
    ],
    [
      "is not learned from a connection that took nothing",
      [
        ["goaway", 0],
        ["goaway", 0],
      ],
      Infinity,
    ],
    [
      "is seen on connections that follow one another within ms",
      [
        ["goaway", 7, 1],
        ["goaway", 7, 1],
      ],
      7,
    ],
    [
      "is not learned from a restart",
      [
        ["burst", 5, 9000],
        ["burst", 8],
        ["burst", 5],
        ["burst", 8],
      ],
      Infinity,
    ],
    [
      "is not learned from a restart where all carried one",
      [
        ["burst", 1, 9000],
        ["burst", 1],
        ["burst", 1],
      ],
      Infinity,
    ],
    [
      "survives a restart",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["burst", 3, 9000],
        ["burst", 4],
        ["burst", 3],
      ],
      9,
    ],
    [
      "survives a connection that carried more",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["none", 12],
      ],
      9,
    ],
    [
      "is refuted by two that did",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["none", 12],
        ["none", 9],
      ],
      Infinity,
    ],
    [
      "is not refuted by those that carried less",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["none", 8],
        ["none", 8],
      ],
      9,
    ],
    [
      "is refuted by GOAWAYs at larger ones",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["goaway", 20],
        ["goaway", 20],
      ],
      20,
    ],
    [
      "counts what refutes it in a row only",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["none", 9],
        ["goaway", 9],
        ["none", 9],
      ],
      9,
    ],
    [
      "is forgotten after a day",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["none", 1, DAY + 1],
      ],
      Infinity,
    ],
    [
      "is not forgotten within the day",
      [
        ["goaway", 9],
        ["goaway", 9],
        ["none", 1, DAY],
      ],
      9,
    ],
  ];
  for (const [what, happenings, expected] of rows)
    it(`${what}: ${JSON.stringify(happenings)}`, () => assertEquals(after(...happenings), expected));

  const happening = fc.tuple(
    fc.constantFrom("goaway" as const, "burst" as const, "none" as const),
    fc.integer({ min: 0, max: 12 }),
    fc.constantFrom(0, 1, 60, 7000, 3_600_000),
  );
  const happenings = fc.array(happening, { maxLength: 50 });

  it("is a number at which GOAWAY came twice, or none", () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const found = after(...all);
        const times = all.filter(([what, requests]) => what !== "none" && requests === found).length;
        assert(found === Infinity || times >= 2);
      }),
    );
  });

  it("remembers a bounded number of them", () => {
    const many = fc.array(fc.tuple(fc.constant("goaway" as const), fc.integer({ min: 1, max: 1000 })), {
      maxLength: 60,
    });
    fc.assert(fc.property(many, (all) => assert((seen(all).memory.goaways?.length ?? 0) <= 8)));
  });

  it("does not depend on the order within a burst of different numbers", () => {
    const burst = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(happenings, burst, (before, numbers) => {
        const { memory, now } = seen(before);
        const told = numbers.map((requests, at): Happening => ["burst", requests, at === 0 ? 9000 : 1]);
        const quiet = learnedRequests(memory, now + 9000);
        const later = seen(told, memory, now);
        const wasRefuted = (memory.goaways ?? []).some(({ missed }) => missed > 0);
        if (!wasRefuted) assertEquals(learnedRequests(later.memory, now + 9000), quiet);
      }),
    );
  });

  it("is the same on another clock", () => {
    fc.assert(
      fc.property(happenings, fc.integer({ min: -1e9, max: 1e9 }), (all, offset) => {
        const { memory, now } = seen(all);
        assertEquals(
          learnedRequests(shiftMemory(memory, offset), now + offset),
          learnedRequests(memory, now),
        );
      }),
    );
  });

  it("is what a server's limit is, however many connections it takes to see", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 2, max: 9 }), (limit, times) => {
        const all = Array.from({ length: times }, (): Happening => ["goaway", limit, 5]);
        assertEquals(after(...all), limit);
      }),
    );
  });
});
