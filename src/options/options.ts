/**
 * Options: everything a user may set, with meaning, unit, default and source. `resolve.ts` checks the options and turns
 * them into settings.
 */

import type { Clock } from "../contract/clock.ts";
import type { Duration } from "../contract/duration.ts";
import type { PoolListener } from "../contract/events.ts";
import type { LimitStore } from "../contract/limit-store.ts";
import type { TlsVersion, Transport } from "../contract/transport.ts";
import type { HintReader } from "../rules/hints.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import type { PRESET, PresetInfo } from "../rules/preset-info.ts";
import type { RetryRule } from "../rules/retry.ts";
import type { Eviction, ReuseOrder, Spread } from "../rules/rules.ts";
import type { DoubtOptions } from "./doubt-option.ts";

/**
 * TCP keepalive: probes that the kernel sends on a silent connection. It detects dead peers. It does not change how long
 * the pool keeps a connection.
 */
export interface TcpKeepAliveOptions {
  /**
   * Silence before the first probe, from 1 s to 32767 s. The kernel counts whole seconds.
   *
   * @default the transport's own (Linux: 2 h)
   */
  readonly idle?: Duration;
  /**
   * Time between probes, from 1 s to 32767 s.
   *
   * @default the transport's own (Linux: 75 s; Node 20 and Bun: 1 s)
   */
  readonly interval?: Duration;
  /**
   * Unanswered probes after which the connection counts as dead, from 1 to 127.
   *
   * @default the transport's own (Linux: 9; Node 20 and Bun: 10)
   */
  readonly probes?: number;
}

/** PING frames of HTTP/2: they find peers that are gone, where TCP would take minutes. */
export interface PingOptions {
  /** Silence on a connection, from 1 s, after which a PING is sent. gRPC servers refuse more than one in 5 min. */
  readonly interval: Duration;
  /** How long any sign of life is awaited after a PING. Without one the connection ends (`ping-timeout`). @default "20s" */
  readonly timeout?: Duration;
  /** Whether pings go on while the connection carries no request. @default false */
  readonly whileIdle?: boolean;
}

/** How many connections are kept ready, and how long. */
export interface MinIdleOptions {
  /** Connections that are ready: idle, or with room for another request (HTTP/2). From 1. */
  readonly count: number;
  /** How long an origin is in use after its last request. @default "5m" */
  readonly for?: Duration;
}

/** A choice of `evictIdle` for each of the two limits. */
export interface EvictionOptions {
  /** Above `maxIdlePerOrigin`. @default "stalest" */
  readonly perOrigin?: Eviction;
  /** Above `maxIdle`. @default "stalest" */
  readonly inAll?: Eviction;
}

/**
 * TLS for `https:` origins. Connections with different TLS options are never shared, and neither are TLS sessions. An option
 * that the runtime cannot honour is reported (`option.degraded`), or an error with `strict`.
 */
export interface TlsOptions {
  /** Certificate authorities to trust, as PEM. @default the runtime's own */
  readonly ca?: string | readonly string[];
  /** Client certificate chain, as PEM. Requires `key`. @default none */
  readonly cert?: string;
  /** Private key of the client certificate, as PEM. Requires `cert`. @default none */
  readonly key?: string;
  /** Client certificate chain and private key as PKCS #12, instead of `cert` and `key`. Node only. @default none */
  readonly pfx?: Uint8Array;
  /** Decrypts `key` or `pfx`. Node and Bun. @default none */
  readonly passphrase?: string;
  /** Lowest version of TLS. Node and Bun. @default the runtime's own: TLS 1.2 */
  readonly minVersion?: TlsVersion;
  /** Highest version of TLS. Node and Bun. @default the runtime's own: TLS 1.3 */
  readonly maxVersion?: TlsVersion;
  /** Ciphers to offer, as OpenSSL writes them: `"ECDHE+AESGCM"`. Node, and Bun for TLS 1.2. @default the runtime's own */
  readonly ciphers?: string;
  /** Name to send (SNI) and to verify. @default the origin's hostname */
  readonly serverName?: string;
  /** `false` accepts any certificate, which is for tests only. @default true */
  readonly rejectUnauthorized?: boolean;
}

