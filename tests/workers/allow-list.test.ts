/** Which origins an object may connect to. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { allowListOf } from "../../src/workers/allow-list.ts";
import { headersAsSent } from "../../src/workers/hop-fields.ts";

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

describe("the fields of a stub's request", () => {
  it("are sent on, without those of the way to the object", () => {
    const headers = new Headers({
      "x-a": "1",
      connection: "X-Mine, close",
      "x-mine": "2",
      te: "trailers",
      host: "a",
    });
    assertEquals(headersAsSent(headers), [["x-a", "1"]]);
  });
});
