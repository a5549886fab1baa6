/** OkHttp: Square's client for Java, Kotlin and Android. */

import type { Duration } from "../contract/duration.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { lastLineIsClose } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { anyMethodOnReusedOr408 } from "./retry-rules.ts";

/** Parameters of OkHttp's `ConnectionPool`. */
export interface OkHttpDirectives {
  /** Idle connections of **all** origins together. @default 5 */
  readonly maxIdleConnections?: number;
  /** @default "5m" */
  readonly keepAliveDuration?: Duration;
  /** `retryOnConnectionFailure`. @default true */
  readonly retryOnConnectionFailure?: boolean;
}

/**
 * The rules of OkHttp 3 to 5: 5 min idle; **5 idle connections over all origins**, the stalest goes; connections are used
 * in the order in which they were opened; only a last `Connection` line that is `close` and nothing else ends one, on
 * any version; a failed request is sent again, **POST included**, and after a 408.
 *
 * Source: square/okhttp 5.4 `RealConnectionPool`, `CallServerInterceptor`, `RetryAndFollowUpInterceptor`; measured with 3.13.1.
 *
 * Not as there: its health check takes a stray byte for a sign of life, Holdfast retires the connection; only a reused
 * connection counts as one that a retry may follow, where OkHttp goes by its routes; `Retry-After` beside a 408 is not
 * looked at; the limits of its `Dispatcher` (64 calls, 5 per host) concern calls, not connections.
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
