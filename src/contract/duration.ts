/**
 * Duration: lengths of time as users write them, and their conversion to milliseconds, in which all code counts.
 */

import { excerpt } from "./excerpt.ts";

/**
 * A length of time: milliseconds as a number, or a string with a unit. `Infinity` switches a limit off; 0 and `null` do
 * not.
 *
 * @example `250`, `"250ms"`, `"75s"`, `"5m"`, `"1h"`, `"1d"`, `Infinity`
 */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const WRITTEN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Converts a {@linkcode Duration} to milliseconds. Errors name `option`.
 *
 * @throws {TypeError} if the value is neither a number nor a string.
 * @throws {RangeError} if it is negative, NaN, or a string without a known unit.
 */
export function toMs(value: Duration, option: string): number {
  if (typeof value === "number") {
    if (value >= 0) return value;
    throw new RangeError(`${option} must be 0 or more milliseconds: current value is ${value}`);
  }
  if (typeof value !== "string") {
    throw new TypeError(
      `${option} must be a number of milliseconds or a string such as "75s": current value is ${excerpt(String(value))}`,
    );
  }
  const [, amount, unit] = WRITTEN.exec(value) ?? [];
  const factor = unit === undefined ? undefined : UNIT_MS[unit];
  if (amount === undefined || factor === undefined) {
    throw new RangeError(
      `${option} must be written like "250ms", "75s", "5m", "1h" or "1d": current value is "${excerpt(value)}"`,
    );
  }
  return Number(amount) * factor;
}

/** Formats milliseconds in the largest unit that gives a whole number, as {@linkcode toMs} parses it; `"off"` for `Infinity`. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "off";
  for (const unit of ["h", "m", "s"] as const) {
    const size = UNIT_MS[unit] ?? 1;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${Math.round(ms)}ms`;
}
