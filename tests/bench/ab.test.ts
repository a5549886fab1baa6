/** The A/B comparison: what it reads from its arguments, and what it concludes from pairs. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readArguments } from "../../bench/ab/arguments.ts";
import { lowerQuartile, ratioOf } from "../../bench/ab/pairs.ts";
import { root } from "../../scripts/entries.ts";
import { UsageError } from "../../scripts/usage-error.ts";

const KNOWN = {
  sections: ["small", "open-20"],
  openLoops: ["open-20"],
  runtimes: ["Deno", "Bun"],
  clients: ["holdfast request", "holdfast fetch", "node:http"],
};

describe("A/B: arguments", () => {
  const message = (...list: string[]): string =>
    assertThrows(() => readArguments(list, KNOWN), UsageError).message;

  it("takes lists, and checkouts that are there", () => {
    const { sections, clients, against, rate } = readArguments(
      ["--only", "small, open-20", "--client", "node:http", "--against", root, "--rate", "900"],
      KNOWN,
    );
    assertEquals([sections, clients, rate], [["small", "open-20"], ["node:http"], 900]);
    assertEquals(against.length, 1);
  });

  it("names what is wrong, and what there is", () => {
    assertStringIncludes(
      message("--only", "smal"),
      'no section "smal". Did you mean "small"? The sections are: small, open-20',
    );
    assertStringIncludes(message("--client", "curl"), 'no client "curl"');
    assertStringIncludes(message("--runtime", "Rhino"), 'no runtime "Rhino"');
    assertStringIncludes(message("--against", "/nowhere"), "/nowhere has no bench");
    assertStringIncludes(message("--windows", "5"), "--windows is a whole number of 6 or more, not 5");
    assertStringIncludes(message("--ms", "0"), '--ms is a number above 0, not "0"');
    assertStringIncludes(message("--only", "open-20"), "--rate");
    assertStringIncludes(message("--fast"), "--fast");
  });
});

describe("A/B: pairs", () => {
  it("compares neighbours, so that a slow minute of the machine disturbs both alike", () => {
    const before = [10, 40, 11, 90, 10, 12];
    const { middle, low, high } = ratioOf(
      before.map((micros) => 0.9 * micros),
      before,
    );
    for (const bound of [low, middle, high]) assertEquals(Number(bound.toFixed(6)), 0.9);
  });

  it("gives an interval that is wider the more the pairs differ, and narrower the more there are", () => {
    const ones = Array.from({ length: 100 }, () => 1);
    const rising = ones.map((_, at) => 100 + at);
    const many = ratioOf(rising, ones);
    assertEquals([many.low, many.middle, many.high], [140, 150, 159]);
    const few = ratioOf(
      rising.filter((_, at) => at % 10 === 5),
      ones.slice(0, 10),
    );
    assert(few.low < many.low && few.high > many.high, `${few.low} to ${few.high}`);
  });

  it("takes all ratios for the interval where there are few", () => {
    const { low, high } = ratioOf([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1]);
    assertEquals([low, high], [1, 6]);
  });

  it("names the quarter that was disturbed least", () => {
    assertEquals(lowerQuartile([9, 1, 5, 3]), 3);
  });
});
