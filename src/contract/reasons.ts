/** Reasons: two closed lists that rules, core, events, statistics, metrics and tests share. */

/** Why a connection carries no further request. */
export type RetireReason = (typeof RETIRE_REASONS)[number];

/** All retire reasons, in the order in which statistics show them. */
export const RETIRE_REASONS = [
  /** Idle for `idleTimeout`. */
  "idle-timeout",
  /** Older than `maxLifetime`, jitter included. */
  "max-lifetime",
  /** Carried `maxRequests` requests. */
  "max-requests",
  /** Idle for the announced time (`Keep-Alive: timeout`), less the margin. */
  "hint-timeout",
  /** Carried as many requests as the server announced (`Keep-Alive: max`). */
  "hint-max",
  /** Idle for the learned limit of its server, or it carried as many requests as its server is known to take (HTTP/2). */
  "learned-limit",
  /** Its request wanted a connection that carries no other (`reuse: false`). */
  "single-use",
  /** The peer switched protocols (101), or opened a tunnel (CONNECT). The socket is the caller's from then on. */
  "upgraded",
  /** The peer asked to close: `Connection: close`. */
  "peer-close",
  /** The peer closed: FIN or RST. */
  "peer-closed",
  /**
   * It died without a word while it was idle: it gave no answer to a request, which a fresh connection answered, or none to
   * the kernel's keepalive probes.
   */
  "no-answer",
  /** The peer sent bytes without a request. */
  "unsolicited-data",
  /** HTTP/2: the peer said that it takes no further requests on the connection (GOAWAY, RFC 9113 §6.8). */
  "goaway",
  /** HTTP/2: the peer refused requests although its limit of streams allowed them (REFUSED_STREAM). */
  "refused",
  /** HTTP/2: the peer finds that we ask too much of it (ENHANCE_YOUR_CALM). */
  "calm",
  /** HTTP/2: a PING was not answered in time. */
  "ping-timeout",
  /** HTTP/2: the numbers of its streams are used up. */
  "stream-ids",
  /** HTTP/1.0 without `keep-alive`, or a body delimited by the end of the connection (RFC 9112 §9.3, §6.3). */
  "not-persistent",
  /** The response was malformed, or its framing leaves the end of the message in doubt (RFC 9112 §6.3). */
  "bad-framing",
  /** The caller left the response body unread. */
  "unread-body",
  /** The response was complete before the request was sent completely. */
  "upload-unfinished",
  /** The caller aborted the request, or a deadline passed. */
  "aborted",
  /** There were more idle connections than `maxIdle` or `maxIdlePerOrigin`. */
  "max-idle",
  /**
   * It was idle or lingering, and was closed so that another connection could be opened within `maxConnections` or
   * `maxConnectionsPerOrigin`.
   */
  "make-room",
  /** `drain()` was called. */
  "origin-drained",
  /** DNS no longer lists its address for the hostname. */
  "address-gone",
  /** The connection could not be opened. */
  "connect-failed",
  /** The machine was suspended while the connection was idle. */
  "slept",
  /** The machine no longer has the address that the connection is from: it is in another network now. */
  "moved",
  /** Its time was nearly over, and the connection that takes its place was ready (`minIdle`). */
  "replaced",
  /** The pool was closed. */
  "pool-closed",
] as const;

/** Why a request was resent. */
export type RetryReason =
  /** Nothing of it had been written. */
  | "not-sent"
  /** A reused connection turned out to be closed, and executing the request twice does no harm. */
  | "stale-connection"
  /** The peer proved that it has not processed it: GOAWAY or REFUSED_STREAM of HTTP/2 (RFC 9113 §8.7). */
  | "unprocessed"
  /** The user's `retry` function decided so. */
  | "retry-rule";
