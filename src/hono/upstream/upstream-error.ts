/**
 * Upstream error: what a client is told when an upstream fails: a status and its name, nothing of what is behind the
 * gateway.
 */

import { type ErrorCode, HoldfastError } from "../../contract/errors.ts";
import { ClientFault } from "./client-fault.ts";

const REASONS = {
  400: "Bad Request",
  417: "Expectation Failed",
  499: "Client Closed Request",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
} as const;

/** A status that an upstream's failure, or a client's, is answered with. */
export type GatewayStatus = keyof typeof REASONS;

/** Errors that are not a plain 502. */
const STATUSES: Readonly<Partial<Record<ErrorCode, GatewayStatus>>> = {
  ERR_CONNECT_TIMEOUT: 504,
  ERR_HEADERS_TIMEOUT: 504,
  ERR_BODY_TIMEOUT: 504,
  ERR_REQUEST_TIMEOUT: 504,
  ERR_ACQUIRE_TIMEOUT: 504,
  // Nothing was asked of the upstream: this gateway has no room, or is going down.
  ERR_QUEUE_FULL: 503,
  ERR_POOL_CLOSED: 503,
  // The body that the client was sending.
  ERR_REQUEST_BODY: 400,
};

/**
 * The response that an upstream's failure is answered with, or `undefined` if `error` is none: 504 for what took too
 * long, 503 with `Retry-After` if the pool had no room or was closed, 400, 417 or 501 if the client's request cannot be
 * passed on, 400 if its body failed, else 502. Hono's own error handler answers so by itself; one of yours may ask here.
 *
 * @example
 * ```ts
 * app.onError((error, c) => upstreamErrorResponse(error) ?? c.text("Something broke", 500));
 * ```
 */
export function upstreamErrorResponse(error: unknown): Response | undefined {
  const status = statusOf(error);
  return status === undefined ? undefined : plainResponse(status);
}

/** The status for an error; `undefined` if it is neither an upstream's failure nor a client's. */
export function statusOf(error: unknown): GatewayStatus | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof ClientGone) return 499;
  if (error instanceof ClientFault) return error.status;
  if (error.name === "TimeoutError") return 504;
  const known = error instanceof HoldfastError ? error : error.cause;
  return known instanceof HoldfastError ? (STATUSES[known.code] ?? 502) : undefined;
}

/** Seconds after which room is likely: the queue of a pool moves with every answer. */
const RETRY_AFTER = "1";

function plainResponse(status: GatewayStatus): Response {
  const headers = {
    "content-type": "text/plain; charset=UTF-8",
    "cache-control": "no-store",
    ...(status === 503 ? { "retry-after": RETRY_AFTER } : {}),
  };
  return new Response(`${REASONS[status]}\n`, { status, statusText: REASONS[status], headers });
}

/** The client is gone, so nobody reads the answer; logs show nginx's 499. */
export class ClientGone extends Error {
  override readonly name = "AbortError";

  constructor(cause: unknown) {
    super("The client closed the connection before it was answered", { cause });
  }
}

/** The same error, which Hono's error handler answers with {@linkcode upstreamErrorResponse} from now on. */
export function answerable(error: unknown): unknown {
  const status = statusOf(error);
  if (status !== undefined && !("getResponse" in (error as Error)))
    Object.defineProperty(error, "getResponse", { value: () => plainResponse(status), configurable: true });
  return error;
}
