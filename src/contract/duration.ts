/**
 * Durations as users write them, and as the rules count them: milliseconds.
 * Nothing here knows what a duration is for; the caller names the option in the error.
 */

import { excerpt } from "./excerpt.ts";

/**
 * A length of time: milliseconds as a number, or a string with a unit.
 * `Infinity` (never a zero or a null) switches the thing it limits off.
 *
 * @example `250`, `"250ms"`, `"75s"`, `"5m"`, `"1h"`, `"1d"`, `Infinity`
 */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const WRITTEN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Milliseconds of a {@linkcode Duration}.
 *
 * @throws {TypeError} when the value is neither a number nor a string.
 * @throws {RangeError} when it is negative, NaN, or a string without a known unit. Both name `option`.
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

/** A duration for people: the largest unit that leaves a whole number, as {@linkcode toMs} reads it. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "off";
  for (const unit of ["h", "m", "s"] as const) {
    const size = UNIT_MS[unit] ?? 1;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${Math.round(ms)}ms`;
}
