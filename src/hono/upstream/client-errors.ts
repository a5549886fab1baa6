/**
 * Errors for requests of a client that cannot be passed on, with the status for each (RFC 9110 §15.5, §15.6.2). Fields
 * are checked only after `fetch` has refused a request, so a valid request costs nothing.
 */

import { requestFields } from "../../http1/send/request-head.ts";
import { withoutHopByHop } from "./hop-by-hop.ts";

/** Statuses for a request that cannot be passed on. */
export type ClientErrorStatus = 400 | 417 | 501 | 508;

/** The client's request cannot be passed on. */
export class ClientRequestError extends Error {
  override readonly name = "ClientRequestError";
  readonly status: ClientErrorStatus;

  constructor(status: ClientErrorStatus, reason: string, cause?: unknown) {
    super(`The client's request cannot be passed on: ${reason}`, { cause });
    this.status = status;
  }
}

/** Methods that no `fetch` sends (Fetch standard, "forbidden method"), so a gateway does not implement them. */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The error for a method that cannot be passed on; `undefined` if it can. */
export function methodError({ method }: Request): ClientRequestError | undefined {
  if (method === "GET" || method === "POST") return undefined;
  const upper = method.toUpperCase();
  return FORBIDDEN_METHODS.has(upper)
    ? new ClientRequestError(501, `the method ${upper} is not supported`)
    : undefined;
}

/**
 * Decides whether `error` is the client's fault. If the client's method or fields caused it, returns an error that says
 * so. A failure of the upstream and a mistake of the application are returned unchanged.
 */
export function clientErrorFor(error: unknown, inbound: Request): unknown {
  if (!(error instanceof TypeError) || error.cause !== undefined) return error;
  return methodError(inbound) ?? fieldError(inbound, error) ?? error;
}

/**
 * Refuses a `GET` or `HEAD` with a chunked body. Servers do not show the body of such a request, so it would be lost
 * silently. (If it has a `Content-Length` instead, `fetch` itself refuses it.)
 *
 * @throws {ClientRequestError}
 */
export function refuseUnseenBody({ method, headers }: Request): void {
  if (isBodiless(method) && headers.has("transfer-encoding"))
    throw new ClientRequestError(400, unexpectedBody(method));
}

function isBodiless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function unexpectedBody(method: string): string {
  return `it is a ${method} with a body`;
}

function fieldError(inbound: Request, cause: unknown): ClientRequestError | undefined {
  const { headers, method } = inbound;
  const expect = headers.get("expect");
  if (expect !== null && expect.toLowerCase() !== "100-continue")
    return new ClientRequestError(417, "its Expect is not supported", cause);
  if (isBodiless(method) && announcesBody(headers))
    return new ClientRequestError(400, unexpectedBody(method), cause);
  try {
    requestFields(withoutHopByHop(headers));
    return undefined;
  } catch (flaw) {
    return new ClientRequestError(
      400,
      flaw instanceof Error ? flaw.message : "its fields are malformed",
      flaw,
    );
  }
}

function announcesBody(headers: Headers): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) !== 0;
}
