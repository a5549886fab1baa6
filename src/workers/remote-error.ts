/** Remote error: an error as it crosses from an object to its caller, and the error again, of its class. */

import { type ErrorFacts, HoldfastError, ProtocolError, type ProtocolFault } from "../contract/errors.ts";
import { TransportError, type TransportErrorKind } from "../contract/transport.ts";

/** An error as it crosses. */
export interface RemoteError {
  readonly name: string;
  readonly message: string;
  /** Of a HoldfastError. */
  readonly facts?: Omit<ErrorFacts, "message" | "cause"> | undefined;
  /** Of a ProtocolError. */
  readonly protocol?:
    | {
        readonly side: "local" | "remote";
        readonly fault: ProtocolFault;
        readonly frame?: string | undefined;
      }
    | undefined;
  /** Of a TransportError. */
  readonly transport?:
    | { readonly kind: TransportErrorKind; readonly reason?: string | undefined }
    | undefined;
  readonly code?: string | undefined;
  readonly cause?: RemoteError | undefined;
}

/** How deep causes are followed. */
const MAX_DEPTH = 4;

/** An error as it crosses. */
export function remoteErrorOf(error: unknown, depth = 0): RemoteError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, cause } = error;
  const { code } = error as { readonly code?: unknown };
  return {
    name,
    message,
    ...(error instanceof HoldfastError ? { facts: factsOf(error) } : {}),
    ...(error instanceof ProtocolError
      ? { protocol: { side: error.side, fault: error.fault, frame: error.frame } }
      : {}),
    ...(error instanceof TransportError ? { transport: { kind: error.kind, reason: error.reason } } : {}),
    ...(typeof code === "string" ? { code } : {}),
    ...(cause === undefined || depth >= MAX_DEPTH ? {} : { cause: remoteErrorOf(cause, depth + 1) }),
  };
}

function factsOf(error: HoldfastError): Omit<ErrorFacts, "message" | "cause"> {
  const { code, phase, sent, retriable, connection, origin, pool } = error;
  const { elapsedMs, limitMs, limitBytes, bodyBytes, status } = error;
  return {
    code,
    phase,
    sent,
    retriable,
    connection,
    origin,
    pool,
    elapsedMs,
    limitMs,
    limitBytes,
    bodyBytes,
    status,
  };
}

/** The error again, of its class. `through` names the binding that it came by. */
export function restoredError(remote: RemoteError, through?: string): Error {
  const { facts, protocol, transport, name } = remote;
  const cause = remote.cause === undefined ? undefined : restoredError(remote.cause);
  const message = through === undefined ? remote.message : `${remote.message} (in the object of ${through})`;
  if (facts !== undefined && protocol !== undefined)
    return new ProtocolError(protocol.side, protocol.fault, {
      ...facts,
      message,
      cause,
      frame: protocol.frame,
    });
  if (facts !== undefined) return new HoldfastError({ ...facts, message, cause });
  const options = cause === undefined ? {} : { cause };
  if (transport !== undefined)
    return new TransportError(transport.kind, message, { ...options, ...transport });
  const Class = name === "TypeError" || name === "RangeError" ? { TypeError, RangeError }[name] : Error;
  const error = new Class(message, options);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true });
  if (remote.code !== undefined) Object.defineProperty(error, "code", { value: remote.code });
  return error;
}
