/** Hints: `Keep-Alive` values of every form, and the two meanings of `max`. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { NO_MAX, parseKeepAlive, remainingRequests, watchMax } from "../../src/rules/hints.ts";

describe("parseKeepAlive", () => {
  type Row = [value: string, seconds: number | undefined, max: number | undefined, flawed?: "flawed"];

  // Other clients disagree about these values, by as much as 3 s and forever.
  const spellings: Row[] = [
    ["", undefined, undefined],
    ["timeout=5", 5, undefined],
    ["timeout=1", 1, undefined],
    ["timeout=2", 2, undefined],
    ["timeout=0", 0, undefined],
    ["timeout=-1", undefined, undefined, "flawed"],
    ["Timeout=5", 5, undefined],
    ['timeout="5"', 5, undefined],
    ["timeout = 5", 5, undefined],
    ["max=5, timeout=5", 5, 5],
    ["timeout=5;max=10", 5, 10],
    ["timeout=5, timeout=9", 5, undefined],
    ["timeout=abc", undefined, undefined, "flawed"],
    ["timeout=abc, timeout=7", 7, undefined, "flawed"],
    ["timeout=5.9", undefined, undefined, "flawed"],
    ["timeout=99999999999", undefined, undefined, "flawed"],
    ["timeout=2147484", 2_147_484, undefined],
    ["idletimeout=9", undefined, undefined],
    ["max=0", undefined, 0],
    ["max=1", undefined, 1],
    ["max=2", undefined, 2],
  ];

  const form: Row[] = [
    ["TIMEOUT=5,MAX=100", 5, 100],
    ["timeout=5,max=100", 5, 100],
    ["timeout=5 , max=100", 5, 100],
    ["  timeout=5\t,\tmax=100  ", 5, 100],
    ["timeout\t=\t5", 5, undefined],
    ['max="100"; timeout="5"', 5, 100],
    ["timeout=5;;,,max=100,", 5, 100],
    ["timeout=05", 5, undefined],
    ["timeout=5, foo, bar=baz, max=3", 5, 3],
    ["foo", undefined, undefined],
    ["foo=", undefined, undefined],
    ["header=timeout", undefined, undefined],
    ["timeouts=5", undefined, undefined],
    ["max-age=5", undefined, undefined],
  ];

  const flaws: Row[] = [
    ["timeout", undefined, undefined, "flawed"],
    ["timeout=", undefined, undefined, "flawed"],
    ["timeout=''", undefined, undefined, "flawed"],
    ['timeout="5', undefined, undefined, "flawed"],
    ['timeout=5"', undefined, undefined, "flawed"],
    ["timeout='5'", undefined, undefined, "flawed"],
    ["timeout=+5", undefined, undefined, "flawed"],
    ["timeout=5s", undefined, undefined, "flawed"],
    ["timeout=5 5", undefined, undefined, "flawed"],
    ["timeout=0x5", undefined, undefined, "flawed"],
    ["timeout=1e3", undefined, undefined, "flawed"],
    ["timeout=Infinity", undefined, undefined, "flawed"],
    ["timeout=NaN", undefined, undefined, "flawed"],
    ["timeout:5", undefined, undefined],
    ["timeout==5", undefined, undefined, "flawed"],
    ["timeout=\u0665", undefined, undefined, "flawed"],
    ["max=-1", undefined, undefined, "flawed"],
    ["max=abc, timeout=5", 5, undefined, "flawed"],
    ["timeout=5, max=99999999999", 5, undefined, "flawed"],
    ["timeout=5, timeout=abc", 5, undefined, "flawed"],
    ["max=7, max=9", undefined, 7],
    ["timeout=999999999", 999_999_999, undefined],
    ["timeout=1000000000", undefined, undefined, "flawed"],
    ["timeout=9999999999", undefined, undefined, "flawed"],
    ["timeout=00000000005", undefined, undefined, "flawed"],
  ];

  for (const [value, seconds, max, flawed] of [...spellings, ...form, ...flaws]) {
    it(`reads ${JSON.stringify(value)}`, () => {
      const timeoutMs = seconds === undefined ? undefined : seconds * 1000;
      assertEquals(parseKeepAlive(value), { timeoutMs, max, flawed: flawed === "flawed" });
    });
  }

  it("reads parameters in any order, case, quoting and spacing", () => {
    const numbers = fc.integer({ min: 0, max: 999_999_999 });
    const spaces = fc.constantFrom("", " ", "\t", "  ");
    const names = fc.constantFrom(["timeout", "max"], ["Timeout", "Max"], ["TIMEOUT", "MAX"]);
    const law = fc.property(
      fc.tuple(numbers, numbers),
      fc.tuple(spaces, spaces, fc.constantFrom(",", ";")),
      names,
      fc.boolean(),
      fc.boolean(),
      ([seconds, max], [before, after, separator], [timeoutName, maxName], quoted, swapped) => {
        const quote = quoted ? '"' : "";
        const write = (name: string | undefined, count: number) =>
          `${before}${name}${before}=${after}${quote}${count}${quote}${after}`;
        const parts = [write(timeoutName, seconds), write(maxName, max)];
        const value = (swapped ? parts.reverse() : parts).join(separator);
        assertEquals(parseKeepAlive(value), { timeoutMs: seconds * 1000, max, flawed: false });
      },
    );
    fc.assert(law, { numRuns: 500 });
  });

  it("gives for any text a whole number in range, or nothing", () => {
    const pieces = fc.constantFrom(
      "timeout",
      "max",
      "=",
      ",",
      ";",
      '"',
      " ",
      "-",
      "5",
      "99999999",
      "x",
      "\0",
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
    );
    const law = fc.property(texts, (value) => {
      const { timeoutMs, max } = parseKeepAlive(value);
      for (const number of [timeoutMs, max]) {
        assert(number === undefined || (Number.isSafeInteger(number) && number >= 0), `${number}`);
      }
    });
    fc.assert(law, { numRuns: 2000 });
  });

  it("takes linear time", () => {
    const long = "timeout=".repeat(100_000) + " ".repeat(100_000);
    assertEquals(parseKeepAlive(long).timeoutMs, undefined);
    assertEquals(parseKeepAlive(`timeout${" ".repeat(50_000)}x=5`).timeoutMs, undefined);
  });
});

/** The requests left after each response of one connection. */
function left(announced: readonly (number | undefined)[]): (number | undefined)[] {
  let seen = NO_MAX;
  return announced.map((max, index) => {
    seen = watchMax(seen, max);
    return remainingRequests(seen, index + 1);
  });
}

