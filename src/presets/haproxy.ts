/** HAProxy, towards its clients. */

import type { Duration } from "../contract/duration.ts";
import type { ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { onlyWhereNeeded, serverPreset } from "./server-preset.ts";

/** Directives of a frontend. */
export interface HaproxyDirectives {
  /**
   * `timeout http-keep-alive`. If it is not set, HAProxy uses `timeout http-request`, then `timeout client`, and has no
   * default of its own.
   *
   * @default Infinity
   */
  readonly timeoutHttpKeepAlive?: Duration;
}

/**
 * The rules of HAProxy 1.9 and later as a server. The idle time is as configured. Requests and lifetime have no limit.
 * It never announces a timeout.
 *
 * Source: haproxy 3.5 `mux_h1.c`.
 */
export function haproxy(given: HaproxyDirectives = {}): ServerPreset {
  const { timeoutHttpKeepAlive } = directives<HaproxyDirectives>("haproxy", given, {
    timeoutHttpKeepAlive: Infinity,
  });
  return serverPreset(
    { name: "haproxy", system: "HAProxy", versions: "1.9 and later", source: "haproxy 3.5 mux_h1.c" },
    { idleTimeout: timeoutHttpKeepAlive, maxRequests: Infinity, maxLifetime: Infinity, lifetimeJitter: 0 },
    onlyWhereNeeded,
  );
}
