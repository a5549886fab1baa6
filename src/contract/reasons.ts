/** Reasons: two closed lists, used by rules, core, events, stats, metrics and tests alike. */

/** Why a connection carries no further request. */
export type RetireReason = (typeof RETIRE_REASONS)[number];

/** All reasons, in the order in which statistics show them. */
export const RETIRE_REASONS = [
  /** Idle for `idleTimeout`. */
  "idle-timeout",
  /** Older than `maxLifetime`, jitter included. */
  "max-lifetime",
  /** Carried `maxRequests` requests. */
  "max-requests",
  /** Idle for what the server announced (`Keep-Alive: timeout`), less the margin. */
  "hint-timeout",
  /** Carried what the server announced (`Keep-Alive: max`). */
  "hint-max",
  /** Idle for what was learned of the server. */
  "learned-limit",
  /** The peer asked for it: `Connection: close`. */
  "peer-close",
  /** The peer did it: FIN or RST. */
  "peer-closed",
  /** The peer sent bytes nobody had asked for. */
  "unsolicited-data",
  /** HTTP/1.0 without `keep-alive`, or a body that ends with the connection (RFC 9112 §9.3, §6.3). */
  "not-persistent",
  /** The response was malformed, or its framing leaves doubt where it ends (RFC 9112 §6.3). */
  "bad-framing",
  /** The caller left the response body unread. */
  "unread-body",
  /** The response was complete before the request was. */
  "upload-unfinished",
  /** The caller aborted, or a deadline passed. */
  "aborted",
  /** More idle connections than `maxIdle` or `maxIdlePerOrigin`. */
  "max-idle",
  /**
   * Idle, or lingering on a body that nobody wants: closed so that another connection could be opened under
   * `maxConnections` or `maxConnectionsPerOrigin`.
   */
  "make-room",
  /** `drain()` was called. */
  "origin-drained",
  /** The address is no longer among those of the origin. */
  "address-gone",
  /** It never opened. */
  "connect-failed",
  /** The machine was suspended while it was idle. */
  "slept",
  /** The pool was closed. */
  "pool-closed",
] as const;

/** Why a request was sent a second time. */
export type RetryReason =
  /** Nothing of it had been written. */
  | "not-sent"
  /** It was written on a reused connection that turned out closed, and may be executed twice without harm. */
  | "stale-connection"
  /** The user's own rule said so (`retry`). */
  | "retry-rule";
