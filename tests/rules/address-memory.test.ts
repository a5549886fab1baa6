/** Addresses: the order in which to try them, and when one is gone. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  type AddressMemory,
  hasAbsent,
  interleave,
  isGone,
  NO_ADDRESSES,
  remember,
} from "../../src/rules/address-memory.ts";

const MINUTE = 60_000;

describe("the order of addresses", () => {
  const orders: readonly (readonly [given: string, tried: string])[] = [
    ["", ""],
    ["4a", "4a"],
    ["4a 4b 4c", "4a 4b 4c"],
    ["6a 6b 4a 4b", "6a 4a 6b 4b"],
    ["4a 6a 6b 6c", "4a 6a 6b 6c"],
    ["6a 6b 6c 4a", "6a 4a 6b 6c"],
    ["4a 6a 4b 6b", "4a 6a 4b 6b"],
  ];
  const address = (name: string): string => (name.startsWith("6") ? `::${name}` : name);
  for (const [given, tried] of orders) {
    it(`of "${given}" is "${tried}"`, () => {
      const words = (text: string): string[] =>
        text
          .split(" ")
          .filter((word) => word !== "")
          .map(address);
      assertEquals(interleave(words(given)), words(tried));
    });
  }
});

/** The memory after answers, each at a given minute. */
function after(...answers: readonly (readonly [minute: number, answer: string])[]): AddressMemory {
  return answers.reduce(
    (memory, [minute, answer]) => remember(memory, answer.split(" "), minute * MINUTE),
    NO_ADDRESSES,
  );
}

describe("an address", () => {
  const cases: readonly (readonly [what: string, memory: AddressMemory, gone: string, there: string])[] = [
    ["that no answer held", NO_ADDRESSES, "", "a"],
    ["that the only answer holds", after([0, "a b"]), "", "a b c"],
    ["that the latest answer lacks", after([0, "a b"], [1, "b c"]), "a", "b c"],
    [
      "that returned is not gone; the answers rotate, so other addresses may return too",
      after([0, "a"], [1, "b"], [2, "a"]),
      "",
      "a b",
    ],
    [
      "of a rotating hostname is gone after more than 5 minutes",
      after([0, "a"], [1, "b"], [2, "a"], [6.5, "c"]),
      "b",
      "a c",
    ],
    [
      "is gone immediately if the answers last rotated 10 minutes ago",
      after([0, "a"], [1, "b"], [2, "a"], [12, "a"], [12.5, "c"]),
      "a",
      "c",
    ],
    ["of a name that rotates no more is gone", after([0, "a"], [1, "b"], [2, "a"], [12, "a"]), "b", "a"],
    ["that came back after 6 minutes shows no rotation", after([0, "a"], [1, "b"], [7, "a"]), "b", "a"],
  ];
  for (const [what, memory, gone, there] of cases) {
    it(what, () => {
      const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
      assertEquals(
        words(gone).map((address) => isGone(memory, address)),
        words(gone).map(() => true),
      );
      assertEquals(
        words(there).map((address) => isGone(memory, address)),
        words(there).map(() => false),
      );
    });
  }

  it("is remembered up to a maximum number", () => {
    let memory = NO_ADDRESSES;
    for (let at = 0; at < 1000; at++) memory = remember(memory, [`a${at}`], at);
    assertEquals(memory.seenAt.size, 256);
  });

  it("that is gone is forgotten at the next answer, unless it may still return", () => {
    const gone = after([0, "a"], [60, "b"]);
    assertEquals([hasAbsent(gone), isGone(gone, "a")], [true, true]);
    const forgotten = remember(gone, ["b"], 61 * MINUTE);
    assertEquals([hasAbsent(forgotten), forgotten.seenAt.has("a")], [false, false]);
    const recent = remember(after([0, "a"], [1, "b"]), ["b"], 2 * MINUTE);
    assertEquals(recent.seenAt.has("a"), true);
  });
});
