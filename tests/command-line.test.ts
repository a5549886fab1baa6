/** What the commands of this repository share: reading of options and numbers, and what a mistake leads to. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { above0, parsed, understood, whole } from "../scripts/command-line.ts";
import { UsageError } from "../scripts/usage-error.ts";

describe("a command line", () => {
  it("that is wrong is told of on standard error, with where more is said", (context) => {
    const { mock } = context.mock.method(console, "error", () => {});
    const read = () => parsed({ args: ["--lst"], options: { list: { type: "boolean" } } }).values;
    assertEquals(understood(read, "See --help."), undefined);
    const told = mock.calls.map(({ arguments: [text] }) => text);
    assertEquals(told, [`${assertThrows(read, UsageError).message}\nSee --help.`]);
  });

  it("that is right is what was read, and a fault of the command's own is none of the user's", () => {
    assertEquals(
      understood(() => 7, ""),
      7,
    );
    const broken = () => {
      throw new RangeError("ours");
    };
    assertThrows(() => understood(broken, ""), RangeError, "ours");
  });

  it("with a wrong option has the cause", () => {
    const error = assertThrows(() => parsed({ args: ["--lst"], options: {} }), UsageError, "'--lst'");
    assertInstanceOf(error.cause, TypeError);
  });
});

describe("the numbers of a command line", () => {
  const taken: readonly (readonly [read: typeof whole, text: string, number: number])[] = [
    [whole, "1", 1],
    [whole, "999999999999999", 999_999_999_999_999],
    [above0, "0.5", 0.5],
    [above0, "1e3", 1000],
  ];
  for (const [read, text, number] of taken)
    it(`are taken: ${read.name} ${text}`, () => assertEquals(read("n", text), number));

  const refused: readonly (readonly [read: typeof whole, texts: readonly string[], kind: string])[] = [
    [
      whole,
      ["", " ", "0", "-1", "+1", "01", "1.5", "1e3", "1 ", "two", "1000000000000000"],
      "a whole number",
    ],
    [above0, ["", " ", "0", "-1", "Infinity", "NaN", "ten"], "a number"],
  ];
  for (const [read, texts, kind] of refused)
    it(`are refused by ${read.name}: "${texts.join('", "')}"`, () => {
      for (const text of texts) {
        const error = assertThrows(() => read("n", text), UsageError);
        assertEquals(error.message, `--n must be ${kind} above 0, got "${text}"`);
      }
    });
});
