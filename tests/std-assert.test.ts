import { describe, it } from "node:test";
import {
  AssertionError,
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
} from "@std/assert";

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}

const circular: Record<string, unknown> = { name: "a" };
circular.self = circular;
const circularToo: Record<string, unknown> = { name: "a" };
circularToo.self = circularToo;

const same: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["NaN", Number.NaN, Number.NaN],
  ["0 and -0", 0, -0],
  ["nested objects in another key order", { a: { b: [1] }, c: 2 }, { c: 2, a: { b: [1] } }],
  ["an object without a prototype and a plain one", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["maps with equal object keys", new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
  ["sets of equal objects", new Set([{ k: 1 }]), new Set([{ k: 1 }])],
  ["dates of one moment", new Date(5), new Date(5)],
  ["equal bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["equal URLs", new URL("http://a/b"), new URL("http://a/b")],
  ["circular objects", circular, circularToo],
  ["errors with the same message", new TypeError("a"), new TypeError("a")],
];

const different: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["a number and its text", 1, "1"],
  ["an absent key and an undefined one", {}, { a: undefined }],
  ["two classes", new Point(1), { x: 1 }],
  ["two bytes", new Uint8Array([1]), new Uint8Array([2])],
  ["map values", new Map([["a", 1]]), new Map([["a", 2]])],
  ["set items", new Set([1]), new Set([2])],
  ["regular expressions", /a/, /a/i],
  ["error messages", new Error("a"), new Error("b")],
  ["null and an object", null, {}],
];

describe("equal()", () => {
  for (const [what, a, b] of same) {
    it(`holds for ${what}`, () => {
      assertStrictEquals(equal(a, b), true);
      assertEquals(a, b);
      assertThrows(() => assertNotEquals(a, b), AssertionError);
    });
  }
  for (const [what, a, b] of different) {
    it(`distinguishes ${what}`, () => {
      assertStrictEquals(equal(a, b), false);
      assertNotEquals(a, b);
      assertThrows(() => assertEquals(a, b), AssertionError);
    });
  }
});

const holding: ReadonlyArray<readonly [string, () => void, () => void]> = [
  ["assert", () => assert("x"), () => assert("")],
  ["assertFalse", () => assertFalse(0), () => assertFalse(1)],
  [
    "assertStrictEquals",
    () => assertStrictEquals<unknown>("a", "a"),
    () => assertStrictEquals<unknown>({}, {}),
  ],
  ["assertNotStrictEquals", () => assertNotStrictEquals({}, {}), () => assertNotStrictEquals(1, 1)],
  ["assertExists", () => assertExists(0), () => assertExists(null)],
  ["assertInstanceOf", () => assertInstanceOf(new Point(1), Point), () => assertInstanceOf({}, Point)],
  ["assertMatch", () => assertMatch("abc", /b/), () => assertMatch("abc", /x/)],
  ["assertNotMatch", () => assertNotMatch("abc", /x/), () => assertNotMatch("abc", /b/)],
  ["assertStringIncludes", () => assertStringIncludes("abc", "bc"), () => assertStringIncludes("abc", "x")],
  [
    "assertArrayIncludes",
    () => assertArrayIncludes([{ a: 1 }], [{ a: 1 }]),
    () => assertArrayIncludes([1], [2]),
  ],
  ["assertAlmostEquals", () => assertAlmostEquals(0.1 + 0.2, 0.3), () => assertAlmostEquals(1, 2, 0.5)],
  ["assertGreater", () => assertGreater(2, 1), () => assertGreater(1, 1)],
  ["assertGreaterOrEqual", () => assertGreaterOrEqual(1, 1), () => assertGreaterOrEqual(0, 1)],
  ["assertLess", () => assertLess(1, 2), () => assertLess(1, 1)],
  ["assertLessOrEqual", () => assertLessOrEqual(1, 1), () => assertLessOrEqual(1, 0)],
  [
    "assertObjectMatch",
    () => assertObjectMatch({ a: 1, b: { c: 2, d: [{ e: 3, f: 4 }] } }, { b: { c: 2, d: [{ e: 3 }] } }),
    () => assertObjectMatch({ a: 1 }, { a: 1, b: undefined }),
  ],
  ["fail", () => {}, () => fail("no")],
];

describe("assertions", () => {
  for (const [name, passes, fails] of holding) {
    it(`${name}() throws only if its condition is false`, () => {
      passes();
      assertThrows(fails, AssertionError);
    });
  }
});

describe("assertThrows()", () => {
  it("returns the error of the class and message asked for", () => {
    const error = assertThrows(() => raise(new RangeError("too far")), RangeError, "far");
    assertStrictEquals(error.message, "too far");
  });
  it("throws for another class, another message and no error", () => {
    assertThrows(() => assertThrows(() => raise(new Error("a")), RangeError), AssertionError, "RangeError");
    assertThrows(() => assertThrows(() => raise(new Error("a")), Error, "b"), AssertionError, 'include "b"');
    assertThrows(() => assertThrows(() => {}), AssertionError, "Expected function to throw");
  });
});

describe("assertRejects()", () => {
  it("resolves with the reason", async () => {
    assertStrictEquals(await assertRejects(() => Promise.reject("reason")), "reason");
    const error = await assertRejects(() => Promise.reject(new RangeError("far")), RangeError, "far");
    assertInstanceOf(error, RangeError);
  });
  it("rejects for a fulfilled promise and a synchronous throw", async () => {
    await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError, "to reject");
    const sync = () => assertRejects(() => raise(new Error("now")));
    await assertRejects(sync, AssertionError, "throws when expected to reject");
  });
});

function raise(error: Error): never {
  throw error;
}
