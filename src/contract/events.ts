/**
 * Events: what an observer of the pool is told. Facts in the past tense, no prose, and nothing of a
 * request but its method and status: no path, no header, no credential.
 */

import type { HoldfastError } from "./errors.ts";
import type { RetireReason, RetryReason } from "./reasons.ts";
import type { TcpKeepAlive } from "./transport.ts";

/** A connection is open; it becomes active at once, or idle if nobody waits any more. */
export interface ConnectionOpened {
  readonly type: "connection.opened";
  readonly connection: number;
  readonly origin: string;
  /** Ms from the start of the dial to the usable connection, TLS included. */
  readonly elapsedMs: number;
  readonly remoteAddress: string | undefined;
  /** The proxy it goes through, without its credentials; then `remoteAddress` is the proxy's. */
  readonly proxy?: string | undefined;
}

/** A request took a connection. */
export interface ConnectionAcquired {
  readonly type: "connection.acquired";
  readonly connection: number;
  readonly origin: string;
  /** The request that took it. */
  readonly request: number;
  readonly reused: boolean;
  /** 1 for the first request on the connection. */
  readonly requestNumber: number;
  readonly idleMs: number;
  /** Ms the request waited, the dial included. */
  readonly waitedMs: number;
}

/** The exchange is over and the connection is idle again. */
export interface ConnectionReleased {
  readonly type: "connection.released";
  readonly connection: number;
  readonly origin: string;
  /** Requests it has carried. */
  readonly requests: number;
  /** Ms from now until a rule retires it. */
  readonly keepMs: number;
}

/** The connection carries no further request, and why. */
export interface ConnectionRetired {
  readonly type: "connection.retired";
  readonly connection: number;
  readonly origin: string;
  readonly reason: RetireReason;
  readonly ageMs: number;
  /** Ms it had been idle; 0 for an active or connecting one. */
  readonly idleMs: number;
  readonly requests: number;
  /** What the transport said, where a failure was the reason. */
  readonly error?: unknown;
}

/** No connection was at hand: the request waits. */
export interface RequestQueued {
  readonly type: "request.queued";
  readonly origin: string;
  /** Requests of this origin that wait, this one included. */
  readonly queued: number;
}

/** A request entered the pool. */
export interface RequestStarted {
  readonly type: "request.started";
  readonly request: number;
  readonly origin: string;
  readonly method: string;
}

/** The response, body included, has been received. */
export interface RequestFinished {
  readonly type: "request.finished";
  readonly request: number;
  readonly origin: string;
  readonly method: string;
  readonly status: number;
  /** What the server's response said. */
  readonly httpVersion: "1.0" | "1.1";
  readonly connection: number;
  readonly reused: boolean;
  /** Ms from entering the pool to the last byte. */
  readonly elapsedMs: number;
  /** How often it was sent again. */
  readonly resendCount: number;
}

/** The request is sent again on a fresh connection. */
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

/** The request failed; it will not be sent again. */
export interface RequestFailed {
  readonly type: "request.failed";
  readonly request: number;
  readonly origin: string;
  readonly method: string;
  /** A {@linkcode HoldfastError}, or the reason of the signal that aborted the request. */
  readonly error: HoldfastError | unknown;
  readonly elapsedMs: number;
  readonly resendCount: number;
}

/** The runtime could not honour a socket option as asked. Reported once per transport and option. */
export interface OptionDegraded {
  readonly type: "option.degraded";
  readonly transport: string;
  readonly option: "tcpKeepAlive" | "noDelay";
  readonly asked: TcpKeepAlive | boolean;
  readonly applied: TcpKeepAlive | boolean;
}

/** A `Keep-Alive` header held something that is not understood; that part counts as absent. */
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

/** All that an observer may be told. */
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
 * Called synchronously, between the steps of the pool; must be quick. It may do anything with the pool: what that brings
 * about is told after what is being told, so that all listeners hear the same in the same order, and a request that it
 * aborts when it starts, gets a connection or is about to be sent again is not sent. What it throws, or rejects with, is
 * counted (`stats().listenerErrors`), never passed on.
 */
export type PoolListener = (event: PoolEvent) => void;