/** A proxy, and how to use it. */
export interface ProxyOptions {
  /**
   * `http://`, `https://` (TLS to the proxy) or `socks5://` (`socks://` and `socks5h://` mean the same), optionally with
   * a port (default: 80, 443 and 1080) and with `user:password@`. A SOCKS proxy always resolves hostnames itself.
   */
  readonly url: string | URL;
  /** Value of `Proxy-Authorization`, instead of `Basic` with the credentials of the URL. Not allowed with SOCKS. */
  readonly authorization?: string;
  /** TLS to an `https://` proxy, independent of the TLS to the origin. */
  readonly tls?: TlsOptions;
  /**
   * Which requests share the connections on which an HTTP proxy reads the requests itself (`http:` origins). `"shared"`:
   * those of all origins, as in Go, curl and java.net.http. `"origin"`: those of one origin, as in Chrome. A tunnel
   * always belongs to one origin.
   *
   * @default "shared"
   */
  readonly pooling?: "shared" | "origin";
}

/** Bounds on what a server may send. A response beyond one of them, except `bodyBytes`, is a protocol error. */
export interface ResponseLimits {
  /** Bytes of status line and header fields. All 1xx responses together may have as many. Node: 16 KiB. @default 65536 */
  readonly headBytes?: number;
  /** Bytes of one line: in the head, of a chunk size, or of a trailer field. @default 32768 */
  readonly lineBytes?: number;
  /** Number of header fields. Node's limit is 2000, httpd's 100. @default 256 */
  readonly headerCount?: number;
  /** Bytes of chunk extensions in one response (CVE-2024-22019: unbounded extensions). @default 16384 */
  readonly chunkExtensionBytes?: number;
  /** Bytes of trailer fields. @default 16384 */
  readonly trailerBytes?: number;
  /** Number of interim (1xx) responses before the final one. @default Infinity: `headBytes` and `headersTimeout` bound them */
  readonly informationalCount?: number;
  /**
   * Bytes of a body that `text()`, `json()`, `bytes()`, `arrayBuffer()`, `blob()` and `formData()` collect, after
   * decoding. Beyond it they reject with `ERR_BODY_TOO_LARGE`, immediately if the head announced as much, and the
   * connection ends. Not a limit on streams: their reader sees how much arrives.
   *
   * @default Infinity: no limit
   */
  readonly bodyBytes?: number;
}

/**
 * Rules of some origins in place of the pool's: an entry of {@linkcode PoolOptions.origins}. It reads like the options of a pool
 * that has these origins only: `maxConnections` and `maxConnectionsPerOrigin`, `maxIdle` and `maxIdlePerOrigin` mean the same, of
 * two that differ the smaller counts, and `maxQueue` bounds the requests of the origin that wait. The limits of the pool in all,
 * and what it has only once (transport, clock, resolver, listener, the store of `learn`), are set for the pool alone.
 */
export type OriginOptions = Omit<
  PoolOptions,
  "origins" | "transport" | "onEvent" | "clock" | "random" | "strict" | "resolve" | "dnsRefresh"
>;

/** The option `origins`: entries by origin or pattern, or a function. */
export type OriginsOption =
  | Readonly<Record<string, OriginOptions>>
  | ((origin: string) => OriginOptions | undefined);

/**
 * Options of {@linkcode createPool}. All are optional. `Infinity` means "off"; options whose type has a `false` are
 * switched off by it. A wrong value throws a `TypeError` or `RangeError` that names the option.
 */
export interface PoolOptions {
  // How long

