/**
 * Error mapping: every error code, error name and message that a runtime is known to give, and its
 * {@linkcode TransportErrorKind}.
 */

import type { TransportErrorKind } from "../src/contract/transport.ts";
import { TransportError } from "./transport-error.ts";

/** What the socket was doing when it failed: the same code has different meanings. */
export type FailurePhase = "connect" | "tls" | "open";

const KIND_OF_CODE: Readonly<Record<string, TransportErrorKind>> = {
  ECONNREFUSED: "refused",
  ENOENT: "refused", // a Unix socket that does not exist
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_NONAME: "dns",
  EAI_NODATA: "dns",
  EAI_FAIL: "dns",
  ESERVFAIL: "dns",
  ENODATA: "dns",
  DNS_ENOTFOUND: "dns",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENETDOWN: "unreachable",
  EHOSTDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  ETIMEDOUT: "timeout",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ECONNABORTED: "reset",
  ENOTCONN: "reset",
  // Deno 2.9: names of error classes, for errors without a code (TLS, DNS, end of file).
  ConnectionRefused: "refused",
  NotFound: "refused",
  TimedOut: "timeout",
  ConnectionReset: "reset",
  ConnectionAborted: "reset",
  BrokenPipe: "reset",
  NotConnected: "reset",
  UnexpectedEof: "reset",
  NotSupported: "unsupported",
};

/** The reason of a refused certificate, by the messages of OpenSSL (Node), BoringSSL (Bun) and rustls (Deno). */
const TLS_REASONS: readonly (readonly [RegExp, string])[] = [
  [/ALTNAME|HOSTNAME_MISMATCH|IP_ADDRESS_MISMATCH|not valid for name/, "name-mismatch"],
  [/HAS_EXPIRED|NOT_YET_VALID|certificate (expired|not valid yet)/, "expired"],
  [
    /UNABLE_TO|SELF_SIGNED|CERT_UNTRUSTED|CERT_CHAIN|CERT_SIGNATURE|INVALID_CA|INVALID_PURPOSE|CERT_REJECTED|CERT_REVOKED|invalid peer certificate/,
    "untrusted",
  ],
];

const TLS_CODE = /^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;
const TLS_TEXT =
  /peer certificate|fatal alert|tls handshake|peer is incompatible|peer misbehaved|InvalidContentType|corrupt message|close_notify/i;
/** Codes of a refused address, such as the path of a Unix socket that is too long: no handshake began. */
const BEFORE_TLS: ReadonlySet<string> = new Set(["EINVAL", "ENAMETOOLONG", "ENOENT", "ENOTSOCK", "EACCES"]);
const DNS_TEXT = /lookup address|getaddrinfo|DNS|No address associated/i;

interface ErrorLike {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly ErrorLike[];
}

/** Converts a runtime's error, which becomes the `cause`. */
export function transportErrorOf(cause: unknown, phase: FailurePhase): TransportError {
  if (cause instanceof TransportError) return cause;
  const error = (
    typeof cause === "object" && cause !== null ? cause : { message: String(cause) }
  ) as ErrorLike;
  const code = codeOf(error);
  const message = typeof error.message === "string" && error.message !== "" ? error.message : code;
  const kind = kindOf(code, String(error.name), message, phase);
  const reason = kind === "tls" ? tlsReason(code, message) : code || undefined;
  return new TransportError(kind, message || "Connection failed", { cause, reason });
}

/** The error of an end that the runtime reports without an error, such as one in the middle of a handshake. */
export function endedError(phase: FailurePhase): TransportError {
  if (phase === "tls") {
    return new TransportError("tls", "The peer ended the connection during the TLS handshake", {
      reason: "handshake",
    });
  }
  return new TransportError("reset", "The peer ended the connection", { reason: "ECONNRESET" });
}

/** The error of TLS options that the runtime refuses: a key that is no PEM, a wrong passphrase, an unknown cipher. */
export function optionsError(cause: unknown): TransportError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TransportError("tls", `The TLS options cannot be used: ${why}`, { cause, reason: "options" });
}

/** The error of a target that asks for something this runtime lacks. */
export function unsupportedError(message: string): TransportError {
  return new TransportError("unsupported", message);
}

function kindOf(code: string, name: string, message: string, phase: FailurePhase): TransportErrorKind {
  const kind = KIND_OF_CODE[code] ?? KIND_OF_CODE[name];
  // Everything that ends a handshake, except a timeout, is a TLS failure. For a FIN or an RST Node reports ECONNRESET, Deno
  // "tls handshake eof", Bun nothing at all.
  if (phase === "tls" && kind !== "timeout" && !BEFORE_TLS.has(code)) return "tls";
  if (kind !== undefined) return kind;
  if (TLS_CODE.test(code) || TLS_TEXT.test(message)) return "tls";
  return phase === "connect" && DNS_TEXT.test(message) ? "dns" : "other";
}

function tlsReason(code: string, message: string): string {
  const text = `${code} ${message}`;
  return TLS_REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? "handshake";
}

/** The error's code. Node's AggregateError for several addresses has the codes in its `errors`; the first one counts. */
function codeOf(error: ErrorLike): string {
  if (typeof error.code === "string") return error.code;
  return error.errors?.[0] === undefined ? "" : codeOf(error.errors[0]);
}
