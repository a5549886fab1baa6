/** Usage: the user's mistakes on the command line of the benches, and what is read alike by them. */

import { UsageError } from "../../scripts/usage-error.ts";
import { nearest } from "../../src/contract/nearest.ts";

/** @throws {UsageError} with a sentence that names the nearest right word. `what`: for a list of such names. */
export function refuseUnknown(what: string, given: string, known: readonly string[]): void {
  if (!known.includes(given)) throw unknownName(what, given, known);
}

export function unknownName(what: string, given: string, known: readonly string[]): UsageError {
  const close = nearest(given, known);
  const hint = close === undefined ? "." : `. Did you mean "${close}"?`;
  return new UsageError(`There is no ${what} "${given}"${hint} The ${what}s are: ${known.join(", ")}.`);
}

/** @throws {UsageError} if it is not a number above 0. */
export function positive(option: string, given: string): number {
  const number = Number(given);
  if (number > 0 && number < Infinity) return number;
  throw new UsageError(`--${option} is a number above 0, not "${given}"`);
}
