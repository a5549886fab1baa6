/** Apache HttpClient 4: the Java client before 5. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { oneLength } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { headerElements } from "./keep-alive-readers.ts";

/** Settings of `PoolingHttpClientConnectionManager` and of the strategies beside it. */
export interface ApacheHttpClient4Directives {
  /** `defaultMaxPerRoute`. @default 2 */
  readonly maxPerRoute?: number;
  /** `maxTotal`. @default 20 */
  readonly maxTotal?: number;
  /** `connTimeToLive`. @default Infinity */
  readonly timeToLive?: Duration;
  /** What a strategy of your own answers where the server says nothing; theirs says -1, for ever. @default Infinity */
  readonly keepAlive?: Duration;
}

/** Requests without an entity: PUT is not among them, though it is idempotent. */
const WITHOUT_ENTITY: readonly string[] = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"];

/** `DefaultHttpRequestRetryHandler`: up to three times, on any connection, what has no entity or was not fully sent. */
const retryHandler: RetryRule = ({ method, sent, responded, resendCount }) =>
  !responded && resendCount < 3 && (sent !== "full" || WITHOUT_ENTITY.includes(method));

/**
 * The rules of Apache HttpClient 4.3 to 4.5: **kept for ever** unless the server names a `timeout` (of which 0 and
 * negative values mean for ever too), 2 connections per route and 20 in all, the one used last first.
 *
 * Source: apache/httpcomponents-client 4.5.x `DefaultConnectionKeepAliveStrategy`, `DefaultHttpRequestRetryHandler`;
 * httpcomponents-core 4.4.x `DefaultConnectionReuseStrategy`, `AbstractConnPool`, `PoolEntry`.
 *
 * Not as there: its stale check (a read of 1 ms, after 2 s idle) takes a stray byte for a sign of life, and hands it
 * to the next response; Holdfast watches every idle connection and retires it for any byte, as it does for a FIN.
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
