/** Client preset: options that make a pool keep, order and retry its connections as another system does. */

import type { PoolOptions } from "../options/options.ts";
import { PRESET, type PresetInfo } from "../rules/preset-info.ts";

/** Options to spread into those of a pool, and what they are made after. */
export type ClientPreset = PoolOptions & { readonly [PRESET]: PresetInfo };

/** What a preset says of its system. */
export type SystemInfo = Omit<PresetInfo, "options">;

/**
 * What nearly all systems have in common, and Holdfast by itself has not: no limit but those they name, no look at
 * `Keep-Alive`, no learning, and no fear of a stale connection.
 */
const COMMON: PoolOptions = {
  idleTimeout: Infinity,
  maxRequests: Infinity,
  maxLifetime: Infinity,
  lifetimeJitter: 0,
  serverHints: "ignore",
  hintMargin: 0,
  persistence: "standard",
  maxConnections: Infinity,
  maxConnectionsPerOrigin: Infinity,
  maxIdle: Infinity,
  maxIdlePerOrigin: Infinity,
  reuseOrder: "lifo",
  evictIdle: "stalest",
  tcpKeepAlive: false,
  retry: false,
  unsafeReuse: Infinity,
  learn: false,
};

/** A preset of `options`; what they leave open is as in most systems. */
export function clientPreset(note: SystemInfo, options: PoolOptions): ClientPreset {
  const all = { ...COMMON, ...options };
  return { ...all, [PRESET]: { ...note, options: all } };
}
