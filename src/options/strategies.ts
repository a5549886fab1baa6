/** Strategies: options by which a user or a preset changes how the rules decide, not only their numbers. */

import { decisive } from "../contract/user-functions.ts";
import type { HintReader } from "../rules/hints.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import { PRESET, type PresetInfo } from "../rules/preset.ts";
import type { RetryRule } from "../rules/retry.ts";
import type { Eviction, ReuseOrder, Rules } from "../rules/rules.ts";
import { objectWith, oneOf, refuseUnknown, show } from "./checks.ts";
import type { EvictionOptions, PoolOptions } from "./options.ts";

/** `serverHints`, checked. */
export function hintsOf(value: unknown): "honor" | "ignore" | HintReader {
  if (typeof value === "function") return decisive("serverHints", value as HintReader);
  return oneOf<"honor" | "ignore">(value, "serverHints", ["honor", "ignore"]);
}

/** `persistence`, checked; `undefined` for the standard's own. */
export function persistenceOf(value: unknown): PersistenceTest | undefined {
  if (value === "standard") return undefined;
  if (typeof value === "function") return decisive("persistence", value as PersistenceTest);
  throw new TypeError(`persistence must be "standard" or a function: current value is ${show(value)}`);
}

/** `retry`, checked. */
export function retryOf(value: unknown): boolean | RetryRule {
  if (typeof value === "boolean") return value;
  if (typeof value === "function") return decisive("retry", value as RetryRule);
  throw new TypeError(`retry must be true, false or a function: current value is ${show(value)}`);
}

/** `reuseOrder`, checked. */
export function reuseOrderOf(value: unknown): ReuseOrder {
  return oneOf<ReuseOrder>(value, "reuseOrder", ["lifo", "fifo", "oldest", "used-first"]);
}

const EVICTIONS = ["stalest", "returned"] as const;

/** `evictIdle`, checked: which idle connection goes above each of the two limits. */
export function evictionsOf(value: Eviction | EvictionOptions): Pick<Rules, "evictPerOrigin" | "evictInAll"> {
  if (typeof value !== "object") {
    const eviction = oneOf<Eviction>(value, "evictIdle", EVICTIONS);
    return { evictPerOrigin: eviction, evictInAll: eviction };
  }
  objectWith(value, "evictIdle", []);
  refuseUnknown(value, { perOrigin: 0, inAll: 0 }, "evictIdle option");
  const { perOrigin = "stalest", inAll = "stalest" } = value;
  return {
    evictPerOrigin: oneOf<Eviction>(perOrigin, "evictIdle.perOrigin", EVICTIONS),
    evictInAll: oneOf<Eviction>(inAll, "evictIdle.inAll", EVICTIONS),
  };
}

/** The preset that was spread into the options, and which of them are as it set them. */
export function presetOf(options: PoolOptions): {
  readonly preset: PresetInfo | undefined;
  readonly fromPreset: ReadonlySet<string>;
} {
  const preset = options[PRESET];
  if (preset === undefined) return { preset, fromPreset: new Set() };
  const kept = Object.entries(options).filter(
    ([name, value]) => value !== undefined && preset.options[name] === value,
  );
  return { preset, fromPreset: new Set(kept.map(([name]) => name)) };
}