  /**
   * Longest time an unused connection is kept for reuse. Not a limit on requests, and not TCP keepalive.
   *
   * The default is below the 60 s of AWS load balancers and the 75 s of nginx, so that the pool closes first.
   *
   * @default "55s"
   */
  readonly idleTimeout?: Duration;
  /**
   * Idle timeout of a connection that has carried no request: one that was preconnected, or opened for a request that
   * then used another one. Many servers wait less for a first request (HAProxy: `timeout http-request`). Chrome keeps such
   * connections for 60 s instead of 300 s. The smaller of the two idle timeouts counts.
   *
   * @default Infinity: `idleTimeout` alone counts
   */
  readonly unusedIdleTimeout?: Duration;
  /** Requests that one connection may carry (nginx: `keepalive_requests`). @default Infinity */
  readonly maxRequests?: number;
  /**
   * Age after which a connection takes no further request (nginx: `keepalive_time`). It makes a long-lived pool follow
   * DNS changes. Never ends a running exchange.
   *
   * @default "1h"
   */
  readonly maxLifetime?: Duration;
  /** Largest share of `maxLifetime`, from 0 to 1, that is subtracted at random per connection. 0: no jitter. @default 0.1 */
  readonly lifetimeJitter?: number;
  /**
   * Whether the server's `Keep-Alive: timeout, max` shortens how long a connection is kept. `"ignore"` disregards the
   * header; a function reads it in its own way. `Connection: close` is not affected: see `persistence`.
   *
   * @default "honor"
   */
  readonly serverHints?: "honor" | "ignore" | HintReader;
  /**
   * Whether a connection may be reused after a response. `"standard"`: RFC 9112 §9.3, by which `close` ends it, HTTP/1.1
   * persists, and HTTP/1.0 persists only with `keep-alive`. A function decides instead, within the bounds that
   * {@linkcode PersistenceTest} describes. A function that throws, or returns anything but `true`, means "no".
   *
   * @default "standard"
   */
  readonly persistence?: "standard" | PersistenceTest;
  /** How long before an announced timeout a connection is retired. @default the larger of 1 s and two round trips */
  readonly hintMargin?: Duration;

  // Where

  /**
   * Rules of single origins. Keys are origins (`"https://api.example.com"`) or patterns: `"https://*.example.com"` is for the names
   * under a name, `*` for any host, `*://` for both schemes, `:*` for any port; without a port it is that of the scheme.
   *
   * Each rule is taken from the narrowest entry that sets it, then from the next wider one, then from the options of the pool.
   * Two patterns that overlap without one having all of the other are an error.
   *
   * A function is asked instead, once per origin, before its first request; `undefined` means the rules of the pool. If it throws or
   * gives wrong rules, the request fails with `ERR_FUNCTION`, and the next one asks again. {@linkcode Pool.explain} tells of each rule
   * which entry it is from.
   *
   * @default undefined: all origins have the rules of the pool
   */
  readonly origins?: OriginsOption;

  // How many

  /** Open connections of all origins, including those being opened. @default 1024 */
  readonly maxConnections?: number;
  /** Open connections of one origin, including those being opened. @default 256 */
  readonly maxConnectionsPerOrigin?: number;
  /** Idle connections of all origins. Above it one is evicted; see `evictIdle`. @default Infinity */
  readonly maxIdle?: number;
  /**
   * Idle connections of one origin. Above it one is evicted; see `evictIdle`. `0`: no reuse. Every request then says
   * `Connection: close` and gets its own connection. Independent of `tcpKeepAlive`.
   *
   * @default Infinity
   */
  readonly maxIdlePerOrigin?: number;
  /**
   * Connections of an origin that are kept ready while it is in use: while requests to it run or wait, and for 5 minutes after the
   * last one, or as long as `for` says. They are opened ahead of requests, and each is replaced before it expires (`replaced`). Limits
   * hold: nothing is closed for them, and requests that wait come first. Above `maxConnectionsPerOrigin`, `maxIdlePerOrigin` and
   * their like it is a `RangeError`. `0`: off. It does not keep the process alive.
   *
   * @default 0
   */
  readonly minIdle?: number | MinIdleOptions;
  /** Requests that may wait while every connection is in use. Beyond it a request fails with `ERR_QUEUE_FULL`. @default 10000 */
  readonly maxQueue?: number;
  /**
   * Which idle connection is reused: the one used last (`"lifo"`), the one used longest ago (`"fifo"`), the one opened
   * first (`"oldest"`), or the one used last, with unused ones taken only if there is no other (`"used-first"`).
   *
   * @default "lifo"
   */
  readonly reuseOrder?: ReuseOrder;
  /**
   * Which idle connection is closed above `maxIdlePerOrigin` or `maxIdle`: the one idle longest (`"stalest"`) or the one
   * just released (`"returned"`, as in Go per host, hyper and Node's Agent). An object sets each limit separately.
   *
   * @default "stalest"
   */
  readonly evictIdle?: Eviction | EvictionOptions;

  // HTTP/2

