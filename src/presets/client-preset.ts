/**
 * Client presets: options that make a pool keep and order its connections and resend requests as another system does.
 */

import type { PingOptions, PoolOptions } from "../options/options.ts";
import { type Http2Info, PRESET, type PresetInfo } from "../rules/preset-info.ts";

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
  doubt: false,
  unsafeReuse: Infinity,
  learn: false,
};

/**
 * Makes a preset of `options`. Options that are not given have the value of most systems. A system of which no HTTP/2 is
 * known speaks none. One that waits for a stream, where a pool opens another connection, has no option for that.
 */
export function clientPreset(system: SystemInfo, options: PoolOptions): ClientPreset {
  const all = { ...COMMON, ...http2Options(system.http2), ...options };
  return { ...all, [PRESET]: { ...system, options: all } };
}

function http2Options(info: Http2Info | undefined): PoolOptions {
  return {
    http2: info === undefined ? false : "alpn",
    maxStreams: Infinity,
    ping: pingOption(info?.ping ?? false),
  };
}

/** A pool pings after a silence, while a request runs or also without one. */
function pingOption(ping: Http2Info["ping"]): false | PingOptions {
  if (ping === false) return false;
  const { intervalMs, timeoutMs = Infinity, when } = ping;
  return { interval: intervalMs, timeout: timeoutMs, whileIdle: when === "always" };
}
