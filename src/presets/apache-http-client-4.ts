/** Apache HttpClient 4, the Java client before version 5. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { oneLength } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { headerElements } from "./keep-alive-readers.ts";

/** Settings of `PoolingHttpClientConnectionManager` and its strategies. */
export interface ApacheHttpClient4Directives {
  /** `defaultMaxPerRoute`. @default 2 */
  readonly maxPerRoute?: number;
  /** `maxTotal`. @default 20 */
  readonly maxTotal?: number;
  /** `connTimeToLive`. @default Infinity */
  readonly timeToLive?: Duration;
  /**
   * Idle time if the server names none. Apache's default strategy returns -1, which means for ever.
   *
   * @default Infinity
   */
  readonly keepAlive?: Duration;
}

/** Methods whose requests have no entity. PUT is idempotent, but has one. */
const WITHOUT_ENTITY: readonly string[] = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"];

/**
 * `DefaultHttpRequestRetryHandler`: up to three resends, on any connection, if there is no entity or it was not fully
 * sent.
 */
const retryHandler: RetryRule = ({ method, sent, responded, resendCount }) =>
  !responded && resendCount < 3 && (sent !== "full" || WITHOUT_ENTITY.includes(method));

/**
 * The rules of Apache HttpClient 4.3 to 4.5. A connection is **kept for ever**, unless the server names a `timeout`. A
 * `timeout` of 0 or less also means for ever. The limits are 2 connections per route and 20 in all. The most recently
 * used connection is used first.
 *
 * Source: apache/httpcomponents-client 4.5.x `DefaultConnectionKeepAliveStrategy`, `DefaultHttpRequestRetryHandler`;
 * httpcomponents-core 4.4.x `DefaultConnectionReuseStrategy`, `AbstractConnPool`, `PoolEntry`.
 *
 * Differences: its stale check (a read of 1 ms, after 2 s idle) takes an unsolicited byte as a sign of life and passes
 * it to the next response. Holdfast watches every idle connection and retires it on any byte, as on a FIN.
 */
export function apacheHttpClient4(given: ApacheHttpClient4Directives = {}): ClientPreset {
  const { maxPerRoute, maxTotal, timeToLive, keepAlive } = directives<ApacheHttpClient4Directives>(
    "apacheHttpClient4",
    given,
    { maxPerRoute: 2, maxTotal: 20, timeToLive: Infinity, keepAlive: Infinity },
  );
  return clientPreset(
    {
      name: "apacheHttpClient4",
      system: "Apache HttpClient 4",
      versions: "4.3 to 4.5",
      source: "httpcomponents-client 4.5.x, httpcomponents-core 4.4.x",
    },
    {
      unusedIdleTimeout: keepAlive,
      serverHints: headerElements(toMs(keepAlive, "keepAlive"), true),
      persistence: oneLength,
      maxLifetime: timeToLive,
      maxConnectionsPerOrigin: Math.min(maxPerRoute, maxTotal),
      maxConnections: maxTotal,
      acquireTimeout: Infinity,
      retry: retryHandler,
    },
  );
}
