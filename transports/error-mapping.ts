/**
 * Runtime errors in the words of the contract: every error code, error name or message that a runtime is
 * known to give, and the {@linkcode TransportErrorKind} it means.
 */

import type { TransportErrorKind } from "../src/contract/transport.ts";
import { TransportError } from "./transport-error.ts";

/** What was going on when it failed: the same code means different things. */
export type FailurePhase = "connect" | "tls" | "open";

const KIND_OF_CODE: Readonly<Record<string, TransportErrorKind>> = {
  ECONNREFUSED: "refused",
  ENOENT: "refused", // a Unix socket nobody has made
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
  // Deno: names of error classes, for the errors that carry no code (2.9: TLS, DNS, end of file).
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

/** OpenSSL (Node), BoringSSL (Bun) and rustls (Deno) name the same refusals differently. */
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
/** The address itself was refused, as is a Unix socket's path that is too long: no handshake began. */
const BEFORE_TLS: ReadonlySet<string> = new Set(["EINVAL", "ENAMETOOLONG", "ENOENT", "ENOTSOCK", "EACCES"]);
const DNS_TEXT = /lookup address|getaddrinfo|DNS|No address associated/i;

interface ErrorLike {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly ErrorLike[];
}

/** Gives a runtime's error the name it has on every runtime. The original becomes the `cause`. */
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

/** A failure that no runtime error describes, such as an end in the middle of a handshake. */
export function endedError(phase: FailurePhase): TransportError {
  if (phase === "tls") {
    return new TransportError("tls", "The peer ended the connection during the TLS handshake", {
      reason: "handshake",
    });
  }
  return new TransportError("reset", "The peer ended the connection", { reason: "ECONNRESET" });
}

/** The target asks for what this runtime lacks. */
export function unsupportedError(message: string): TransportError {
  return new TransportError("unsupported", message);
}

function kindOf(code: string, name: string, message: string, phase: FailurePhase): TransportErrorKind {
  const kind = KIND_OF_CODE[code] ?? KIND_OF_CODE[name];
  // Whatever breaks a handshake is its failure, except that nobody answered: Node says ECONNRESET for a FIN
  // and for an RST, Deno "tls handshake eof", Bun nothing at all.
  if (phase === "tls" && kind !== "timeout" && !BEFORE_TLS.has(code)) return "tls";
  if (kind !== undefined) return kind;
  if (TLS_CODE.test(code) || TLS_TEXT.test(message)) return "tls";
  return phase === "connect" && DNS_TEXT.test(message) ? "dns" : "other";
}

function tlsReason(code: string, message: string): string {
  const text = `${code} ${message}`;
  return TLS_REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? "handshake";
}

/** Its own code or, for Node's AggregateError of several addresses, that of the first attempt. */
function codeOf(error: ErrorLike): string {
  if (typeof error.code === "string") return error.code;
  return error.errors?.[0] === undefined ? "" : codeOf(error.errors[0]);
}
