import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { findDisagreement } from "./parity/disagreements.ts";
import type { ConnectionLog } from "./parity/recorder.ts";
import { type Comparison, compare, endsSooner, formatTrace, type Trace, traceOf } from "./parity/trace.ts";

type Closed = ConnectionLog["closed"];

/** Two requests, the second on the same connection or on another, whose end is told. */
function twoRequests(reused: boolean, closed?: Closed, second = "200"): Trace {
  const first = { requests: reused ? [1, 2] : [1], closed, answeredMs: 1000 };
  const other = { requests: [2], closed: undefined, answeredMs: 5000 };
  return traceOf(reused ? [first] : [other, first], ["200", second]);
}

const byClient = (atMs: number): Closed => ({ by: "client", atMs });

describe("a parity trace", () => {
  it("names connections by the requests they carried first, whichever was accepted first", () => {
    assertEquals(
      formatTrace(twoRequests(false, byClient(3000))),
      "1 A → 200 · 2 B → 200 · A closed by client after 2.0 s · B open",
    );
  });

  it("shows a request that was sent again on all its connections, and one that never came on none", () => {
    const log = [
      { requests: [1, 2], closed: { by: "server", atMs: 900 } as const, answeredMs: 900 },
      { requests: [2], closed: undefined, answeredMs: 950 },
    ];
    assertEquals(traceOf(log, ["200", "200", "failed"]).requests, [
      "1 A → 200",
      "2 A B → 200",
      "3 – → failed",
    ]);
  });

  const rows: readonly (readonly [name: string, one: Trace, other: Trace, expected: Comparison])[] = [
    ["nothing differs", twoRequests(true), twoRequests(true), "agree"],
    ["a connection was reused, or not", twoRequests(true), twoRequests(false, byClient(1000)), "differ"],
    ["a request failed, or not", twoRequests(true), twoRequests(true, undefined, "failed"), "differ"],
    ["one closed, the other not", twoRequests(true, byClient(1000)), twoRequests(true), "ends differ"],
    [
      "the other end closed",
      twoRequests(true, byClient(1000)),
      twoRequests(true, { by: "server", atMs: 1000 }),
      "ends differ",
    ],
    ["one closed 1 s later", twoRequests(true, byClient(2000)), twoRequests(true, byClient(3000)), "agree"],
    [
      "one closed 2 s later",
      twoRequests(true, byClient(2000)),
      twoRequests(true, byClient(4000)),
      "ends differ",
    ],
  ];
  for (const [name, one, other, expected] of rows)
    it(`when ${name}: ${expected}`, () => assertEquals(compare(one, other), expected));

  it("ends sooner if it closed what the other left open or closed later, and not the other way round", () => {
    const [soon, late, never] = [
      twoRequests(true, byClient(2000)),
      twoRequests(true, byClient(6000)),
      twoRequests(true),
    ];
    assertEquals(
      [endsSooner(soon, late), endsSooner(soon, never), endsSooner(late, soon), endsSooner(never, soon)],
      [true, true, false, false],
    );
  });
});

describe("a documented disagreement", () => {
  const junk = "persistence: junk behind the body";

  it("excuses its systems and cases", () => {
    assertEquals(findDisagreement(["jdk"], junk, "1 A → 200 · 2 B → 200") !== undefined, true);
    assertEquals(findDisagreement(["curl"], junk, "1 A → 200 · 2 B → 200"), undefined);
  });

  it("excuses only what it says that Holdfast does instead", () => {
    assertEquals(findDisagreement(["jdk"], junk, "1 A → 200 · 2 A → failed"), undefined);
  });
});
