/**
 * Options: what users may set, with defaults and sources, and the one function that turns them into
 * {@linkcode Settings}. Every bad value is refused here, before a socket is opened, by option and value.
 */

import type { Clock } from "../contract/clock.ts";
import type { Duration } from "../contract/duration.ts";
import type { PoolListener } from "../contract/events.ts";
import type { LimitStore } from "../contract/limit-store.ts";
import type { Transport } from "../contract/transport.ts";
import type { HintReader } from "../rules/hints.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import type { PRESET, PresetInfo } from "../rules/preset.ts";
import type { RetryRule } from "../rules/retry.ts";
import type { Eviction, ReuseOrder } from "../rules/rules.ts";
import type { ProxyOptions } from "./proxy.ts";

/** TCP keepalive: kernel probes on a silent connection. It keeps nothing in the pool and takes nothing out of it. */
export interface TcpKeepAliveOptions {
  /**
   * Silence before the first probe. At least one second, because the kernel counts in seconds.
   *
   * @default the transport's own (Linux: 2 h)
   */
  readonly idle?: Duration;
  /**
   * Time between probes. At least one second.
   *
   * @default the transport's own (Linux: 75 s; Node 20 and Bun: 1 s)
   */
  readonly interval?: Duration;
  /**
   * Unanswered probes after which the connection counts as dead.
   *
   * @default the transport's own (Linux: 9; Node 20 and Bun: 10)
   */
  readonly probes?: number;
}

/** One answer of `evictIdle` for each of the two limits. */
export interface EvictionOptions {
  /** Above `maxIdlePerOrigin`. @default "stalest" */
  readonly perOrigin?: Eviction;
  /** Above `maxIdle`. @default "stalest" */
  readonly inAll?: Eviction;
}

/** TLS of `https:` origins. Connections with different TLS options are never shared. */
export interface TlsOptions {
  /** Certificate authorities to trust, as PEM. Default: the runtime's own. */
  readonly ca?: string | readonly string[];
  /** Client certificate chain, as PEM. Needs `key`. */
  readonly cert?: string;
  /** Private key of the client certificate, as PEM. Needs `cert`. */
  readonly key?: string;
  /** Name to send (SNI) and to verify. Default: the origin's hostname. */
  readonly serverName?: string;
  /** `false` accepts any certificate: for tests only. Default: `true`. */
  readonly rejectUnauthorized?: boolean;
}

/** Bounds on what a server may send. Beyond one, but `bodyBytes`, the response is a protocol error. */
export interface ResponseLimits {
  /** Bytes of status line and header fields, 1xx responses not added up. Node's limit is 16 KiB. Default: 64 KiB. */
  readonly headBytes?: number;
  /** Bytes of one line of the head, of a chunk-size line or of a trailer field. Default: 32 KiB. */
  readonly lineBytes?: number;
  /** Header fields. Node's limit is 2000, httpd's 100. Default: 256. */
  readonly headerCount?: number;
  /** Bytes of chunk extensions in one response (CVE-2024-22019: unbounded extensions). Default: 16 KiB. */
  readonly chunkExtensionBytes?: number;
  /** Bytes of trailer fields. Default: 16 KiB. */
  readonly trailerBytes?: number;
  /** Interim (1xx) responses before the final one. Default: 16. */
  readonly informationalCount?: number;
  /**
   * Bytes of a body that `text()`, `json()`, `bytes()`, `arrayBuffer()`, `blob()` and `formData()` collect, after decoding.
   * Beyond it they reject with `ERR_BODY_TOO_LARGE`, at once where the head announced as much, and the connection ends.
   * Not a limit on streams: whoever reads one sees how much it is. Default: `Infinity`, none.
   */
  readonly bodyBytes?: number;
}

/** Options of {@linkcode createPool}. All are optional; "off" is `Infinity`, or `false` where a `false` is allowed. */
export interface PoolOptions {
  // How long

