/** What a reader of the user's makes of a server's announcements. */

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
  it("takes what a reader says, which gets the lines of a field joined", () => {
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
    ["gives NaN", () => ({ remaining: Number.NaN })],
    ["gives a negative time", () => ({ timeoutMs: -1 })],
  ] as const) {
    it(`takes nothing from a reader that ${what}, and says so`, () => {
      assertEquals(hintsBy(read, source), { close: false, ignored: "timeout=5, max=3" });
    });
  }
});
