/** Go: `net/http.Transport`. */

import type { Duration } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { directives } from "./directives.ts";

/** Fields of `http.Transport`; where Go writes 0 for "no limit", it is `Infinity` here. */
export interface GoDirectives {
  /** `MaxIdleConns`, of all origins. @default 100 */
  readonly maxIdleConns?: number;
  /** `MaxIdleConnsPerHost`. @default 2 */
  readonly maxIdleConnsPerHost?: number;
  /** `MaxConnsPerHost`. @default Infinity */
  readonly maxConnsPerHost?: number;
  /** `IdleConnTimeout`. @default "90s" */
  readonly idleConnTimeout?: Duration;
  /** `Dialer.KeepAlive`: TCP keepalive; a negative one is `false`. @default "30s" */
  readonly keepAlive?: Duration | false;
}

/** PUT and DELETE count as idempotent only with a key: `isReplayable`. */
const NEEDS_KEY: readonly string[] = ["PUT", "DELETE", "QUERY"];

/** `shouldRetryRequest`: on a reused connection, what was not written, or what may be repeated and has no answer yet. */
const shouldRetry: RetryRule = ({ method, sent, reused, responded, repeatable }) =>
  reused && !responded && (sent === "none" || (repeatable && !NEEDS_KEY.includes(method)));

/**
 * The rules of Go's `http.DefaultTransport` since Go 1.13: 90 s idle; **2 idle connections per host**, the one that comes
 * back goes, so more than two parallel requests keep redialling; 100 in all, the stalest goes; `Keep-Alive` never
 * read. GET, HEAD, OPTIONS and TRACE, and what has an `Idempotency-Key`, are sent again if a reused connection failed.
 *
 * Source: golang/go 1.24 `net/http/transport.go`, `transfer.go`; measured with 1.26.8.
 *
 * Not as there: PUT and DELETE with an `Idempotency-Key` are not sent again; a request is sent again at most five times.
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
