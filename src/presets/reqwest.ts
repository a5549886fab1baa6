/** reqwest: the Rust client, whose pool is that of hyper-util. */

import type { Duration } from "../contract/duration.ts";
import type { TcpKeepAliveOptions } from "../options/options.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { lineByLine } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { onlyUnsent } from "./retry-rules.ts";

/** Settings of reqwest's `ClientBuilder`. */
export interface ReqwestDirectives {
  /** `pool_idle_timeout`; `None` is `Infinity`. @default "90s" */
  readonly poolIdleTimeout?: Duration;
  /** `pool_max_idle_per_host`; 0 switches HTTP keep-alive off, and leaves TCP keepalive as it is. @default Infinity */
  readonly poolMaxIdlePerHost?: number;
  /**
   * `tcp_keepalive`, `_interval` and `_retries`; `false` where all three are `None`. Has nothing to do with the pool.
   *
   * @default 15 s, 15 s, 3 since 0.12.23; before that `false`
   */
  readonly tcpKeepAlive?: false | TcpKeepAliveOptions | "as in the version";
  /** @default "0.13.4" */
  readonly version?: string;
  /** Version of hyper under it: before 1.12 a `keep-alive` line undid a `close` line above it. @default "1.12" */
  readonly hyper?: string;
}

/** Since 0.12.23 (reqwest #2780). */
const PROBES: TcpKeepAliveOptions = { idle: "15s", interval: "15s", probes: 3 };

/**
 * The rules of reqwest 0.11 to 0.13, over hyper-util 0.1 and hyper 1: idle for 90 s, any number of connections,
 * `Keep-Alive` never read, the connection that comes back goes if there are too many, and a request is sent again only
 * if nothing of it was written: a GET that was written to a stale connection fails.
 *
 * Source: seanmonstar/reqwest 0.13.4 `async_impl/client.rs`, hyperium/hyper-util 0.1.20 `client/legacy/pool.rs`,
 * hyperium/hyper 1.11 `proto/h1/role.rs`.
 *
 * Not as there: with `poolMaxIdlePerHost: 0` each request says `Connection: close` (RFC 9112 §9.3), which hyper leaves
 * out; `TCP_USER_TIMEOUT` (30 s on Linux) is not set; an idle connection is closed on time, where hyper's sweep may
 * leave it open for twice as long.
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
