/** Directives: a system's own settings, as its users know them, over its defaults. */

import { excerpt } from "../contract/excerpt.ts";
import { refuseUnknown } from "../options/checks.ts";

/**
 * What was given over the defaults. A directive that is `undefined` was not given.
 *
 * @throws {TypeError} for one that the preset does not have.
 */
export function directives<T extends object>(
  preset: string,
  given: Partial<T>,
  defaults: Required<T>,
): Required<T> {
  refuseUnknown(given, defaults, `directive of presets.${preset}()`);
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) };
}

/**
 * Whether a version, such as `"0.12.23"` or `"17"`, comes before another.
 *
 * @throws {TypeError} when it is not written as numbers with dots between them.
 */
export function isBefore(version: string, other: string): boolean {
  const [a, b] = [numbersOf(version), numbersOf(other)];
  const at = b.findIndex((part, index) => part !== (a[index] ?? 0));
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

function numbersOf(version: string): number[] {
  if (/^\d+(\.\d+)*$/.test(version)) return version.split(".").map(Number);
  throw new TypeError(
    `version must be written like "17" or "0.12.23": current value is "${excerpt(String(version))}"`,
  );
}
