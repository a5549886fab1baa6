/** Exchange errors: the errors that end an exchange, each with its phase, its numbers and the facts of its connection. */

import { type ErrorCode, HoldfastError, type Phase, ProtocolError, type Sent } from "../contract/errors.ts";
import { excerpt } from "../contract/excerpt.ts";
import { proxyReason } from "../contract/secrets.ts";
import type { TransportError } from "../contract/transport.ts";
import { FunctionFault, faultAt } from "../contract/user-functions.ts";
import type { PoolWire, WireFault } from "../contract/wire.ts";
import { connectionInfo, type Lease } from "../pool/connection.ts";
import type { WireRequest, WireResponse } from "./message.ts";
import { type Deadline, type ExchangePhase, type Passed, PUBLIC_PHASES } from "./phase.ts";

/** What an error tells of the exchange that it ended. */
export interface ErrorContext {
  readonly origin: string;
  readonly method: string;
  readonly phase: Phase;
  readonly sent: Sent;
  readonly repeatable: boolean;
  readonly lease: Lease<PoolWire> | undefined;
  /** How often the request was sent, or was about to be. */
  readonly attempts: number;
}

/** The context of an error that ends an exchange now. */
export function errorContext(
  request: Pick<WireRequest, "origin" | "method" | "repeatable">,
  phase: ExchangePhase,
  sent: Sent,
  lease: Lease<PoolWire> | undefined,
  attempts: number,
): ErrorContext {
  const { origin, method, repeatable } = request;
  return {
    origin: origin.key,
    method: excerpt(method),
    phase: PUBLIC_PHASES[phase],
    sent,
    repeatable,
    lease,
    attempts,
  };
}

function facts(at: ErrorContext) {
  const connection = at.lease === undefined ? undefined : connectionInfo(at.lease);
  const retriable = at.sent === "none" || (at.repeatable && at.phase !== "body");
  return { phase: at.phase, sent: at.sent, origin: at.origin, connection, retriable } as const;
}

/**
 * The connection ended before the response was complete. `isUnprocessed`: the request was not sent, or the peer has proved that
 * it did not process it; then `cause` is how the peer told that, if it did.
 */
export function lostError(
  at: ErrorContext,
  remaining: number | undefined,
  cause?: TransportError,
  isUnprocessed = false,
): HoldfastError {
  const code = "ERR_CONNECTION_LOST";
  const connection = `connection${whichOf(at)}`;
  if (isUnprocessed && cause !== undefined) {
    const times = at.attempts === 1 ? "" : `, the last of ${at.attempts} attempts`;
    const what = `${cause.message}, and did not process the request on ${connection}${times}`;
    return new HoldfastError({ ...facts(at), code, cause, message: `${at.method} ${at.origin}: ${what}` });
  }
  const how = cause === undefined ? "was closed by the peer" : `failed (${cause.message})`;
  const missing = remaining === undefined ? "" : `, ${remaining} bytes short`;
  const when =
    at.phase === "body" ? `in the middle of the response body${missing}` : "before a response came";
  const message = `${at.method} ${at.origin}: ${connection} ${how} ${when}`;
  return new HoldfastError({ ...facts(at), code, cause, message });
}

/** The number of a connection, and that of the request on it, as they follow the word. */
function whichOf({ lease }: ErrorContext): string {
  return lease === undefined ? "" : ` #${lease.connection.record.id} (request ${lease.requestNumber} on it)`;
}

/** A fault of the response, with the facts of its connection. */
export function protocolError(at: ErrorContext, fault: WireFault): HoldfastError {
  if (fault instanceof FunctionFault) return functionError(at, fault);
  const { side, fault: name, frame, phase, message, limitBytes } = fault;
  // Of a request that cannot be written the wire knows how much has gone.
  const known = facts(side === "local" ? { ...at, sent: fault.sent } : at);
  return new ProtocolError(side, name, {
    ...known,
    frame,
    phase,
    limitBytes,
    retriable: false,
    // A proxy may repeat the credentials sent to it, cut anywhere.
    message: `${at.method} ${at.origin}: ${isSecret(at) ? `The proxy's answer is malformed (${name})` : message}`,
  });
}

function isSecret({ lease }: ErrorContext): boolean {
  return lease?.connection.via?.forwarding?.authorization !== undefined;
}

const TIMEOUTS: Readonly<Record<Deadline, readonly [ErrorCode, string]>> = {
  headers: ["ERR_HEADERS_TIMEOUT", "no complete response head came"],
  body: ["ERR_BODY_TIMEOUT", "no byte of the body moved"],
  total: ["ERR_REQUEST_TIMEOUT", "the exchange was not over"],
};

/** A deadline has passed. */
export function timeoutError(at: ErrorContext, passed: Passed): HoldfastError {
  const { which, elapsedMs, limitMs } = passed;
  const [code, what] = TIMEOUTS[which];
  return new HoldfastError({
    ...facts(at),
    code,
    elapsedMs,
    limitMs,
    message: `${at.method} ${at.origin}: timed out: ${what} within ${limitMs} ms`,
  });
}

/** The request body failed. That is the caller's fault, so the request is not resent. */
export function uploadError(at: ErrorContext, cause: unknown): HoldfastError {
  const why = excerpt(cause instanceof Error ? cause.message : String(cause));
  return new HoldfastError({
    ...facts(at),
    // A short body is read before there is a connection.
    phase: at.phase === "queue" ? "send" : at.phase,
    code: "ERR_REQUEST_BODY",
    retriable: false,
    cause: cause instanceof FunctionFault ? faultAt(cause, "send", at.sent) : cause,
    message: `${at.method} ${at.origin}: the request body could not be read: ${why}`,
  });
}

/** The reason for cancelling a request body that is no longer needed. */
export function unneededError(): Error {
  return new Error("The response was complete before the request body was sent");
}

/** A user's function failed without which the exchange cannot go on. */
function functionError(at: ErrorContext, fault: FunctionFault): HoldfastError {
  return new HoldfastError({
    ...facts(at),
    code: "ERR_FUNCTION",
    retriable: false,
    cause: faultAt(fault, at.phase, at.sent),
    message: `${at.method} ${at.origin}: ${fault.message}`,
  });
}

/** Why a signal ended the exchange: its reason, as it is. If the signal itself failed, it is a fault of the caller's function. */
export function abortReason(at: ErrorContext, reason: unknown): unknown {
  return reason instanceof FunctionFault ? functionError(at, reason) : reason;
}

/** The grace of `close()` is over, or the clock failed, without which there are no deadlines. */
export function cutError(at: ErrorContext, fault?: FunctionFault): HoldfastError {
  if (fault !== undefined) return functionError(at, fault);
  return new HoldfastError({
    ...facts(at),
    code: "ERR_POOL_CLOSED",
    message: `${at.method} ${at.origin}: the pool was closed before the exchange was over`,
  });
}

/**
 * The error for a 407 from a forwarding proxy. Only proxies send that status (RFC 9110 §15.5.8), and passed on it would look
 * like a response of the origin (a network error in Fetch). Any other status may come from the origin.
 */
export function proxyRefusal({ head, lease }: WireResponse): HoldfastError | undefined {
  const { via, wire } = lease.connection;
  if (via?.forwarding === undefined) return undefined;
  const { status } = head;
  const reason = proxyReason(wire.reasonOf(head), via.forwarding.authorization);
  return new HoldfastError({
    code: "ERR_PROXY",
    phase: "proxy",
    sent: "full",
    retriable: false,
    status,
    connection: connectionInfo(lease),
    message: `The proxy ${via.proxy} refused the request: ${status} ${reason}`.trimEnd(),
  });
}
