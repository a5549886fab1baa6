/**
 * Events: what a pool reports to its listeners. Events state facts in the past tense. Of a request they include only
 * method and status: no path, no header, no credential.
 */

import type { HoldfastError } from "./errors.ts";
import type { RetireReason, RetryReason } from "./reasons.ts";
import type { TcpKeepAlive, TlsFacts, TlsFeature } from "./transport.ts";
import type { HttpVersion, WireProtocol } from "./wire-protocol.ts";

/** A connection was opened. It becomes active at once, or idle if no request waits any more. */
export interface ConnectionOpened {
  /** Which event this is. */
  readonly type: "connection.opened";
  /** Number of the connection: unique within the pool, the same in all its events. */
  readonly connection: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Ms from the start of the connect attempt to the usable connection, TLS included. */
  readonly elapsedMs: number;
  /** The protocol that it speaks. */
  readonly protocol: WireProtocol;
  /** The address it leads to, where the runtime tells. */
  readonly remoteAddress: string | undefined;
  /** The proxy's URL without credentials, for a connection through a proxy. `remoteAddress` is then the proxy's. */
  readonly proxy?: string | undefined;
  /** What TLS agreed on, where the runtime tells. */
  readonly tls?: TlsFacts | undefined;
}

/** A request took a connection. */
export interface ConnectionAcquired {
  /** Which event this is. */
  readonly type: "connection.acquired";
  /** Number of the connection: unique within the pool, the same in all its events. */
  readonly connection: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Number of the request that took it. */
  readonly request: number;
  /** Whether the connection had carried an earlier request. */
  readonly reused: boolean;
  /** 1 for the first request on the connection. */
  readonly requestNumber: number;
  /** Ms it had been idle. */
  readonly idleMs: number;
  /** Ms the request waited, connecting included. */
  readonly waitedMs: number;
}

/** The exchange is over. The connection is idle again, unless it carries others. */
export interface ConnectionReleased {
  /** Which event this is. */
  readonly type: "connection.released";
  /** Number of the connection: unique within the pool, the same in all its events. */
  readonly connection: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Requests it has carried so far. */
  readonly requests: number;
  /** Requests that it still carries: 0 with HTTP/1.1. */
  readonly streams: number;
  /** Ms until a rule retires it, if it stays idle. */
  readonly keepMs: number;
}

/** The connection was retired: it carries no further request. */
export interface ConnectionRetired {
  /** Which event this is. */
  readonly type: "connection.retired";
  /** Number of the connection: unique within the pool, the same in all its events. */
  readonly connection: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Why. */
  readonly reason: RetireReason;
  /** What it spoke, if it was opened. */
  readonly protocol?: WireProtocol;
  /** Ms since it was opened. */
  readonly ageMs: number;
  /** Ms it had been idle. 0 if it was active or connecting. */
  readonly idleMs: number;
  /** Requests it has carried. */
  readonly requests: number;
  /** The transport's error, if a failure was the reason. */
  readonly error?: unknown;
}

/** No connection was available: the request waits. */
export interface RequestQueued {
  /** Which event this is. */
  readonly type: "request.queued";
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Number of the request: unique within the pool, the same in all its events. */
  readonly request: number;
  /** Waiting requests of this origin, this one included. */
  readonly queued: number;
}

/** A request entered the pool. */
export interface RequestStarted {
  /** Which event this is. */
  readonly type: "request.started";
  /** Number of the request: unique within the pool, the same in all its events. */
  readonly request: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Method of the request. */
  readonly method: string;
  /** The `tag` of its call, if that has one. */
  readonly tag?: unknown;
}

/** The response was received completely, body included. */
export interface RequestFinished {
  /** Which event this is. */
  readonly type: "request.finished";
  /** Number of the request: unique within the pool, the same in all its events. */
  readonly request: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Method of the request. */
  readonly method: string;
  /** The `tag` of its call, if that has one. */
  readonly tag?: unknown;
  /** Status of the response. */
  readonly status: number;
  /** The version in the response. */
  readonly httpVersion: HttpVersion;
  /** Number of the connection: unique within the pool, the same in all its events. */
  readonly connection: number;
  /** Whether the connection had carried an earlier request. */
  readonly reused: boolean;
  /** Ms from entering the pool to the last byte. */
  readonly elapsedMs: number;
  /** How many times the request was resent. */
  readonly resendCount: number;
}

/** The request failed and is resent on a fresh connection. */
export interface RequestRetried {
  /** Which event this is. */
  readonly type: "request.retried";
  /** Number of the request: unique within the pool, the same in all its events. */
  readonly request: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Method of the request. */
  readonly method: string;
  /** The `tag` of its call, if that has one. */
  readonly tag?: unknown;
  /** Why. */
  readonly reason: RetryReason;
  /** How many times the request was resent. */
  readonly resendCount: number;
  /** The connection that failed. */
  readonly connection: number;
}

