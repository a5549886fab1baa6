/** Apache HttpClient 5: the Java client, classic API. */

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
  /** `RequestConfig.connectionKeepAlive`, where the server says nothing. @default "3m" */
  readonly connectionKeepAlive?: Duration;
  /** `RequestConfig.connectionRequestTimeout`: the longest wait for a connection. @default "3m" */
  readonly connectionRequestTimeout?: Duration;
  /** `ConnectionConfig.timeToLive`. @default Infinity */
  readonly timeToLive?: Duration;
  /** `ConnectionConfig.idleTimeout`. @default Infinity */
  readonly idleTimeout?: Duration;
  /** `PoolReusePolicy`. @default "lifo" */
  readonly reusePolicy?: "lifo" | "fifo";
  /** @default "5.6" */
  readonly version?: string;
}

/** `DefaultHttpRequestRetryStrategy`, `StandardMethods`. */
const IDEMPOTENT: readonly string[] = ["GET", "HEAD", "PUT", "DELETE", "TRACE", "OPTIONS", "QUERY"];

/**
 * The rules of Apache HttpClient 5.0 to 5.6, classic API: the server's `timeout` (of which **0 and negative values mean
 * for ever**), else 3 min; 5 connections per route and 25 in all; once more on any I/O error of an idempotent method;
 * TCP keepalive 5 s, 5 s, 3 since 5.6, and off before.
 *
 * Source: apache/httpcomponents-client 5.x `DefaultConnectionKeepAliveStrategy`, `DefaultHttpRequestRetryStrategy`;
 * httpcomponents-core 5.x `DefaultConnectionReuseStrategy`, `StrictConnPool`, `SocketConfig`.
 *
 * Not as there: its stale check (a read of 1 ms, after 2 s idle) takes a stray byte for a sign of life, and hands it
 * to the next response; Holdfast watches every idle connection and retires it for any byte, as it does for a FIN.
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
