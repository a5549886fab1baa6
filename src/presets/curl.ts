/** curl: libcurl's connection cache, and the command that uses it. */

import type { Duration } from "../contract/duration.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { textSearch } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { anyMethodOnReused } from "./retry-rules.ts";
import { KIB, MIB } from "./units.ts";

/** Options of libcurl. Where libcurl uses 0 for "off", use `Infinity`. */
export interface CurlDirectives {
  /** `CURLOPT_MAXAGE_CONN`: idle time. @default "118s" */
  readonly maxAgeConn?: Duration;
  /** `CURLOPT_MAXLIFETIME_CONN`. @default "24h"; before 8.17 `Infinity` */
  readonly maxLifetimeConn?: Duration | "as in the version";
  /** `CURLOPT_MAXCONNECTS`: the most connections kept. @default 5, as in an easy handle */
  readonly maxConnects?: number;
  /** `CURLMOPT_MAX_HOST_CONNECTIONS`. @default Infinity */
  readonly maxHostConnections?: number;
  /** `CURLMOPT_MAX_TOTAL_CONNECTIONS`. @default Infinity */
  readonly maxTotalConnections?: number;
  /**
   * `CURLOPT_TCP_KEEPALIVE`: 60 s, 60 s, 9 probes. The command turns it on by default.
   *
   * @default false, as in libcurl
   */
  readonly tcpKeepalive?: boolean;
  /** Version of libcurl. @default "8.22" */
  readonly version?: string;
}

/**
 * The rules of libcurl 7.65 to 8. The idle time is 118 s. The lifetime is 24 h since 8.17. At most 5 connections are
 * kept, and used in the order in which they were opened. `Keep-Alive` is never read. `Connection` is searched as text,
 * so `not-closed` closes. A request on a reused connection that returns nothing is resent, **POST included**.
 *
 * Source: curl 8.22 `lib/url.c`, `lib/conncache.c`, `lib/http.c`, `lib/transfer.c`; measured with 7.88.1.
 *
 * Differences: `maxConnects` limits idle connections, and in curl all connections. On HTTP/1.0 any `keep-alive` keeps
 * the connection, in any order of the fields. A truncated response head is an error, not a 200.
 */
export function curl(given: CurlDirectives = {}): ClientPreset {
  const set = directives<CurlDirectives>("curl", given, {
    maxAgeConn: "118s",
    maxLifetimeConn: "as in the version",
    maxConnects: 5,
    maxHostConnections: Infinity,
    maxTotalConnections: Infinity,
    tcpKeepalive: false,
    version: "8.22",
  });
  const versionLifetime: Duration = isBefore(set.version, "8.17") ? Infinity : "24h";
  return clientPreset(
    {
      name: "curl",
      system: "curl",
      versions: "7.65 to 8",
      source: "curl 8.22; measured with 7.88.1",
      http2: {
        maxStreams: 100,
        whenFull: "opens another",
        ping: false,
        streamWindow: 64 * KIB,
        connectionWindow: 10 * MIB,
        ending: "REFUSED_STREAM, once, on a new connection",
        source: "curl 5c61e168 lib/http2.c, lib/multi.c; 7.88.1 has windows of 32 MiB",
      },
    },
    {
      idleTimeout: set.maxAgeConn,
      persistence: textSearch,
      maxLifetime: set.maxLifetimeConn === "as in the version" ? versionLifetime : set.maxLifetimeConn,
      maxConnectionsPerOrigin: Math.min(set.maxHostConnections, set.maxTotalConnections),
      maxConnections: set.maxTotalConnections,
      maxIdle: set.maxConnects,
      acquireTimeout: Infinity,
      reuseOrder: "oldest",
      tcpKeepAlive: set.tcpKeepalive ? { idle: "60s", interval: "60s", probes: 9 } : false,
      retry: anyMethodOnReused,
    },
  );
}