/**
 * No byte of an answer came in time on a connection that had been idle: the request is sent a second time, on a fresh
 * connection, and the first answer counts. See the option `doubt`.
 */
export interface RequestDoubted {
  /** Which event this is. */
  readonly type: "request.doubted";
  /** Number of the request: unique within the pool, the same in all its events. */
  readonly request: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Method of the request. */
  readonly method: string;
  /** The `tag` of its call, if that has one. */
  readonly tag?: unknown;
  /** The connection that is in doubt. */
  readonly connection: number;
  /** Ms it had been idle. */
  readonly idleMs: number;
  /** Ms for which no byte of an answer came. */
  readonly waitedMs: number;
}

/**
 * A request was not sent a second time, because too many of the origin's requests were (5 %, and 10 more). Reported once a
 * minute and origin.
 */
export interface DoubtExhausted {
  /** Which event this is. */
  readonly type: "doubt.exhausted";
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
}

/** The request failed and is not resent. */
export interface RequestFailed {
  /** Which event this is. */
  readonly type: "request.failed";
  /** Number of the request: unique within the pool, the same in all its events. */
  readonly request: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** Method of the request. */
  readonly method: string;
  /** The `tag` of its call, if that has one. */
  readonly tag?: unknown;
  /** A {@linkcode HoldfastError}, or the `reason` of the signal that aborted the request. */
  readonly error: HoldfastError | unknown;
  /** Ms since the request entered the pool. */
  readonly elapsedMs: number;
  /** How many times the request was resent. */
  readonly resendCount: number;
}

/**
 * The runtime could not apply a socket option as asked, or `fetch` ignores a member of its init. Reported once per
 * transport and option, and once per pool and member.
 */
export interface OptionDegraded {
  /** Which event this is. */
  readonly type: "option.degraded";
  /** Name of the transport that cannot do it: `"node"`, `"deno"`, `"bun"`; `"any"` for a member of the init of `fetch`. */
  readonly transport: string;
  /**
   * `fetch.dispatcher`, `fetch.tls` …: a member of the init of `fetch`, where `transport` is `"any"`. `agent.setNoDelay` and
   * `agent.setKeepAlive`: a method of the socket of a request through `agent()`.
   */
  readonly option:
    | "tcpKeepAlive"
    | "noDelay"
    | "http2"
    | `tls.${TlsFeature}`
    | `fetch.${string}`
    | `agent.${string}`;
  /** Secrets are not shown: `true` stands for them. */
  readonly asked: TcpKeepAlive | boolean | string;
  /** What holds instead. `false`: nothing of it. */
  readonly applied: TcpKeepAlive | boolean;
}

/** Part of a `Keep-Alive` header was not understood. That part counts as absent. */
export interface HintIgnored {
  /** Which event this is. */
  readonly type: "hint.ignored";
  /** Number of the connection: unique within the pool, the same in all its events. */
  readonly connection: number;
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** The header's value. */
  readonly value: string;
}

/** A limit learned for an origin changed: of idle time, or of requests on one connection. */
export interface LimitLearned {
  /** Which event this is. */
  readonly type: "limit.learned";
  /** Origin of the request or connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** The new limit in ms; `Infinity` when it was forgotten. */
  readonly idleMs: number;
  /** The limit before, in ms; `Infinity` if there was none. */
  readonly previousMs: number;
  /** After how many requests its server ends a connection by GOAWAY (HTTP/2); `Infinity` if nothing is known. */
  readonly requests: number;
}

/**
 * The peer finds that we ask too much of it (ENHANCE_YOUR_CALM, HTTP/2): the connection takes no further request. Each time
 * doubles the interval of the option `ping` for the origin.
 */
export interface CalmRequested {
  /** Which event this is. */
  readonly type: "calm.requested";
  /** Number of the connection: unique within the pool, the same in all its events. */
  readonly connection: number;
  /** Origin of the connection: `"https://api.example.com"`. */
  readonly origin: string;
  /** How often it has asked, this time included. */
  readonly times: number;
}

/** Every event of a pool. */
export type PoolEvent =
  | ConnectionOpened
  | ConnectionAcquired
  | ConnectionReleased
  | ConnectionRetired
  | RequestQueued
  | RequestStarted
  | RequestFinished
  | RequestRetried
  | RequestDoubted
  | DoubtExhausted
  | RequestFailed
  | OptionDegraded
  | HintIgnored
  | LimitLearned
  | CalmRequested;

/**
 * A listener is called synchronously, between the steps of the pool, and must be quick.
 *
 * It may do anything with the pool. Events that this causes are reported after the current one, so that all listeners see
 * the same order. A request that a listener aborts is not sent, if the event says that the request started, acquired a
 * connection, or is about to be resent. Errors and rejections of a listener are counted (`stats().listenerErrors`) and
 * never passed on.
 */
export type PoolListener = (event: PoolEvent) => void;
