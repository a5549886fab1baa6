/**
 * Client presets: options that make a pool keep and order its connections and resend requests as another system does.
 */

import type { PoolOptions } from "../options/options.ts";
import { PRESET, type PresetInfo } from "../rules/preset-info.ts";

/** Options to spread into those of a pool, with information about the system that they reproduce. */
export type ClientPreset = PoolOptions & { readonly [PRESET]: PresetInfo };

/** What a preset says about its system. */
export type SystemInfo = Omit<PresetInfo, "options">;

/**
 * Options that nearly all systems share. Unlike Holdfast's defaults, they set no limit, ignore `Keep-Alive`, learn
 * nothing, and reuse idle connections for any request.
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

/** Makes a preset of `options`. Options that are not given have the value of most systems. */
export function clientPreset(system: SystemInfo, options: PoolOptions): ClientPreset {
  const all = { ...COMMON, ...options };
  return { ...all, [PRESET]: { ...system, options: all } };
}
