/**
 * Errors: every error that the library creates about a request or a connection, with its stable code. Wrong arguments are
 * not among them: they throw a `TypeError` or `RangeError` before a socket is opened.
 */

import type { TlsFacts } from "./transport.ts";
import type { WireProtocol } from "./wire-protocol.ts";

/** What went wrong, for programs. Match on the code, not on the class or the message. */
export type ErrorCode =
  /** Waited longer than `acquireTimeout` for a connection. */
  | "ERR_ACQUIRE_TIMEOUT"
  /** `maxQueue` requests are already waiting. */
  | "ERR_QUEUE_FULL"
  /** The pool was closed before the request or while it waited. */
  | "ERR_POOL_CLOSED"
  /** The transport could not open a connection, or code for the request could not be loaded. The error of that is the `cause`. */
  | "ERR_CONNECT"
  /** Opening a connection, TLS included, took longer than `connectTimeout`. */
  | "ERR_CONNECT_TIMEOUT"
  /** The TLS handshake or the certificate failed. */
  | "ERR_TLS"
  /** The proxy could not be reached, refused the request, or broke its protocol. */
  | "ERR_PROXY"
  /** No complete response head arrived within `headersTimeout`. */
  | "ERR_HEADERS_TIMEOUT"
  /** The peer neither sent nor accepted body bytes for `bodyIdleTimeout`. */
  | "ERR_BODY_TIMEOUT"
  /** The whole exchange took longer than `requestTimeout`. */
  | "ERR_REQUEST_TIMEOUT"
  /** The connection ended during the exchange. */
  | "ERR_CONNECTION_LOST"
  /** A message is not valid HTTP as Holdfast accepts it; see {@linkcode ProtocolError}. */
  | "ERR_PROTOCOL"
  /** A response body could not be decoded by its `Content-Encoding`. */
  | "ERR_DECODE"
  /** A response body is not the one that `integrity` expects. */
  | "ERR_INTEGRITY"
  /** A response body to be collected is larger than `responseLimits.bodyBytes`. */
  | "ERR_BODY_TOO_LARGE"
  /** A redirect cannot be followed: too many, an unsupported scheme, or a body that cannot be sent again. */
  | "ERR_REDIRECT"
  /** Reading the request body failed. */
  | "ERR_REQUEST_BODY"
  /** A function among the options threw or returned an invalid value. The message names it: `random`, `clock.now` … */
  | "ERR_FUNCTION"
  /** The runtime cannot honour an option, and `strict` is on. */
  | "ERR_UNSUPPORTED"
  /** Workers: the binding of a `remotePool()` is missing, or leads to no `poolObject()`. */
  | "ERR_BINDING"
  /** Workers: the origin is not in `allowOrigins` of the object. */
  | "ERR_NOT_ALLOWED"
  /** Workers: the object has more requests than it can take. */
  | "ERR_OVERLOADED"
  /** Workers: the object ended during the request, by a deployment, an eviction or an exception. */
  | "ERR_OBJECT_LOST";

/** Which part of its life the request was in. */
export type Phase = "queue" | "connect" | "proxy" | "tls" | "send" | "headers" | "body";

/** How much of the request may have reached the peer. */
export type Sent = "none" | "partial" | "full";

/** Facts about the connection that a request used. They never include a path, a header or a credential. */
export interface ConnectionInfo {
  /** Unique within the pool. */
  readonly id: number;
  /** `"https://api.example.com"`. */
  readonly origin: string;
  /** The protocol that it speaks: `"h2"` is HTTP/2. */
  readonly protocol: WireProtocol;
  /** Whether it had carried an earlier request. */
  readonly reused: boolean;
  /** 1 for the first request on the connection. */
  readonly requestNumber: number;
  /** Age in ms when the request took it. */
  readonly ageMs: number;
  /** Idle time in ms when the request took it. */
  readonly idleMs: number;
  /** IP address of the peer, without brackets around IPv6; `undefined` where the runtime does not tell. */
  readonly remoteAddress: string | undefined;
  /** Port of the peer; `undefined` where the runtime does not tell. */
  readonly remotePort: number | undefined;
  /** IP address of this side; `undefined` where the runtime does not tell. */
  readonly localAddress: string | undefined;
  /** Port of this side; `undefined` where the runtime does not tell. */
  readonly localPort: number | undefined;
  /** The proxy's URL without credentials, for a connection through a proxy. `remoteAddress` is then the proxy's. */
  readonly proxy?: string | undefined;
  /**
   * What TLS agreed on. `undefined` without TLS, and where the runtime does not tell (Deno). Of an `https` proxy that reads
   * the requests itself, it is TLS with the proxy.
   */
  readonly tls?: TlsFacts | undefined;
}