  /**
   * Whether HTTP/2 is spoken, by which one connection carries many requests at a time. `"alpn"`: with `https:` origins that
   * choose it in the TLS handshake, and where the runtime can offer it. `"prior-knowledge"`: with all origins, `http:` ones
   * as well, without asking (RFC 9113 §3.3); `http:` origins are reached through tunnels if there is a proxy. `false`:
   * HTTP/1.1 alone, and HTTP/2 is not offered.
   *
   * @default "alpn"
   */
  readonly http2?: "alpn" | "prior-knowledge" | false;
  /**
   * Requests that one HTTP/2 connection carries at a time, where the server allows as many. Another connection is opened when
   * all are full, within `maxConnectionsPerOrigin`. Until the server has said its limit it is 100 at most.
   *
   * Go bounds them as well where a server sets no limit.
   *
   * @default 1000
   */
  readonly maxStreams?: number;
  /** PING frames on HTTP/2 connections. `false`: none are sent. @default false */
  readonly ping?: false | PingOptions;

  // Sockets

  /**
   * TCP keepalive probes, which do not affect reuse. By them NAT gateways, firewalls and load balancers remember a connection
   * that waits for a slow answer, and the end of a host that vanished is noticed. `false`: `SO_KEEPALIVE` stays off. The times
   * are the system's own where the runtime cannot set them: see {@linkcode Pool.explain}.
   *
   * @default { idle: "15s", interval: "15s", probes: 3 }
   */
  readonly tcpKeepAlive?: false | TcpKeepAliveOptions;
  /** Sends small writes immediately (`TCP_NODELAY`). @default true */
  readonly noDelay?: boolean;
  /**
   * TLS for `https:` origins. A function is called with the hostname for each connect attempt, so that certificates can be
   * renewed; what it takes counts for `connectTimeout`. If it throws, or gives wrong options, the attempt fails with
   * `ERR_FUNCTION`.
   *
   * @default {}
   */
  readonly tls?: TlsOptions | ((hostname: string) => TlsOptions | Promise<TlsOptions>);
  /**
   * A proxy for all origins. `"env"`: the proxies in `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, by curl's
   * rules, read at the first request: a malformed variable fails that one, and is read again by the next. `false`: no proxy.
   *
   * Credentials, as in `"http://user:password@proxy.example:3128"`, are sent to the proxy only. No event, error or
   * statistic shows them. `https:` origins are reached through tunnels (CONNECT or SOCKS5).
   *
   * @default false
   */
  readonly proxy?: string | URL | ProxyOptions | false;
  /**
   * A Unix socket for all connections of this pool, whatever the origin. `Host` and TLS still follow the origin (curl:
   * `--unix-socket`). Not allowed with `proxy`. At most 107 bytes, the size of the address on Linux (macOS: 103).
   *
   * @default undefined: TCP
   */
  readonly unixPath?: string;
  /**
   * Resolves a hostname to IP addresses, the preferred one first. All addresses are tried as RFC 8305 describes (happy
   * eyeballs). Connect attempts to the same hostname at the same time share one call, until the attempt that made the call
   * reaches `connectTimeout`.
   *
   * @default the system's resolver
   */
  readonly resolve?: (hostname: string) => readonly string[] | Promise<readonly string[]>;
  /**
   * Where connections to a name with several addresses go. `"first"`: to the first that answers, in the resolver's order. `"all"`:
   * over all of them, each to the one that has the fewest, for headless services and balancing by DNS; requests over HTTP/2 then
   * go to the connection that carries the fewest, rather than to the one that carries the most. Addresses that lately lost or
   * failed come last either way. Not for the addresses of a proxy.
   *
   * @default "first"
   */
  readonly spread?: Spread;
  /**
   * How often a hostname is resolved again while connections to it are open. Connections to an address that is no longer
   * in the answers are retired (`address-gone`). Every connect attempt resolves too. `Infinity`: only connect attempts do.
   *
   * @default "30s"
   */
  readonly dnsRefresh?: Duration;
  /**
   * Opens the sockets. If it throws or returns something that is not a socket, the connect attempt fails with
   * `ERR_FUNCTION`. A socket whose methods throw is dropped.
   *
   * @default the transport of the runtime
   */
  readonly transport?: Transport;

  // Deadlines. All must be above 0; a request that exceeds one fails with the error named.

