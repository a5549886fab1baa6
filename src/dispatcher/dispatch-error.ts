/**
 * Dispatch error: what a handler is told where undici would tell an error of its own. Programs and undici's interceptors match
 * its codes (`retry` looks at nothing else), so the code is undici's, and the cause is the pool's error with all its facts. Codes
 * of the system (`ECONNREFUSED`) stay as they are, as with undici. What undici has no code for keeps the pool's error.
 */

import { HoldfastError } from "../contract/errors.ts";
import { TransportError, type TransportErrorKind } from "../contract/transport.ts";

/** The codes of undici that are used, with the names of its classes. */
const NAMES: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "ConnectTimeoutError",
  UND_ERR_HEADERS_TIMEOUT: "HeadersTimeoutError",
  UND_ERR_BODY_TIMEOUT: "BodyTimeoutError",
  UND_ERR_INVALID_ARG: "InvalidArgumentError",
  UND_ERR_NOT_SUPPORTED: "NotSupportedError",
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: "RequestContentLengthMismatchError",
  UND_ERR_ABORTED: "AbortError",
  UND_ERR_DESTROYED: "ClientDestroyedError",
  UND_ERR_CLOSED: "ClientClosedError",
  UND_ERR_SOCKET: "SocketError",
};

/** An error with a code of undici, or of the system. */
export class DispatchError extends Error {
  /** The name of undici's class. */
  override readonly name: string;
  /** `"UND_ERR_SOCKET"`, or the system's: `"ECONNREFUSED"`. */
  readonly code: string;

  /** Made by the dispatcher. */
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = NAMES[code] ?? "Error";
    this.code = code;
    // By these keys undici 7 and 8 recognise errors of each other's copies: `instanceof errors.SocketError`.
    if (code.startsWith("UND_ERR_")) mark(this, code);
  }
}

function mark(error: DispatchError, code: string): void {
  const kinds = ["UND_ERR", code, ...(code === "UND_ERR_ABORTED" ? ["UND_ERR_ABORT"] : [])];
  for (const kind of kinds) {
    Object.defineProperty(error, Symbol.for(`undici.error.${kind}`), { value: true });
  }
}

/** The codes of the system, where a runtime gives none (Deno). */
const SYSTEM_CODES: Readonly<Partial<Record<TransportErrorKind, string>>> = {
  dns: "ENOTFOUND",
  refused: "ECONNREFUSED",
  unreachable: "EHOSTUNREACH",
  timeout: "ETIMEDOUT",
  reset: "ECONNRESET",
};

/** The error for a handler. What is no error of the pool is passed on: the reason of an abort, and what a handler threw. */
export function dispatchError(error: unknown): Error {
  if (!(error instanceof HoldfastError)) return error as Error;
  const { message, phase, cause } = error;
  const as = (code: string): DispatchError => new DispatchError(code, message, error);
  switch (error.code) {
    case "ERR_ACQUIRE_TIMEOUT":
    case "ERR_CONNECT_TIMEOUT":
      return as("UND_ERR_CONNECT_TIMEOUT");
    case "ERR_HEADERS_TIMEOUT":
      return as("UND_ERR_HEADERS_TIMEOUT");
    case "ERR_BODY_TIMEOUT":
      return as("UND_ERR_BODY_TIMEOUT");
    case "ERR_REQUEST_TIMEOUT":
      return as(phase === "body" ? "UND_ERR_BODY_TIMEOUT" : "UND_ERR_HEADERS_TIMEOUT");
    case "ERR_CONNECT":
    case "ERR_TLS":
    case "ERR_CONNECTION_LOST":
      return as(systemCode(cause) ?? "UND_ERR_SOCKET");
    case "ERR_POOL_CLOSED":
      return as("UND_ERR_CLOSED");
    case "ERR_REQUEST_BODY":
      // The stream's own error, as undici passes it on.
      return cause instanceof Error ? cause : error;
    default:
      return error;
  }
}

/** The code of the system's own error: `ECONNREFUSED`, `CERT_HAS_EXPIRED`. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof TransportError)) return undefined;
  const { code } = (error.cause ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : SYSTEM_CODES[error.kind];
}

/** A wrong argument, as undici calls it. */
export function invalidArgument(message: string, cause?: unknown): DispatchError {
  return new DispatchError("UND_ERR_INVALID_ARG", message, cause);
}
