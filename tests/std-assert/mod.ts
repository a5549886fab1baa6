/**
 * Stands in for `jsr:@std/assert@1`: the same names, signatures and verdicts over `node:assert`, so that
 * the tests need no registry but npm and run unchanged on Node, Deno and Bun.
 *
 * To use the original, point `@std/assert` to `jsr:@std/assert@1` in deno.json and to
 * `npm:@jsr/std__assert@^1` in package.json (with `@jsr:registry=https://npm.jsr.io` in .npmrc), and
 * delete this folder.
 *
 * @module
 */
import nodeAssert, { AssertionError } from "node:assert";
import { inspect } from "node:util";
import { equal } from "./equal.ts";

export { assertRejects, assertThrows } from "./throws.ts";
export { AssertionError, equal };

type Falsy = false | 0 | 0n | "" | null | undefined;

/** Throws an {@linkcode AssertionError}. */
export function fail(msg?: string): never {
  throw new AssertionError({ message: `Failed assertion${suffix(msg)}` });
}

function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

function check(holds: boolean, expectation: string, msg: string | undefined): void {
  if (!holds) throw new AssertionError({ message: `${expectation}${suffix(msg)}` });
}

export function assert(expr: unknown, msg = ""): asserts expr {
  check(Boolean(expr), msg || "Expected a truthy value", undefined);
}

export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  check(!expr, msg || `Expected a falsy value, got ${inspect(expr)}`, undefined);
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  // Asked for its diff only: whether the values are equal was decided above.
  nodeAssert.deepStrictEqual(actual, expected);
  fail(msg ?? "Values are not equal");
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(!equal(actual, expected), `Expected another value than ${inspect(actual)}`, msg);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  check(false, `Expected ${inspect(actual)} to be the same value as ${inspect(expected)}`, msg);
}

export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  check(!Object.is(actual, expected), `Expected another reference than ${inspect(actual)}`, msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  check(actual !== undefined && actual !== null, `Expected a value, got ${actual}`, msg);
}

export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is T {
  check(actual instanceof expectedType, `Expected ${inspect(actual)} to be a ${expectedType.name}`, msg);
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  check(expected.test(actual), `Expected ${inspect(actual)} to match ${expected}`, msg);
}

export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  check(!expected.test(actual), `Expected ${inspect(actual)} not to match ${expected}`, msg);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  check(actual.includes(expected), `Expected ${inspect(actual)} to include ${inspect(expected)}`, msg);
}

export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, msg?: string): void {
  const missing = Array.from(expected).filter(
    (item) => !Array.from(actual).some((other) => equal(item, other)),
  );
  check(missing.length === 0, `Expected ${inspect(actual)} to include ${inspect(missing)}`, msg);
}

export function assertAlmostEquals(actual: number, expected: number, tolerance = 1e-7, msg?: string): void {
  const near = Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance;
  check(near, `Expected ${actual} to be within ${tolerance} of ${expected}`, msg);
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  check(actual > expected, `Expected ${inspect(actual)} > ${inspect(expected)}`, msg);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  check(actual >= expected, `Expected ${inspect(actual)} >= ${inspect(expected)}`, msg);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  check(actual < expected, `Expected ${inspect(actual)} < ${inspect(expected)}`, msg);
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  check(actual <= expected, `Expected ${inspect(actual)} <= ${inspect(expected)}`, msg);
}

/** Every key of `expected` is in `actual` with an equal value, at any depth. */
export function assertObjectMatch(
  actual: object,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  const seen = subset(actual, expected);
  if (!equal(seen, expected)) assertEquals<unknown>(seen, expected, msg);
}

/** `actual` cut down to the keys that `expected` has. */
function subset(actual: unknown, expected: unknown): unknown {
  if (!isRecord(actual) || !isRecord(expected)) return actual;
  if (Array.isArray(actual)) return actual.map((item, at) => subset(item, Reflect.get(expected, at)));
  const shared = Reflect.ownKeys(expected).filter((key) => key in actual);
  return Object.fromEntries(
    shared.map((key) => [key, subset(Reflect.get(actual, key), Reflect.get(expected, key))]),
  );
}

function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return (
    Array.isArray(value) ||
    !(value instanceof Map || value instanceof Set || value instanceof Date || ArrayBuffer.isView(value))
  );
}