/** Connections and waiters of one origin at the moment of an error. */
export interface OriginSnapshot {
  /** Connections with an exchange. */
  readonly active: number;
  /** Connections that wait for a request. */
  readonly idle: number;
  /** Connections that are being opened. */
  readonly connecting: number;
  /** Requests that wait for a connection. */
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
 * The base class of every error about a request. `request` rejects with it. `fetch` rejects with a `TypeError`, as the
 * Fetch standard requires, whose `cause` is the HoldfastError.
 */
export class HoldfastError extends Error {
  /** The name of the class, for logs. Match on {@linkcode code}. */
  override readonly name: string = "HoldfastError";
  /** What went wrong; stable across versions. */
  readonly code: ErrorCode;
  /** Which part of its life the request was in. */
  readonly phase: Phase;
  /** How much of the request may have reached the peer. After `"none"` it is safe to send it again. */
  readonly sent: Sent;
  /** Whether it may help to send the same request again, and executing it twice cannot do harm. */
  readonly retriable: boolean;
  /** The origin asked for, if the error is about one: `"https://api.example.com"`. */
  readonly origin: string | undefined;
  /** The connection that the request had, as it stood when it took it; `undefined` if it had none. */
  readonly connection: ConnectionInfo | undefined;
  /** Counts of the origin at that moment, for errors about the queue. */
  readonly pool: OriginSnapshot | undefined;
  /** For timeouts: the time that passed, in ms. */
  readonly elapsedMs: number | undefined;
  /** For timeouts: the limit that was exceeded, in ms. */
  readonly limitMs: number | undefined;
  /** For `ERR_BODY_TOO_LARGE`, and for fields that the peer does not take (`head-too-large`, side `"local"`): the limit in bytes. */
  readonly limitBytes: number | undefined;
  /** For `ERR_BODY_TOO_LARGE`: the bytes that arrived or were announced. */
  readonly bodyBytes: number | undefined;
  /** For `ERR_PROXY`: the status of an HTTP proxy's refusal. */
  readonly status: number | undefined;

  /** Made by the pool. */
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

/** What was wrong with a message; part of a {@linkcode ProtocolError}. */
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
  | "unexpected-upgrade"
  /** HTTP/2: a frame has a wrong size, padding or stream. */
  | "bad-frame"
  /** HTTP/2: a frame must not come now. */
  | "unexpected-frame"
  /** HTTP/2: a setting has a value that it must not have. */
  | "bad-settings"
  /** HTTP/2: a field block cannot be decoded. */
  | "bad-field-block"
  /** HTTP/2: `:status` is missing, malformed or misplaced, or another pseudo-header came. */
  | "bad-pseudo-header"
  /** HTTP/2: more was sent, or allowed, than a window can have. */
  | "flow-control"
  /** HTTP/2: too much that brings nothing. */
  | "flood";

/** A message is not valid HTTP/1.1 or HTTP/2 as Holdfast accepts it. A truncated message is `ERR_CONNECTION_LOST` instead. */
export class ProtocolError extends HoldfastError {
  /** The name of the class, for logs. Match on {@linkcode code}. */
  override readonly name = "ProtocolError";
  /** `"remote"`: the peer broke the protocol. `"local"`: the request could not be written correctly. */
  readonly side: "local" | "remote";
  /** Which rule was broken. */
  readonly fault: ProtocolFault;
  /** HTTP/2: the frame that broke it, by the name that RFC 9113 has for its type. */
  readonly frame: string | undefined;

  /** Made by the pool. */
  constructor(
    side: "local" | "remote",
    fault: ProtocolFault,
    facts: Omit<ErrorFacts, "code"> & { readonly frame?: string | undefined },
  ) {
    super({ ...facts, code: "ERR_PROTOCOL" });
    this.side = side;
    this.fault = fault;
    this.frame = facts.frame;
  }
}

/**
 * Errors of another copy of this module are instances, too: `require()` and `import` may load one each. Each class writes
 * its mark on its prototype, from which subclasses inherit it.
 */
function markAs(mark: string, marked: { readonly prototype: object }): void {
  const key = Symbol.for(mark);
  Object.defineProperty(marked.prototype, key, { value: true });
  Object.defineProperty(marked, Symbol.hasInstance, {
    // A subclass of the caller's inherits this function. Only its own objects are its instances.
    value(this: { readonly prototype: object }, value: unknown): boolean {
      const object = Object(value);
      return this === marked ? key in object : Object.prototype.isPrototypeOf.call(this.prototype, object);
    },
  });
}

markAs("holdfast.error", HoldfastError);
markAs("holdfast.error.protocol", ProtocolError);
