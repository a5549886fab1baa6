/** The `fetch` of Deno, which uses the pool of hyper-util. */

import type { Duration } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { lineByLine } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { onlyUnsent } from "./retry-rules.ts";
import { MIB } from "./units.ts";

/** Options of `Deno.createHttpClient`. */
export interface DenoFetchDirectives {
  /** Deno's `false` (never) is `Infinity`. @default "90s" */
  readonly poolIdleTimeout?: Duration;
  /** Idle connections of one host. @default Infinity */
  readonly poolMaxIdlePerHost?: number;
  /** Version of Deno. @default "2.9.6" */
  readonly version?: string;
}

/**
 * The rules of `fetch` in Deno 2. The idle time is 90 s, the number of connections is not limited, and `Keep-Alive` is
 * never read. Since 2.9.6, a request that failed on a reused connection is resent once, **POST included**. From 2.7.10
 * to 2.9.5, also one that failed on a fresh connection. Before, only one of which nothing was written.
 *
 * Source: denoland/deno 2.9 `ext/fetch/lib.rs`, hyper-util 0.1 `client/legacy/pool.rs`; measured with 2.9.6.
 *
 * Differences: Deno resends a request even after half a response head, and this preset never after any byte of a
 * response. With `poolMaxIdlePerHost: 0`, requests say `Connection: close` (RFC 9112 §9.3).
 */
export function denoFetch(given: DenoFetchDirectives = {}): ClientPreset {
  const { poolIdleTimeout, poolMaxIdlePerHost, version } = directives<DenoFetchDirectives>(
    "denoFetch",
    given,
    {
      poolIdleTimeout: "90s",
      poolMaxIdlePerHost: Infinity,
      version: "2.9.6",
    },
  );
  return clientPreset(
    {
      name: "denoFetch",
      system: "Deno fetch",
      versions: "2",
      source: "denoland/deno 2.9 ext/fetch; measured with 2.9.6",
      http2: {
        maxStreams: 100,
        whenFull: "waits",
        ping: false,
        streamWindow: 2 * MIB,
        connectionWindow: 5 * MIB,
        ending: "GOAWAY with NO_ERROR, and REFUSED_STREAM",
        source: "hyper 1.11 proto/h2/client.rs, denoland/deno 2.9 ext/fetch; measured with 2.9.6",
      },
    },
    {
      idleTimeout: poolIdleTimeout,
      maxIdlePerOrigin: poolMaxIdlePerHost,
      evictIdle: "returned",
      persistence: lineByLine,
      retry: retryOf(version),
    },
  );
}

function retryOf(version: string): RetryRule {
  if (isBefore(version, "2.7.10")) return onlyUnsent;
  const anyConnection = isBefore(version, "2.9.6");
  return ({ reused, responded, resendCount }) => !responded && resendCount === 0 && (reused || anyConnection);
}