  /**
   * Longest time an unused connection is kept for reuse. Not a limit on requests, and not TCP keepalive.
   *
   * Below the 60 s of AWS load balancers and the 75 s of nginx, so that the pool gives up first.
   *
   * @default "55s"
   */
  readonly idleTimeout?: Duration;
  /**
   * The same for a connection that has carried no request: preconnected, or opened for a request that got another
   * one meanwhile. Many servers wait less for a first request (HAProxy: `timeout http-request`), and Chrome keeps
   * such connections for 60 s instead of 300 s. The smaller of the two counts.
   *
   * @default Infinity: as `idleTimeout`
   */
  readonly unusedIdleTimeout?: Duration;
  /** Requests one connection may carry (nginx: `keepalive_requests`). @default Infinity */
  readonly maxRequests?: number;
  /**
   * Age after which a connection takes no further request (nginx: `keepalive_time`), so that a long-lived pool
   * follows DNS. Never cuts a running exchange.
   *
   * @default "1h"
   */
  readonly maxLifetime?: Duration;
  /** Largest share of `maxLifetime` taken off at random per connection, from 0 to 1. @default 0.1 */
  readonly lifetimeJitter?: number;
  /**
   * Whether `Keep-Alive: timeout, max` of the server shortens how long a connection is kept. `"ignore"` disregards
   * it; a function reads it in its own way. `Connection: close` is none of its business: see `persistence`.
   *
   * @default "honor"
   */
  readonly serverHints?: "honor" | "ignore" | HintReader;
  /**
   * Whether a connection outlives a response: by RFC 9112 §9.3 (`close` ends it; HTTP/1.1 persists; 1.0 only with
   * `keep-alive`), or by a test of your own. What would mix up responses ends it in any case; see
   * {@linkcode PersistenceTest}. A test that throws, or answers with anything but `true`, has said no.
   *
   * @default "standard"
   */
  readonly persistence?: "standard" | PersistenceTest;
  /** How long before an announced timeout a connection is given up. @default the larger of 1 s and two round trips */
  readonly hintMargin?: Duration;

  // How many

  /** Open connections of all origins, those being opened included. @default 1024 */
  readonly maxConnections?: number;
  /** Open connections of one origin, those being opened included. @default 256 */
  readonly maxConnectionsPerOrigin?: number;
  /** Idle connections of all origins; above it one goes, by `evictIdle`. @default Infinity */
  readonly maxIdle?: number;
  /**
   * Idle connections of one origin. `0`: no reuse at all; every request says `Connection: close` and gets a
   * connection of its own. Independent of `tcpKeepAlive`.
   *
   * @default Infinity
   */
  readonly maxIdlePerOrigin?: number;
  /** Requests that may wait because every connection is at work. Beyond it a request fails at once. @default 10000 */
  readonly maxQueue?: number;
  /**
   * Which idle connection is taken: the one used last (`"lifo"`), used longest ago (`"fifo"`), opened first
   * (`"oldest"`), or used last but an unused one only if there is no other (`"used-first"`).
   *
   * @default "lifo"
   */
  readonly reuseOrder?: ReuseOrder;
  /**
   * Which idle connection goes above `maxIdlePerOrigin` or `maxIdle`: the one idle longest (`"stalest"`) or the one
   * just given back (`"returned"`: Go per host, hyper, Node's Agent); or one answer for each of the two limits.
   *
   * @default "stalest"
   */
  readonly evictIdle?: Eviction | EvictionOptions;

  // Sockets

