/**
 * The response for a failed upstream request: a status and its name. It tells the client nothing about what is behind
 * the gateway.
 */

import { type ErrorCode, HoldfastError } from "../../contract/errors.ts";
import { ClientGoneError } from "./client-disconnect.ts";
import { ClientRequestError } from "./client-errors.ts";

const STATUS_TEXTS = {
  400: "Bad Request",
  417: "Expectation Failed",
  499: "Client Closed Request",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  508: "Loop Detected",
} as const;

/** A status for a failure of the upstream, or of the client. */
export type GatewayStatus = keyof typeof STATUS_TEXTS;

/** Error codes whose status is not 502. */
const STATUSES: Readonly<Partial<Record<ErrorCode, GatewayStatus>>> = {
  ERR_CONNECT_TIMEOUT: 504,
  ERR_HEADERS_TIMEOUT: 504,
  ERR_BODY_TIMEOUT: 504,
  ERR_REQUEST_TIMEOUT: 504,
  ERR_ACQUIRE_TIMEOUT: 504,
  // The upstream was not asked: this gateway has no room, or is shutting down.
  ERR_QUEUE_FULL: 503,
  ERR_POOL_CLOSED: 503,
  ERR_OVERLOADED: 503,
  // The body that failed is the one that the client was sending.
  ERR_REQUEST_BODY: 400,
};

/**
 * The response for an error of an upstream request, or `undefined` if `error` is none:
 *
 * - 504 if something took too long;
 * - 503 with `Retry-After` if the pool had no room or was closed;
 * - 400, 417 or 501 if the client's request cannot be passed on, and 400 if its body failed;
 * - 508 if the request has come to this gateway before (`forward()`);
 * - 502 otherwise.
 *
 * Hono's default error handler answers with it. An error handler of your own can call it.
 *
 * @example
 * ```ts
 * app.onError((error, c) => upstreamErrorResponse(error) ?? c.text("Something broke", 500));
 * ```
 */
export function upstreamErrorResponse(error: unknown): Response | undefined {
  const status = errorStatus(error);
  return status === undefined ? undefined : statusResponse(status);
}

/** The upstream switched to a protocol that nobody asked for. */
export class UpstreamProtocolError extends Error {
  override readonly name = "UpstreamProtocolError";

  constructor() {
    super("The upstream switched to a protocol that was not asked for");
  }
}

/** The status for an error; `undefined` if neither the upstream nor the client caused it. */
export function errorStatus(error: unknown): GatewayStatus | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof ClientGoneError) return 499;
  if (error instanceof ClientRequestError) return error.status;
  if (error instanceof UpstreamProtocolError) return 502;
  if (error.name === "TimeoutError") return 504;
  const known = error instanceof HoldfastError ? error : error.cause;
  return known instanceof HoldfastError ? (STATUSES[known.code] ?? 502) : undefined;
}

/** Seconds for `Retry-After`. A full queue moves with every response, so room is likely soon. */
export const RETRY_AFTER = "1";

function statusResponse(status: GatewayStatus): Response {
  const headers = {
    "content-type": "text/plain; charset=UTF-8",
    "cache-control": "no-store",
    ...(status === 503 ? { "retry-after": RETRY_AFTER } : {}),
  };
  return new Response(`${STATUS_TEXTS[status]}\n`, { status, statusText: STATUS_TEXTS[status], headers });
}

/** The same error. Hono's default error handler will answer it with {@linkcode upstreamErrorResponse}. */
export function withErrorResponse(error: unknown): unknown {
  const status = errorStatus(error);
  if (status !== undefined && !("getResponse" in (error as Error)))
    Object.defineProperty(error, "getResponse", { value: () => statusResponse(status), configurable: true });
  return error;
}
