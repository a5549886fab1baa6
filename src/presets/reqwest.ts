/** reqwest, the Rust client, which uses the pool of hyper-util. */

import type { Duration } from "../contract/duration.ts";
import type { TcpKeepAliveOptions } from "../options/options.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { lineByLine } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { onlyUnsent } from "./retry-rules.ts";
import { MIB } from "./units.ts";

/** Settings of reqwest's `ClientBuilder`. */
export interface ReqwestDirectives {
  /** `pool_idle_timeout`; `None` is `Infinity`. @default "90s" */
  readonly poolIdleTimeout?: Duration;
  /** `pool_max_idle_per_host`. 0 turns HTTP keep-alive off, and does not change TCP keepalive. @default Infinity */
  readonly poolMaxIdlePerHost?: number;
  /**
   * `tcp_keepalive`, `_interval` and `_retries`; `false` if all three are `None`. It does not affect the pool.
   *
   * @default 15 s, 15 s, 3 since 0.12.23; before that `false`
   */
  readonly tcpKeepAlive?: false | TcpKeepAliveOptions | "as in the version";
  /** Version of reqwest. @default "0.13.4" */
  readonly version?: string;
  /** Version of hyper. Before 1.12, a `keep-alive` line overrode a `close` line above it. @default "1.12" */
  readonly hyper?: string;
}

/** TCP keepalive since 0.12.23 (reqwest #2780). */
const PROBES: TcpKeepAliveOptions = { idle: "15s", interval: "15s", probes: 3 };

/**
 * The rules of reqwest 0.11 to 0.13, with hyper-util 0.1 and hyper 1. The idle time is 90 s, and the number of
 * connections is not limited. Above `poolMaxIdlePerHost`, a returned connection is closed. `Keep-Alive` is never read.
 * A request is resent only if nothing of it was written, so a GET that was written to a stale connection fails.
 *
 * Source: seanmonstar/reqwest 0.13.4 `async_impl/client.rs`, hyperium/hyper-util 0.1.20 `client/legacy/pool.rs`,
 * hyperium/hyper 1.11 `proto/h1/role.rs`.
 *
 * Differences: with `poolMaxIdlePerHost: 0`, requests say `Connection: close` (RFC 9112 §9.3), which hyper leaves out.
 * `TCP_USER_TIMEOUT` (30 s on Linux) is not set. An idle connection is closed on time; hyper's sweep may leave it open
 * for twice as long.
 *
 * @example `createPool({ ...presets.reqwest({ version: "0.12.22" }), maxLifetime: "1h" })`
 */
export function reqwest(given: ReqwestDirectives = {}): ClientPreset {
  const { poolIdleTimeout, poolMaxIdlePerHost, tcpKeepAlive, version, hyper } = directives<ReqwestDirectives>(
    "reqwest",
    given,
    {
      poolIdleTimeout: "90s",
      poolMaxIdlePerHost: Infinity,
      tcpKeepAlive: "as in the version",
      version: "0.13.4",
      hyper: "1.12",
    },
  );
  const probes = isBefore(version, "0.12.23") ? false : PROBES;
  return clientPreset(
    {
      name: "reqwest",
      system: "reqwest",
      versions: "0.11 to 0.13",
      source: "reqwest 0.13.4, hyper-util 0.1.20, hyper 1.11",
      http2: {
        maxStreams: 100,
        whenFull: "waits",
        ping: false,
        streamWindow: 2 * MIB,
        connectionWindow: 5 * MIB,
        ending: "GOAWAY with NO_ERROR, and REFUSED_STREAM, twice at most",
        source: "hyper 1.11 proto/h2/client.rs, reqwest 0.12.28 retry.rs; measured with 0.12.28",
      },
    },
    {
      idleTimeout: poolIdleTimeout,
      maxIdlePerOrigin: poolMaxIdlePerHost,
      evictIdle: "returned",
      persistence: isBefore(hyper, "1.12") ? lineByLine : "standard",
      tcpKeepAlive: tcpKeepAlive === "as in the version" ? probes : tcpKeepAlive,
      retry: onlyUnsent,
    },
  );
}