describe("max", () => {
  it("is the limit of the connection if it does not change, as in Node", () => {
    assertEquals(left([3, 3, 3]), [2, 1, 0]);
  });

  it("is the number left if it falls, as in Apache httpd", () => {
    assertEquals(left([99, 98, 97]), [98, 98, 97]);
    assertEquals(left([2, 1, 0]), [1, 1, 0]);
  });

  it("counts as a limit while its meaning is unknown, which allows fewer requests", () => {
    assertEquals(left([5]), [4]);
  });

  it("leaves none at 0, and never a negative number", () => {
    assertEquals(left([0]), [0]);
    assertEquals(left([1]), [0]);
    assertEquals(left([2, 2, 2, 2]), [1, 0, 0, 0]);
  });

  it("is unknown if the server sends none", () => {
    assertEquals(left([undefined, undefined]), [undefined, undefined]);
  });

  it("continues over a response without it", () => {
    assertEquals(left([5, undefined, undefined]), [4, 3, 2]);
    assertEquals(left([9, 8, undefined, undefined, 5]), [8, 8, 7, 6, 5]);
    assertEquals(left([9, 8, undefined, 7]), [8, 8, 7, 7]);
  });

  it("starts with the first response that has it", () => {
    assertEquals(left([undefined, undefined, 5, 5]), [undefined, undefined, 2, 1]);
    assertEquals(left([undefined, undefined, 5, 4]), [undefined, undefined, 2, 4]);
  });

  it("is a limit again if it rises after falling", () => {
    assertEquals(left([9, 8, 20]), [8, 8, 17]);
  });

  it("never allows more than a server of either kind accepts", () => {
    const law = fc.property(fc.integer({ min: 1, max: 30 }), fc.boolean(), (limit, countsDown) => {
      const announced = Array.from({ length: limit }, (_, at) => (countsDown ? limit - 1 - at : limit));
      left(announced).forEach((remaining, at) => {
        assert(remaining !== undefined && remaining <= limit - 1 - at, `${remaining} after ${at + 1}`);
      });
      assertEquals(left(announced).at(-1), 0);
    });
    fc.assert(law);
  });
});
