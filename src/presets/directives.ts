/** Directives: a system's own settings, under the names that its users know, merged with the system's defaults. */

import { excerpt } from "../contract/excerpt.ts";
import { refuseUnknown } from "../options/checks.ts";

/**
 * Merges the given directives with the defaults. A directive that is `undefined` counts as not given.
 *
 * @throws {TypeError} for a directive that the preset does not have.
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
 * Whether a version, such as `"0.12.23"` or `"17"`, is older than another.
 *
 * @throws {TypeError} if it is not written as numbers with dots between them.
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
