/**
 * Errors: every error the library creates about a request or a connection, and its stable code.
 * Wrong arguments are not here: they are `TypeError` and `RangeError`, thrown before a socket is opened.
 */

/** What went wrong, for programs. Match on this rather than on the class or the message. */
export type ErrorCode =
  /** Waited longer than `acquireTimeout` for a connection. */
  | "ERR_ACQUIRE_TIMEOUT"
  /** `maxQueue` requests are already waiting. */
  | "ERR_QUEUE_FULL"
  /** The pool was closed, before or while the request waited. */
  | "ERR_POOL_CLOSED"
  /** The transport could not open a connection; its own error is the `cause`. */
  | "ERR_CONNECT"
  /** Opening took longer than `connectTimeout`, TLS included. */
  | "ERR_CONNECT_TIMEOUT"
  /** The TLS handshake or the certificate failed. */
  | "ERR_TLS"
  /** The proxy could not be reached, refused, or did not keep to its protocol. */
  | "ERR_PROXY"
  /** No complete response head within `headersTimeout`. */
  | "ERR_HEADERS_TIMEOUT"
  /** The peer sent or took no body bytes for `bodyIdleTimeout`. */
  | "ERR_BODY_TIMEOUT"
  /** The whole exchange took longer than `requestTimeout`. */
  | "ERR_REQUEST_TIMEOUT"
  /** The connection ended during the exchange. */
  | "ERR_CONNECTION_LOST"
  /** What the peer sent is not HTTP/1.1 as Holdfast accepts it (`side: "remote"`). */
  | "ERR_PROTOCOL"
  /** A response body could not be decoded (`Content-Encoding`). */
  | "ERR_DECODE"
  /** A response body is larger than `responseLimits.bodyBytes` lets be collected. */
  | "ERR_BODY_TOO_LARGE"
  /** A redirect that cannot be followed: too many, to another scheme, or with a body that cannot be sent again. */
  | "ERR_REDIRECT"
  /** The request body failed while it was read. */
  | "ERR_REQUEST_BODY"
  /** A function of the options threw, or answered what it must not; the message names it: `random`, `clock.now` … */
  | "ERR_FUNCTION"
  /** `strict` is on and the runtime cannot honour an option. */
  | "ERR_UNSUPPORTED";

/** Where in its life the request was. */
export type Phase = "queue" | "connect" | "proxy" | "tls" | "send" | "headers" | "body";

/** How much of the request may have reached the peer. */
export type Sent = "none" | "partial" | "full";

/** What is known of the connection a request used. Never holds a path, a header or a credential. */
export interface ConnectionInfo {
  /** Unique within the pool. */
  readonly id: number;
  /** `"https://api.example.com"`. */
  readonly origin: string;
  /** Whether it had carried a request before this one. */
  readonly reused: boolean;
  /** 1 for the first request on the connection. */
  readonly requestNumber: number;
  /** Ms since it was opened, when the request took it. */
  readonly ageMs: number;
  /** Ms it had been idle, when the request took it. */
  readonly idleMs: number;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** The proxy it goes through, without its credentials; then `remoteAddress` is the proxy's. */
  readonly proxy?: string | undefined;
}

/** Counts of one origin at the moment of an error. */
export interface OriginSnapshot {
  readonly active: number;
  readonly idle: number;
  readonly connecting: number;
  readonly queued: number;
}

/** Facts of a {@linkcode HoldfastError}. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly message: string;
  readonly sent?: Sent;
  readonly retriable?: boolean;
  readonly connection?: ConnectionInfo | undefined;
  readonly origin?: string | undefined;
  readonly pool?: OriginSnapshot | undefined;
  readonly elapsedMs?: number | undefined;
  readonly limitMs?: number | undefined;
  readonly limitBytes?: number | undefined;
  readonly bodyBytes?: number | undefined;
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Base of every error about a request. `fetch` rejects with a `TypeError` whose `cause` is one of these,
 * as the standard says; `request` rejects with it directly.
 */
export class HoldfastError extends Error {
  override readonly name: string = "HoldfastError";
  /** Stable name of what went wrong. */
  readonly code: ErrorCode;
  readonly phase: Phase;
  /** How much of the request may have reached the peer. `"none"` means it is safe to send again. */
  readonly sent: Sent;
  /** Whether sending the same request again may help and cannot do harm by being executed twice. */
  readonly retriable: boolean;
  readonly origin: string | undefined;
  readonly connection: ConnectionInfo | undefined;
  /** Counts of the origin when it happened, where the queue matters. */
  readonly pool: OriginSnapshot | undefined;
  /** For time-outs: how long it took. */
  readonly elapsedMs: number | undefined;
  /** For time-outs: the limit that was passed. */
  readonly limitMs: number | undefined;
  /** For `ERR_BODY_TOO_LARGE`: the limit. */
  readonly limitBytes: number | undefined;
  /** For `ERR_BODY_TOO_LARGE`: how much came, or was announced. */
  readonly bodyBytes: number | undefined;
  /** For `ERR_PROXY`: the status with which an HTTP proxy refused. */
  readonly status: number | undefined;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.phase = facts.phase;
    this.sent = facts.sent ?? "none";
    this.retriable = facts.retriable ?? this.sent === "none";
    this.origin = facts.origin ?? facts.connection?.origin;
    this.connection = facts.connection;
    this.pool = facts.pool;
    this.elapsedMs = facts.elapsedMs;
    this.limitMs = facts.limitMs;
    this.limitBytes = facts.limitBytes;
    this.bodyBytes = facts.bodyBytes;
    this.status = facts.status;
  }
}

/** What about a message was wrong; part of a {@linkcode ProtocolError}. */
export type ProtocolFault =
  | "bad-status-line"
  | "bad-version"
  | "bad-header"
  | "bad-line-ending"
  | "bad-content-length"
  | "bad-transfer-encoding"
  | "bad-chunk"
  | "bad-trailer"
  | "head-too-large"
  | "line-too-long"
  | "too-many-headers"
  | "chunk-extension-too-long"
  | "trailers-too-large"
  | "too-many-informational"
  | "unexpected-upgrade";

/** A message that is not HTTP/1.1 as Holdfast accepts it. One that was cut short is `ERR_CONNECTION_LOST` instead. */
export class ProtocolError extends HoldfastError {
  override readonly name = "ProtocolError";
  /** `"remote"`: the peer broke the protocol. `"local"`: the request could not be written correctly. */
  readonly side: "local" | "remote";
  readonly fault: ProtocolFault;

  constructor(side: "local" | "remote", fault: ProtocolFault, facts: Omit<ErrorFacts, "code">) {
    super({ ...facts, code: "ERR_PROTOCOL" });
    this.side = side;
    this.fault = fault;
  }
}
