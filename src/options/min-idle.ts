/** Min idle: reads and checks how many connections of an origin are kept ready. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { Rules } from "../rules/rules.ts";
import { objectWith, refuseUnknown, show, wholeNumber } from "./checks.ts";
import type { MinIdleOptions } from "./options.ts";

/** How long an origin is in use after its last request. */
const IN_USE: Duration = "5m";

/** @throws {TypeError | RangeError} that names the option. */
export function minIdleOf(value: number | MinIdleOptions): Pick<Rules, "minIdle" | "minIdleForMs"> {
  if (typeof value !== "object")
    return { minIdle: finite(value, "minIdle", 0), minIdleForMs: toMs(IN_USE, "") };
  objectWith(value, "minIdle", []);
  refuseUnknown(value, { count: 0, for: 0 }, "minIdle option");
  const { count, for: inUse = IN_USE } = value;
  return { minIdle: finite(count, "minIdle.count", 1), minIdleForMs: toMs(inUse, "minIdle.for") };
}

function finite(value: unknown, option: string, least: number): number {
  const count = wholeNumber(value, option, least);
  if (count < Infinity) return count;
  throw new RangeError(`${option} must be a whole number from ${least}: current value is ${show(value)}`);
}

const MAXIMA = ["maxConnectionsPerOrigin", "maxConnections", "maxIdlePerOrigin", "maxIdle"] as const;

/** @throws {RangeError} for more connections that are ready than there may be. */
export function refuseTooManyIdle(rules: Rules): void {
  for (const name of MAXIMA) {
    if (rules.minIdle > rules[name])
      throw new RangeError(`minIdle (${rules.minIdle}) must not exceed ${name} (${rules[name]})`);
  }
}
