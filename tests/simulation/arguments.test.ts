/** The command line of the simulation. */

import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../scripts/usage-error.ts";
import { HELP, readArguments } from "./arguments.ts";
import { KINDS, LANDED } from "./dimensions.ts";

describe("the arguments of the simulation", () => {
  it("are 100 seeds of 500 requests with all dimensions by default", () => {
    const { seeds, from, requests, total, seconds, kinds, failures, replay } = readArguments([]);
    assertEquals([seeds, from, requests, total, seconds], [100, 1, 500, Infinity, Infinity]);
    assertEquals([kinds, failures, replay], [LANDED, 20, undefined]);
  });

  it("are as many seeds as fit, where something else ends it", () => {
    assertEquals(readArguments(["--seconds", "0.5"]).seeds, Infinity);
    assertEquals(readArguments(["--total", "7"]).seeds, Infinity);
    assertEquals(readArguments(["--total", "7", "--seeds", "3"]).seeds, 3);
  });

  it("choose dimensions", () => {
    assertEquals(readArguments(["--only", "codings,pairs"]).kinds, ["codings", "pairs"]);
    assertEquals(readArguments(["--only", "codings,pairs", "--without", "pairs"]).kinds, ["codings"]);
    assertEquals(readArguments(["--only", ""]).kinds, []);
  });

  it("replay a world, or the two pools beside it", () => {
    const besideOf = (...more: string[]) => readArguments(["--replay", "0", ...more]).beside;
    assertEquals(
      [besideOf(), besideOf("--pair"), besideOf("--neighbours")],
      [undefined, "pair", "neighbours"],
    );
  });

  it("are explained, with all dimensions", () => {
    for (const kind of KINDS) assertStringIncludes(HELP, kind);
  });

  const wrong: readonly (readonly [argv: string[], message: string])[] = [
    [["--requests", "many"], '--requests must be a whole number above 0, got "many"'],
    [["--seeds", "0"], '--seeds must be a whole number above 0, got "0"'],
    [["--from", "-1"], "--from"],
    [["--seconds", "Infinity"], '--seconds must be a number above 0, got "Infinity"'],
    [["--silence", "long"], '--silence must be one of forgets, slow, out, got "long"'],
    [["--only", "codigns"], '--only knows no dimension "codigns": there are listeners,'],
    [["--without", "toString"], '--without knows no dimension "toString"'],
    [["--hours", "1"], "Unknown option '--hours'"],
  ];
  for (const [argv, message] of wrong)
    it(`are refused: ${argv.join(" ")}`, () => {
      assertThrows(() => readArguments(argv), UsageError, message);
    });
});
