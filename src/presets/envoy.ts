/** Envoy: towards its clients, and the services in front of which it stands. */

import type { Duration } from "../contract/duration.ts";
import type { ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { onlyWhereNeeded, serverPreset } from "./server-preset.ts";

/** Fields of Envoy's HTTP connection manager; where it writes 0 for "off", it is `Infinity` here. */
export interface EnvoyDirectives {
  /** `common_http_protocol_options.idle_timeout`. @default "1h" */
  readonly idleTimeout?: Duration;
  /** `common_http_protocol_options.max_connection_duration`. @default Infinity */
  readonly maxConnectionDuration?: Duration;
  /** Share of `max_connection_duration` taken off at random. @default 0 */
  readonly maxConnectionDurationJitter?: number;
  /** `common_http_protocol_options.max_requests_per_connection`. @default Infinity */
  readonly maxRequestsPerConnection?: number;
  /** `stream_idle_timeout`: silence within one exchange; `bodyIdleTimeout` in a pool. @default "5m" */
  readonly streamIdleTimeout?: Duration;
}

/**
 * The rules of Envoy 1.13 and later: 1 h idle, no limit of requests or of life unless set, 5 min of silence within an
 * exchange. It never names a timeout.
 *
 * Source: envoyproxy/envoy `conn_manager_impl.cc`, `protocol.proto` (2020 to 2022).
 *
 * Not here: after `idle_timeout` Envoy drains for `drain_timeout` (5 s) before it closes.
 */
export function envoy(given: EnvoyDirectives = {}): ServerPreset {
  const set = directives<EnvoyDirectives>("envoy", given, {
    idleTimeout: "1h",
    maxConnectionDuration: Infinity,
    maxConnectionDurationJitter: 0,
    maxRequestsPerConnection: Infinity,
    streamIdleTimeout: "5m",
  });
  return serverPreset(
    {
      name: "envoy",
      system: "Envoy",
      versions: "1.13 and later",
      source: "envoyproxy/envoy conn_manager_impl.cc, protocol.proto",
    },
    {
      idleTimeout: set.idleTimeout,
      maxRequests: set.maxRequestsPerConnection,
      maxLifetime: set.maxConnectionDuration,
      lifetimeJitter: set.maxConnectionDurationJitter,
      bodyIdleTimeout: set.streamIdleTimeout,
    },
    onlyWhereNeeded,
  );
}
