/** Envoy, towards its clients. */

import type { Duration } from "../contract/duration.ts";
import type { ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { onlyWhereNeeded, serverPreset } from "./server-preset.ts";
import { MIB } from "./units.ts";

/** Fields of Envoy's HTTP connection manager. Where Envoy uses 0 for "off", use `Infinity`. */
export interface EnvoyDirectives {
  /** `common_http_protocol_options.idle_timeout`. @default "1h" */
  readonly idleTimeout?: Duration;
  /** `common_http_protocol_options.max_connection_duration`. @default Infinity */
  readonly maxConnectionDuration?: Duration;
  /** The largest share of `max_connection_duration` taken off at random. @default 0 */
  readonly maxConnectionDurationJitter?: number;
  /** `common_http_protocol_options.max_requests_per_connection`. @default Infinity */
  readonly maxRequestsPerConnection?: number;
  /**
   * `stream_idle_timeout`: the longest silence within one exchange. In a pool it is `bodyIdleTimeout`.
   *
   * @default "5m"
   */
  readonly streamIdleTimeout?: Duration;
}

/**
 * The rules of Envoy 1.13 and later. The idle time is 1 h, and the longest silence within an exchange is 5 min.
 * Requests and lifetime have no limit unless set. It never announces a timeout.
 *
 * Source: envoyproxy/envoy `conn_manager_impl.cc`, `protocol.proto` (2020 to 2022).
 *
 * Not reproduced: after `idle_timeout`, Envoy drains for `drain_timeout` (5 s) before it closes.
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
      http2: {
        maxStreams: 1024,
        ping: false,
        streamWindow: 16 * MIB,
        connectionWindow: 24 * MIB,
        ending: "GOAWAY in two steps, drain_timeout (5 s) apart",
        source: "envoyproxy/data-plane-api 84e84367 envoy/config/core/v3/protocol.proto",
      },
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
