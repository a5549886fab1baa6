/**
 * Wire format: what a Worker and its object tell one another beside the body, as JSON in one field each. The fields of the
 * request and of the response are in it, so that the platform neither adds to them nor decodes a body by them.
 */

import {
  type ConnectionInfo,
  type ErrorFacts,
  HoldfastError,
  ProtocolError,
  type ProtocolFault,
} from "../contract/errors.ts";
import { TransportError, type TransportErrorKind } from "../contract/transport.ts";

/** The field of a request to the object. */
export const CALL_FIELD = "holdfast-call";

/** The field of the object's answer. An answer without it is not from a `poolObject()`. */
export const ANSWER_FIELD = "holdfast-answer";

/** Names and values, in order. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** What the caller asks the object for. */
export interface RemoteCall {
  /** The number of the request, by which it is aborted. */
  readonly id: string;
  /** Whether it may be aborted. */
  readonly abortable: boolean;
  /** Which function of the pool. */
  readonly by: "fetch" | "request";
  readonly headers: Pairs;
  /** Of the body, where it is known. */
  readonly length?: number | undefined;
  /** Options of `request` that JSON can hold. Off is written as `"off"`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The head of a response. */
export interface RemoteHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Pairs;
  readonly connection: ConnectionInfo | undefined;
  readonly resendCount: number;
  /** Whether trailers may follow, which are asked for by number. */
  readonly trailers: boolean;
  /** Whether the body had arrived whole, so that it cannot fail any more. */
  readonly whole: boolean;
}

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

/** The object's answer. */
export type RemoteAnswer =
  | { readonly head: RemoteHead; readonly error?: undefined }
  | { readonly error: RemoteError; readonly head?: undefined };

/** How a request ended, for those who ask by number. */
export interface RemoteOutcome {
  readonly error?: RemoteError | undefined;
  readonly trailers?: Pairs | undefined;
}

/** JSON of ASCII alone, as the value of a field. */
export function fieldOf(value: RemoteCall | RemoteAnswer): string {
  const text = JSON.stringify(value);
  let ascii = "";
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x7f) continue;
    ascii += `${text.slice(copied, at)}\\u${code.toString(16).padStart(4, "0")}`;
    copied = at + 1;
  }
  return copied === 0 ? text : ascii + text.slice(copied);
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

/** A duration that JSON can hold. */
export function plainOption(value: unknown): unknown {
  return value === Infinity ? "off" : value;
}

/** The option again. */
export function restoredOption(value: unknown): unknown {
  return value === "off" ? Infinity : value;
}