  /** Kernel probes. `false` leaves `SO_KEEPALIVE` off, whatever the pool does. @default false */
  readonly tcpKeepAlive?: false | TcpKeepAliveOptions;
  /** Sends small writes at once (`TCP_NODELAY`). @default true */
  readonly noDelay?: boolean;
  readonly tls?: TlsOptions;
  /**
   * A proxy for all origins; `"env"`: those of `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, read by curl's
   * rules when the first request is made. Credentials, as in `"http://user:password@proxy.example:3128"`, reach the
   * proxy alone: no event, error or statistic shows them. `https:` origins go through tunnels (CONNECT, SOCKS5).
   *
   * @default false
   */
  readonly proxy?: string | URL | ProxyOptions | false;
  /**
   * A Unix socket to which all connections of this pool go, whatever the origin; `Host` and TLS are the origin's
   * (curl: `--unix-socket`). Not with `proxy`. At most 107 bytes, which is what its address has room for on Linux (macOS: 103).
   *
   * @default undefined
   */
  readonly unixPath?: string;
  /**
   * Looks up names: answers IP addresses, the preferred one first. They are raced like all others (RFC 8305). Who dials at
   * the same time shares a call, until the one who asked first gives up by `connectTimeout`.
   *
   * @default the system's
   */
  readonly resolve?: (hostname: string) => readonly string[] | Promise<readonly string[]>;
  /**
   * How often names are looked up again while connections to them are open. Those to an address that the name no
   * longer has are retired (`address-gone`). Every dial looks up too. `Infinity`: with dials only.
   *
   * @default "30s"
   */
  readonly dnsRefresh?: Duration;
  /**
   * Opens the sockets. One that throws, or connects with what is no socket, fails the dial (`ERR_FUNCTION`); a socket
   * that throws is given up.
   *
   * @default the transport of the runtime
   */
  readonly transport?: Transport;

  // Deadlines

  /** Longest wait for a connection, dialling included. @default "60s" */
  readonly acquireTimeout?: Duration;
  /** Longest time to open one connection, TLS included. @default "10s" */
  readonly connectTimeout?: Duration;
  /** Longest time from the request's last byte to the complete response head (undici: 300 s). @default "5m" */
  readonly headersTimeout?: Duration;
  /**
   * Longest time in which no byte moves of the body that is waited for: the request's while it is sent, the response's
   * once its head has come (Envoy: stream idle timeout, 5 min). Progress of the other does not count. Does not run
   * while the caller does not read.
   *
   * @default "5m"
   */
  readonly bodyIdleTimeout?: Duration;
  /**
   * Longest time from the call to the last byte of the response: preparing the body, waiting for a connection and every
   * redirect of `fetch` included. The error, `ERR_REQUEST_TIMEOUT`, tells the whole time.
   *
   * @default Infinity
   */
  readonly requestTimeout?: Duration;

  // Care

  /**
   * Whether a request that failed on a connection before any response byte is sent again, once, on a fresh
   * connection: always if nothing was written, else only if it is idempotent or has an `Idempotency-Key`.
   * `false`: never. A function decides in its own way, up to five times per request; only what no rule could make
   * right (a body that is gone, a response that had begun) is not put to it. One that throws has said no. It is the pool's,
   * like every function among these options: it runs in the async context (`AsyncLocalStorage`) of whatever happens just
   * then, and not of the request; functions and streams that a call brought run in their caller's.
   *
   * @default true
   */
  readonly retry?: boolean | RetryRule;
  /**
   * Idle age up to which a non-idempotent request takes a connection about whose server nothing is known.
   * Older ones are used only if the server's limit is known to be longer; else a fresh one is opened.
   *
   * @default "2s"
   */
  readonly unsafeReuse?: Duration;
  /**
   * Whether to learn each server's real idle limit from its closes and our successes, and to stay below it. With a
   * store, what was learned outlives the process, and a fleet can share it. It is asked once per origin, and again a minute
   * after it failed to answer.
   *
   * @default true
   */
  readonly learn?: boolean | { readonly store: LimitStore };
  /** An option the runtime cannot honour is an error instead of an `option.degraded` event. @default false */
  readonly strict?: boolean;
  readonly responseLimits?: ResponseLimits;

  // Watching

  /**
   * Told of everything that happens, synchronously. Whatever it does in its call, abort and close included, is safe:
   * {@linkcode PoolListener} says when it is called.
   */
  readonly onEvent?: PoolListener;
  /**
   * Time and timers; a test passes its own. One that throws, or answers a time that is none, ends the requests that are
   * under way (`ERR_FUNCTION`): without it they have no deadline.
   *
   * @default the runtime's
   */
  readonly clock?: Clock;
  /**
   * Numbers in [0, 1) for the jitter; a test passes its own. One that throws, or answers anything else, fails the dial
   * (`ERR_FUNCTION`).
   *
   * @default Math.random
   */
  readonly random?: () => number;
  /** Comes along with a preset that is spread into the options; tells {@linkcode Pool.explain} where they are from. */
  readonly [PRESET]?: PresetInfo;
}
