/** OkHttp, Square's client for Java, Kotlin and Android. */

import type { Duration } from "../contract/duration.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { lastLineIsClose } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { anyMethodOnReusedOr408 } from "./retry-rules.ts";
import { MIB } from "./units.ts";

/** Parameters of OkHttp's `ConnectionPool`. */
export interface OkHttpDirectives {
  /** The most idle connections of **all** origins together. @default 5 */
  readonly maxIdleConnections?: number;
  /** Idle time. @default "5m" */
  readonly keepAliveDuration?: Duration;
  /** `retryOnConnectionFailure`; it is a setting of `OkHttpClient`. @default true */
  readonly retryOnConnectionFailure?: boolean;
}

/**
 * The rules of OkHttp 3 to 5. The idle time is 5 min. At most **5 idle connections over all origins** are kept; beyond
 * that, the stalest is closed. Connections are used in the order in which they were opened. Only a last `Connection`
 * line that is exactly `close` ends a connection, on any version. A failed request is resent, **POST included**, and so
 * is one answered with 408.
 *
 * Source: square/okhttp 5.4 `RealConnectionPool`, `CallServerInterceptor`, `RetryAndFollowUpInterceptor`; measured with
 * 3.13.1.
 *
 * Differences: its health check takes an unsolicited byte as a sign of life; Holdfast retires the connection. Only
 * requests on a reused connection are resent; OkHttp decides by its routes. `Retry-After` beside a 408 is ignored. The
 * limits of its `Dispatcher` (64 calls, 5 per host) are not reproduced, because they limit calls, not connections.
 */
export function okHttp(given: OkHttpDirectives = {}): ClientPreset {
  const { maxIdleConnections, keepAliveDuration, retryOnConnectionFailure } = directives<OkHttpDirectives>(
    "okHttp",
    given,
    {
      maxIdleConnections: 5,
      keepAliveDuration: "5m",
      retryOnConnectionFailure: true,
    },
  );
  return clientPreset(
    {
      name: "okHttp",
      system: "OkHttp",
      versions: "3 to 5",
      source: "square/okhttp 5.4; measured with 3.13.1",
      http2: {
        maxStreams: Infinity,
        whenFull: "opens another",
        ping: false,
        streamWindow: 16 * MIB,
        connectionWindow: 16 * MIB,
        ending: "above the last id of GOAWAY, and REFUSED_STREAM; the second one retires the connection",
        source:
          "square/okhttp 1682d9ba Http2Connection.kt, RetryAndFollowUpInterceptor.kt; measured with 3.13.1",
      },
    },
    {
      idleTimeout: keepAliveDuration,
      persistence: lastLineIsClose,
      maxIdle: maxIdleConnections,
      reuseOrder: "oldest",
      retry: retryOnConnectionFailure ? anyMethodOnReusedOr408 : false,
    },
  );
}
