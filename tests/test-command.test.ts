/** The command line of `npm test`. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { readArguments } from "../scripts/test/arguments.ts";
import { UsageError } from "../scripts/usage-error.ts";

const STEPS = ["types", "node", "deno"];

describe("the arguments of npm test", () => {
  it("are all steps and files, three at a time, by default", () => {
    const given = readArguments([], STEPS);
    assertEquals(given, { only: [], filters: [], jobs: 3, list: false, help: false });
  });

  it("choose steps and files", () => {
    const given = readArguments(
      ["--only", "node,deno", "--only", "types", "tests/pool", "--jobs", "1"],
      STEPS,
    );
    assertEquals([given.only, given.filters, given.jobs], [["node", "deno", "types"], ["tests/pool"], 1]);
  });

  const wrong: readonly (readonly [argv: string[], message: string])[] = [
    [["--only", "node,dino"], '--only knows no step "dino": there are types, node, deno'],
    [["--jobs", "0"], '--jobs must be a whole number above 0, got "0"'],
    [["--jobs", "two"], '--jobs must be a whole number above 0, got "two"'],
    [["--lst"], "Unknown option '--lst'"],
  ];
  for (const [argv, message] of wrong)
    it(`are refused: ${argv.join(" ")}`, () => {
      assertThrows(() => readArguments(argv, STEPS), UsageError, message);
    });
});