  /** Longest wait for a connection, connecting included (`ERR_ACQUIRE_TIMEOUT`). @default "60s" */
  readonly acquireTimeout?: Duration;
  /** Longest time to open one connection, TLS and the loading of HTTP/2 included (`ERR_CONNECT_TIMEOUT`). @default "10s" */
  readonly connectTimeout?: Duration;
  /**
   * Longest time from the last byte of the request to the complete response head (`ERR_HEADERS_TIMEOUT`). undici's
   * default is 300 s.
   *
   * @default "5m"
   */
  readonly headersTimeout?: Duration;
  /**
   * Longest time without progress of a body (`ERR_BODY_TIMEOUT`). It watches the request body while that is sent, and the
   * response body once the response head arrived; progress of one does not count for the other. It does not run while the
   * caller does not read. Envoy: `stream_idle_timeout`, 5 min.
   *
   * @default "5m"
   */
  readonly bodyIdleTimeout?: Duration;
  /**
   * Longest time from the call to the last byte of the response (`ERR_REQUEST_TIMEOUT`). It includes preparing the body,
   * waiting for a connection and every redirect that `fetch` follows.
   *
   * @default Infinity
   */
  readonly requestTimeout?: Duration;

  // Care

  /**
   * Whether a request that failed before any response byte arrived is sent again, once, on a fresh connection. `true`:
   * always if nothing of it was written; otherwise only if it is idempotent or carries an `Idempotency-Key`. `false`: never.
   *
   * A function decides instead, up to five times per request. It is not called where no decision could be right, such as
   * after the response began or if the body cannot be sent again. A function that throws means "no". Like every function
   * among these options it runs in whatever async context (`AsyncLocalStorage`) is current, not in that of the request.
   * Functions and streams passed to one call do run in the async context of that call.
   *
   * @default true
   */
  readonly retry?: boolean | RetryRule;
  /**
   * Whether a request is sent a second time when a connection may have died without a word, as behind NAT gateways, load
   * balancers and firewalls that forget idle connections: no byte of an answer has come for a while, and the connection had
   * been idle for longer than any other to the origin that still answered. The first answer counts, and the other attempt is
   * cut. It is for GET, HEAD, OPTIONS and QUERY, and for requests that are `idempotent` or carry an `Idempotency-Key`, with
   * a body in memory of at most 64 KiB. At most 5 % of an origin's requests, and 10 more, are sent twice. `retry: false`
   * switches it off, too.
   *
   * @default {}: after 3 s; once 20 times are known, after 3 times the origin's 99th percentile, and at least 300 ms
   */
  readonly doubt?: false | DoubtOptions;
  /**
   * Idle age up to which a non-idempotent request may use a connection when the server's idle limit is unknown. An older
   * connection is used only if the server's limit is known to be longer. Otherwise a new one is opened.
   *
   * @default "2s"
   */
  readonly unsafeReuse?: Duration;
  /**
   * Whether to learn each server's real idle limit from its closes and from successful reuse, and to stay below it. With a
   * store, learned limits outlive the process and can be shared by a fleet. The store is read once per origin, and again
   * one minute after a failed read.
   *
   * @default true
   */
  readonly learn?: boolean | { readonly store: LimitStore };
  /**
   * `true`: an option that the runtime cannot honour is an error (`ERR_UNSUPPORTED`). `false`: it is reported by an
   * `option.degraded` event.
   *
   * @default false
   */
  readonly strict?: boolean;
  /** Bounds on what a server may send. @default {} */
  readonly responseLimits?: ResponseLimits;

  // Watching

  /**
   * Called synchronously for every event. It may do anything with the pool, including abort and close. See
   * {@linkcode PoolListener}.
   *
   * @default undefined
   */
  readonly onEvent?: PoolListener;
  /**
   * Source of time and timers; tests pass their own. If it throws or returns an invalid time, the running requests fail
   * with `ERR_FUNCTION`, because they have no deadline without it.
   *
   * @default the runtime's
   */
  readonly clock?: Clock;
  /**
   * Source of random numbers in [0, 1) for the jitter; tests pass their own. If it throws or returns anything else, the
   * connect attempt fails with `ERR_FUNCTION`.
   *
   * @default Math.random
   */
  readonly random?: () => number;
  /** Set by a preset that is spread into the options. {@linkcode Pool.explain} names it as the source of its rules. */
  readonly [PRESET]?: PresetInfo;
}
