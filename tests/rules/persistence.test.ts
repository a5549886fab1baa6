/** Persistence: RFC 9112 §9.3 as a table and as laws. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseConnection, persists } from "../../src/rules/persistence.ts";

describe("a connection persists", () => {
  // RFC 9112 §9.3, with spellings on which clients disagree. Lines of the field are joined by commas.
  const rows: [version: string, connection: string, persists: boolean][] = [
    ["1.1", "", true],
    ["1.0", "", false],
    ["1.0", "keep-alive", true],
    ["1.0", "Keep-Alive", true],
    ["1.0", "keep-alive, close", false],
    ["1.0", "close, keep-alive", false],
    ["1.1", "keep-alive", true],
    ["1.1", "keep-alive, close", false],
    ["1.1", "close, TE", false],
    ["1.1", "close", false],
    ["1.1", "CLOSE", false],
    ["1.1", " close ", false],
    ["1.1", "\tclose\t", false],
    ["1.1", ",,close,,", false],
    ["1.1", "not-closed", true],
    ["1.1", "closed", true],
    ["1.1", "close keep-alive", true],
    ["1.1", '"close"', true],
    ["1.1", "close=1", true],
    ["1.1", "foo", true],
    ["1.0", "foo", false],
    ["1.0", "keep-alive-not", false],
    ["1.0", "upgrade, keep-alive", true],
  ];
  for (const [version, connection, expected] of rows) {
    it(`${expected ? "" : "not "}after HTTP/${version} with Connection: ${JSON.stringify(connection)}`, () => {
      assertEquals(persists(Number(version.slice(2)), parseConnection(connection)), expected);
    });
  }

  it("never with close anywhere in the list", () => {
    const tokens = fc.array(fc.constantFrom("keep-alive", "TE", "upgrade", "foo", ""));
    const law = fc.property(tokens, tokens, fc.nat({ max: 1 }), (before, after, minor) => {
      const value = [...before, "cLoSe", ...after].join(", ");
      assertEquals(persists(minor, parseConnection(value)), false);
    });
    fc.assert(law);
  });

  it("by version and options, in any letter case and order", () => {
    const tokens = fc.array(fc.constantFrom("keep-alive", "Keep-Alive", "KEEP-ALIVE", "close", "x"));
    const law = fc.property(tokens, fc.nat({ max: 1 }), (list, minor) => {
      const closes = list.includes("close");
      const keeps = list.some((token) => token.toLowerCase() === "keep-alive");
      assertEquals(parseConnection(list.join(",")), { close: closes, keepAlive: keeps });
      assertEquals(persists(minor, parseConnection(list.join(","))), !closes && (minor === 1 || keeps));
    });
    fc.assert(law);
  });
});
