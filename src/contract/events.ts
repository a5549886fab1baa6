/**
 * Events: what a pool reports to its listeners. Events state facts in the past tense. Of a request they include only
 * method and status: no path, no header, no credential.
 */

import type { HoldfastError } from "./errors.ts";
import type { RetireReason, RetryReason } from "./reasons.ts";
import type { TcpKeepAlive, TlsFacts, TlsFeature } from "./transport.ts";

/** A connection was opened. It becomes active at once, or idle if no request waits any more. */
export interface ConnectionOpened {
  readonly type: "connection.opened";
  readonly connection: number;
  readonly origin: string;
  /** Ms from the start of the connect attempt to the usable connection, TLS included. */
  readonly elapsedMs: number;
  readonly remoteAddress: string | undefined;
  /** The proxy's URL without credentials, for a connection through a proxy. `remoteAddress` is then the proxy's. */
  readonly proxy?: string | undefined;
  /** What TLS agreed on, where the runtime tells. */
  readonly tls?: TlsFacts | undefined;
}

/** A request took a connection. */
export interface ConnectionAcquired {
  readonly type: "connection.acquired";
  readonly connection: number;
  readonly origin: string;
  /** Number of the request that took it. */
  readonly request: number;
  readonly reused: boolean;
  /** 1 for the first request on the connection. */
  readonly requestNumber: number;
  readonly idleMs: number;
  /** Ms the request waited, connecting included. */
  readonly waitedMs: number;
}

/** The exchange is over and the connection is idle again. */
export interface ConnectionReleased {
  readonly type: "connection.released";
  readonly connection: number;
  readonly origin: string;
  /** Requests it has carried so far. */
  readonly requests: number;
  /** Ms until a rule retires it, if it stays idle. */
  readonly keepMs: number;
}

/** The connection was retired: it carries no further request. */
export interface ConnectionRetired {
  readonly type: "connection.retired";
  readonly connection: number;
  readonly origin: string;
  readonly reason: RetireReason;
  readonly ageMs: number;
  /** Ms it had been idle. 0 if it was active or connecting. */
  readonly idleMs: number;
  readonly requests: number;
  /** The transport's error, if a failure was the reason. */
  readonly error?: unknown;
}

/** No connection was available: the request waits. */
export interface RequestQueued {
  readonly type: "request.queued";
  readonly origin: string;
  /** Waiting requests of this origin, this one included. */
  readonly queued: number;
}

/** A request entered the pool. */
export interface RequestStarted {
  readonly type: "request.started";
  readonly request: number;
  readonly origin: string;
  readonly method: string;
}

/** The response was received completely, body included. */
export interface RequestFinished {
  readonly type: "request.finished";
  readonly request: number;
  readonly origin: string;
  readonly method: string;
  readonly status: number;
  /** The version in the response. */
  readonly httpVersion: "1.0" | "1.1";
  readonly connection: number;
  readonly reused: boolean;
  /** Ms from entering the pool to the last byte. */
  readonly elapsedMs: number;
  /** How many times the request was resent. */
  readonly resendCount: number;
}

/** The request failed and is resent on a fresh connection. */
export interface RequestRetried {
  readonly type: "request.retried";
  readonly request: number;
  readonly origin: string;
  readonly method: string;
  readonly reason: RetryReason;
  readonly resendCount: number;
  /** The connection that failed. */
  readonly connection: number;
}

/** The request failed and is not resent. */
export interface RequestFailed {
  readonly type: "request.failed";
  readonly request: number;
  readonly origin: string;
  readonly method: string;
  /** A {@linkcode HoldfastError}, or the `reason` of the signal that aborted the request. */
  readonly error: HoldfastError | unknown;
  readonly elapsedMs: number;
  readonly resendCount: number;
}

/**
 * The runtime could not apply a socket option as asked, or `fetch` ignores a member of its init. Reported once per
 * transport and option, and once per pool and member.
 */
export interface OptionDegraded {
  readonly type: "option.degraded";
  readonly transport: string;
  /** `fetch.dispatcher`, `fetch.tls` …: a member of the init of `fetch`, where `transport` is `"any"`. */
  readonly option: "tcpKeepAlive" | "noDelay" | `tls.${TlsFeature}` | `fetch.${string}`;
  /** Secrets are not shown: `true` stands for them. */
  readonly asked: TcpKeepAlive | boolean | string;
  readonly applied: TcpKeepAlive | boolean;
}

/** Part of a `Keep-Alive` header was not understood. That part counts as absent. */
export interface HintIgnored {
  readonly type: "hint.ignored";
  readonly connection: number;
  readonly origin: string;
  /** The header's value. */
  readonly value: string;
}

/** The idle limit learned for an origin changed. */
export interface LimitLearned {
  readonly type: "limit.learned";
  readonly origin: string;
  /** The new limit in ms; `Infinity` when it was forgotten. */
  readonly idleMs: number;
  readonly previousMs: number;
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
  | RequestFailed
  | OptionDegraded
  | HintIgnored
  | LimitLearned;

/**
 * A listener is called synchronously, between the steps of the pool, and must be quick.
 *
 * It may do anything with the pool. Events that this causes are reported after the current one, so that all listeners see
 * the same order. A request that a listener aborts is not sent, if the event says that the request started, acquired a
 * connection, or is about to be resent. Errors and rejections of a listener are counted (`stats().listenerErrors`) and
 * never passed on.
 */
export type PoolListener = (event: PoolEvent) => void;
