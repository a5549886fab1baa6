/** How a `serverHints` function of the user's is called, and what of its result is used. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { hintsBy } from "../../src/exchange/ending.ts";

const source = {
  minorVersion: 1,
  proxied: false,
  requests: 1,
  lines: (name: string) => (name === "keep-alive" ? ["timeout=5", "max=3"] : []),
};

function fail(): never {
  throw new Error("The reader failed");
}

describe("hintsBy()", () => {
  it("passes the joined lines of each field, and uses the result", () => {
    const given: unknown[] = [];
    const hints = hintsBy(({ keepAlive, connection }) => {
      given.push(keepAlive, connection);
      return { timeoutMs: 5000, remaining: 7 };
    }, source);
    assertEquals(given, ["timeout=5, max=3", undefined]);
    assertEquals(hints, { close: false, timeoutMs: 5000, remaining: 7 });
  });

  for (const [what, read] of [
    ["throws", fail],
    ["returns NaN", () => ({ remaining: Number.NaN })],
    ["returns a negative time", () => ({ timeoutMs: -1 })],
  ] as const) {
    it(`reports the value as ignored if the function ${what}`, () => {
      assertEquals(hintsBy(read, source), { close: false, ignored: "timeout=5, max=3" });
    });
  }
});
