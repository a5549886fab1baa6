/** Apache HttpClient 5, the Java client, with its classic API. */

import { type Duration, toMs } from "../contract/duration.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { oneLengthOr10 } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { headerElements } from "./keep-alive-readers.ts";
import { methodsOnAny } from "./retry-rules.ts";

/** Settings of `PoolingHttpClientConnectionManager`, `RequestConfig` and `ConnectionConfig`. */
export interface ApacheHttpClient5Directives {
  /** `maxConnPerRoute`. @default 5 */
  readonly maxPerRoute?: number;
  /** `maxConnTotal`. @default 25 */
  readonly maxTotal?: number;
  /** `RequestConfig.connectionKeepAlive`: idle time if the server names none. @default "3m" */
  readonly connectionKeepAlive?: Duration;
  /** `RequestConfig.connectionRequestTimeout`: the longest wait for a connection. @default "3m" */
  readonly connectionRequestTimeout?: Duration;
  /** `ConnectionConfig.timeToLive`. @default Infinity */
  readonly timeToLive?: Duration;
  /** `ConnectionConfig.idleTimeout`. @default Infinity */
  readonly idleTimeout?: Duration;
  /** `PoolReusePolicy`. @default "lifo" */
  readonly reusePolicy?: "lifo" | "fifo";
  /** Version of HttpClient. @default "5.6" */
  readonly version?: string;
}

/** The methods that `DefaultHttpRequestRetryStrategy` resends, by `StandardMethods`. */
const IDEMPOTENT: readonly string[] = ["GET", "HEAD", "PUT", "DELETE", "TRACE", "OPTIONS", "QUERY"];

/**
 * The rules of Apache HttpClient 5.0 to 5.6, classic API. The idle time is the server's `timeout`, else 3 min. A
 * `timeout` of **0 or less means for ever**. The limits are 5 connections per route and 25 in all. An idempotent
 * request is resent once after any I/O error. TCP keepalive is 5 s, 5 s, 3 probes since 5.6, and off before.
 *
 * Source: apache/httpcomponents-client 5.x `DefaultConnectionKeepAliveStrategy`, `DefaultHttpRequestRetryStrategy`;
 * httpcomponents-core 5.x `DefaultConnectionReuseStrategy`, `StrictConnPool`, `SocketConfig`.
 *
 * Differences: its stale check (a read of 1 ms, after 2 s idle) takes an unsolicited byte as a sign of life and passes
 * it to the next response. Holdfast watches every idle connection and retires it on any byte, as on a FIN.
 */
export function apacheHttpClient5(given: ApacheHttpClient5Directives = {}): ClientPreset {
  const set = directives<ApacheHttpClient5Directives>("apacheHttpClient5", given, {
    maxPerRoute: 5,
    maxTotal: 25,
    connectionKeepAlive: "3m",
    connectionRequestTimeout: "3m",
    timeToLive: Infinity,
    idleTimeout: Infinity,
    reusePolicy: "lifo",
    version: "5.6",
  });
  return clientPreset(
    {
      name: "apacheHttpClient5",
      system: "Apache HttpClient 5",
      versions: "5.0 to 5.6",
      source: "httpcomponents-client 5.7-alpha, httpcomponents-core 5.x",
    },
    {
      idleTimeout: set.idleTimeout,
      unusedIdleTimeout: set.connectionKeepAlive,
      serverHints: headerElements(toMs(set.connectionKeepAlive, "connectionKeepAlive"), false),
      persistence: oneLengthOr10,
      maxLifetime: set.timeToLive,
      maxConnectionsPerOrigin: Math.min(set.maxPerRoute, set.maxTotal),
      maxConnections: set.maxTotal,
      acquireTimeout: set.connectionRequestTimeout,
      reuseOrder: set.reusePolicy,
      tcpKeepAlive: isBefore(set.version, "5.6") ? false : { idle: "5s", interval: "5s", probes: 3 },
      retry: methodsOnAny(IDEMPOTENT, 1),
    },
  );
}
