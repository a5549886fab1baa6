/** Doubt option: reads and checks how long a request waits on a connection that may be dead before it is sent again. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { DoubtSetting } from "../rules/doubt.ts";
import { refuseUnknown, show } from "./checks.ts";

/** How long the first attempt may be silent before a second one begins. */
export interface DoubtOptions {
  /**
   * The silence after which the second attempt begins.
   *
   * @default at least 3 times the 99th percentile of the origin's times to the first byte and 300 ms; 3 s while unknown
   */
  readonly after?: Duration;
}

/**
 * The setting that follows from the option.
 *
 * @throws {TypeError} for anything but `false` or an object with `after`.
 * @throws {RangeError} for a wait of 0, or one that `headersTimeout` never lets end.
 */
export function doubtOf(
  value: false | DoubtOptions,
  headersTimeoutMs: number,
  option = "doubt",
): DoubtSetting | false {
  if (value === false) return false;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `${option} must be false or an object such as { after: "1s" }: current value is ${show(value)}`,
    );
  }
  refuseUnknown(value, { after: 0 }, `${option} option`);
  if (value.after === undefined) return { afterMs: undefined };
  const afterMs = toMs(value.after, `${option}.after`);
  if (afterMs === Infinity) return false;
  if (!(afterMs > 0)) {
    throw new RangeError(`${option}.after must be above 0: current value is ${show(value.after)}`);
  }
  if (afterMs >= headersTimeoutMs) {
    throw new RangeError(
      `${option}.after (${afterMs} ms) must be below headersTimeout (${headersTimeoutMs} ms)`,
    );
  }
  return { afterMs };
}
