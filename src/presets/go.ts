/** `net/http.Transport` of Go. */

import type { Duration } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { directives } from "./directives.ts";
import { MIB } from "./units.ts";

/** Fields of `http.Transport`. Where Go uses 0 for "no limit", use `Infinity`. */
export interface GoDirectives {
  /** `MaxIdleConns`, over all origins. @default 100 */
  readonly maxIdleConns?: number;
  /** `MaxIdleConnsPerHost`. @default 2 */
  readonly maxIdleConnsPerHost?: number;
  /** `MaxConnsPerHost`. @default Infinity */
  readonly maxConnsPerHost?: number;
  /** `IdleConnTimeout`. @default "90s" */
  readonly idleConnTimeout?: Duration;
  /** `Dialer.KeepAlive`: TCP keepalive. Go's negative value (off) is `false`. @default "30s" */
  readonly keepAlive?: Duration | false;
}

/** Methods that count as idempotent only with an `Idempotency-Key` (`isReplayable`). */
const NEEDS_KEY: readonly string[] = ["PUT", "DELETE", "QUERY"];

/**
 * `shouldRetryRequest`: on a reused connection, a request that was not written, or a repeatable one without a response.
 */
const shouldRetry: RetryRule = ({ method, sent, reused, responded, repeatable }) =>
  reused && !responded && (sent === "none" || (repeatable && !NEEDS_KEY.includes(method)));

/**
 * The rules of Go's `http.DefaultTransport` since Go 1.13. The idle time is 90 s. At most **2 idle connections per
 * host** are kept; beyond that, a returned connection is closed, so with more than two parallel requests new
 * connections keep being opened. At most 100 are kept in all; beyond that, the stalest is closed. `Keep-Alive` is never
 * read. If a reused connection fails, GET, HEAD, OPTIONS and TRACE are resent, and requests with an `Idempotency-Key`.
 *
 * Source: golang/go 1.24 `net/http/transport.go`, `transfer.go`; measured with 1.26.8.
 *
 * Differences: PUT and DELETE with an `Idempotency-Key` are not resent, and a request is resent at most five times.
 */
export function go(given: GoDirectives = {}): ClientPreset {
  const { maxIdleConns, maxIdleConnsPerHost, maxConnsPerHost, idleConnTimeout, keepAlive } =
    directives<GoDirectives>("go", given, {
      maxIdleConns: 100,
      maxIdleConnsPerHost: 2,
      maxConnsPerHost: Infinity,
      idleConnTimeout: "90s",
      keepAlive: "30s",
    });
  return clientPreset(
    {
      name: "go",
      system: "Go net/http",
      versions: "1.13 and later",
      source: "golang/go 1.24 net/http/transport.go; measured with 1.26.8",
      http2: {
        maxStreams: 100,
        whenFull: "opens another",
        ping: false,
        streamWindow: 4 * MIB,
        connectionWindow: 1024 * MIB + 65_535,
        ending: "above the last id of GOAWAY, and REFUSED_STREAM, if the body can be had again",
        source: "golang.org/x/net 0.62 http2/transport.go, config.go; measured with 1.26.8",
      },
    },
    {
      idleTimeout: idleConnTimeout,
      maxConnectionsPerOrigin: maxConnsPerHost,
      maxIdle: maxIdleConns,
      maxIdlePerOrigin: maxIdleConnsPerHost,
      evictIdle: { perOrigin: "returned", inAll: "stalest" },
      acquireTimeout: Infinity,
      tcpKeepAlive: keepAlive === false ? false : { idle: keepAlive },
      retry: shouldRetry,
    },
  );
}
