/** Proxy errors. They name the proxy without its credentials. */

import { HoldfastError } from "../contract/errors.ts";
import { TransportError } from "../contract/transport.ts";
import type { ProxySetting } from "../options/proxy.ts";
import type { Destination } from "./negotiation.ts";

/** More facts about an error. */
interface Details {
  readonly retriable?: boolean;
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/** An error of phase `"proxy"`: `what` completes "The proxy …". */
export function proxyError(
  { shown }: ProxySetting,
  { origin }: Pick<Destination, "origin">,
  what: string,
  { retriable = true, status, cause }: Details = {},
): HoldfastError {
  return new HoldfastError({
    code: "ERR_PROXY",
    phase: "proxy",
    origin,
    retriable,
    status,
    cause,
    message: `The proxy ${shown} ${what} (for ${origin})`,
  });
}

/** The error of a connection to the proxy that could not be opened, or whose certificate was not trusted. */
export function unreachable(proxy: ProxySetting, to: Pick<Destination, "origin">, cause: unknown): unknown {
  if (!(cause instanceof TransportError)) return cause;
  const { kind, message } = cause;
  if (kind === "unsupported") return cause;
  const what = kind === "tls" ? "could not be trusted" : "could not be connected to";
  return proxyError(proxy, to, `${what}: ${message}`, { cause, retriable: kind !== "tls" });
}

/**
 * The error of a failed TLS handshake with the origin. If it failed before a certificate came, the proxy may be the cause:
 * many proxies answer 200 before they have connected, and close the tunnel if they cannot.
 */
export function tlsFailed(proxy: ProxySetting, to: Pick<Destination, "origin">, cause: unknown): unknown {
  const certified =
    !(cause instanceof TransportError) || cause.kind !== "tls" || cause.reason !== "handshake";
  if (certified) return cause;
  return proxyError(proxy, to, `opened a tunnel that broke in the TLS handshake: ${cause.message}`, {
    cause,
  });
}

/** `connectTimeout` was over before the proxy was ready. Any other reason of the signal is passed on. */
export function tooSlow(
  proxy: ProxySetting,
  { origin }: Pick<Destination, "origin">,
  reason: unknown,
): unknown {
  if (!(reason instanceof HoldfastError) || reason.code !== "ERR_CONNECT_TIMEOUT") return reason;
  const { elapsedMs, limitMs } = reason;
  return new HoldfastError({
    code: "ERR_CONNECT_TIMEOUT",
    phase: "proxy",
    origin,
    elapsedMs,
    limitMs,
    message: `The proxy ${proxy.shown} was not ready for ${origin} within ${limitMs} ms`,
  });
}
