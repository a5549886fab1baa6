/** Durations: every written form, and every wrong one. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Duration, formatMs, toMs } from "../../src/contract/duration.ts";

describe("a duration", () => {
  const rows: readonly (readonly [written: Duration, ms: number])[] = [
    [0, 0],
    [250, 250],
    [0.5, 0.5],
    [Infinity, Infinity],
    ["0s", 0],
    ["250ms", 250],
    ["75s", 75_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
    ["1.5s", 1500],
    ["0.25h", 900_000],
    ["007s", 7000],
  ];
  for (const [written, ms] of rows) {
    it(`${JSON.stringify(written)} is ${ms} ms`, () => assertEquals(toMs(written, "option"), ms));
  }

  const wrong: readonly (readonly [value: unknown, kind: "TypeError" | "RangeError"])[] = [
    [-1, "RangeError"],
    [Number.NaN, "RangeError"],
    [-Infinity, "RangeError"],
    ["", "RangeError"],
    ["s", "RangeError"],
    ["5", "RangeError"],
    ["5S", "RangeError"],
    ["5 s", "RangeError"],
    [" 5s", "RangeError"],
    ["5s ", "RangeError"],
    ["5s\n", "RangeError"],
    ["+5s", "RangeError"],
    ["-5s", "RangeError"],
    [".5s", "RangeError"],
    ["5.s", "RangeError"],
    ["1e3s", "RangeError"],
    ["5min", "RangeError"],
    ["1h30m", "RangeError"],
    ["Infinity", "RangeError"],
    ["5constructor", "RangeError"],
    [null, "TypeError"],
    [undefined, "TypeError"],
    [true, "TypeError"],
    [5n, "TypeError"],
    [[5], "TypeError"],
  ];
  for (const [value, kind] of wrong) {
    it(`cannot be ${typeof value} ${JSON.stringify(String(value))}, and the error names option and value`, () => {
      const error = assertThrows(() => toMs(value as Duration, "idleTimeout"));
      assertInstanceOf(error, Error);
      assertEquals(error.name, kind);
      assertStringIncludes(error.message, "idleTimeout");
      assertStringIncludes(error.message, String(value));
    });
  }

  it("can be any whole number in any unit", () => {
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]));
    const law = fc.property(fc.nat(), unit, (amount, name) => {
      assertEquals(toMs(`${amount}${name}`, "option"), amount * units[name]);
    });
    fc.assert(law);
  });
});

describe("formatMs", () => {
  const rows: readonly (readonly [ms: number, text: string])[] = [
    [0, "0ms"],
    [1, "1ms"],
    [999, "999ms"],
    [1000, "1s"],
    [1500, "1500ms"],
    [60_000, "1m"],
    [90_000, "90s"],
    [3_600_000, "1h"],
    [5_400_000, "90m"],
    [86_400_000, "24h"],
    [12.6, "13ms"],
    [Infinity, "off"],
  ];
  for (const [ms, text] of rows) it(`writes ${ms} as ${text}`, () => assertEquals(formatMs(ms), text));

  it("writes text that toMs reads back", () => {
    const whole = fc.oneof(
      fc.nat(),
      fc.nat(100_000).map((seconds) => seconds * 1000),
      fc.maxSafeNat(),
    );
    const law = fc.property(whole, (ms) => assertEquals(toMs(formatMs(ms) as Duration, "option"), ms));
    fc.assert(law, { numRuns: 500 });
  });
});
