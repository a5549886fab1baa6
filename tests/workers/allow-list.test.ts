/** Which origins an object may connect to. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { allowListOf } from "../../src/workers/allow-list.ts";

describe("allowOrigins", () => {
  it("allows what it names, with the default port or without", () => {
    const allows = allowListOf(["https://api.example.com", "http://b.test:8080/"]);
    const asked = [
      "https://api.example.com",
      "http://b.test:8080",
      "http://api.example.com",
      "https://evil.test",
    ];
    assertEquals(asked.map(allows), [true, true, false, false]);
  });

  it("allows everything where it says so", () => assertEquals(allowListOf("any")("http://a.test"), true));

  const wrong = [undefined, [], "https://a.test", ["https://a.test/path"], ["a.test"], ["ftp://a.test"], [7]];
  for (const value of wrong)
    it(`refuses ${JSON.stringify(value)}`, () => {
      assertThrows(() => allowListOf(value), TypeError, "allowOrigins must");
    });
});
