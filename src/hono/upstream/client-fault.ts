/**
 * Client fault: what of a client's request cannot be passed on, and the status that says so (RFC 9110 §15.5, §15.6.2).
 * Asked when `fetch` has refused a request, so one that can be sent costs nothing.
 */

import { requestFields } from "../../http1/send/request-head.ts";
import { withoutHopByHop } from "./hop-by-hop.ts";

/** Statuses of a request that is to blame itself. */
export type ClientStatus = 400 | 417 | 501;

/** The client's request cannot be passed on. */
export class ClientFault extends Error {
  override readonly name = "ClientFault";
  readonly status: ClientStatus;

  constructor(status: ClientStatus, why: string, cause?: unknown) {
    super(`The client's request cannot be passed on: ${why}`, { cause });
    this.status = status;
  }
}

/** Methods that no `fetch` sends (Fetch standard, "forbidden method"): a gateway does not implement them. */
const UNSENDABLE: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Whether a request has a method that cannot be passed on. */
export function unsendableMethod({ method }: Request): ClientFault | undefined {
  const upper = method.toUpperCase();
  return UNSENDABLE.has(upper) ? new ClientFault(501, `its method is ${upper}`) : undefined;
}

/**
 * The client's part in an error: `error` itself, unless the client's own fields are what may not be sent. An error that
 * is a failure of the upstream's, or a mistake of the application's, stays what it is.
 */
export function blameClient(error: unknown, inbound: Request): unknown {
  if (!(error instanceof TypeError) || error.cause !== undefined) return error;
  return unsendableMethod(inbound) ?? fieldFault(inbound, error) ?? error;
}

/**
 * Servers show no body of a `GET`, so one that came in chunks would be lost without a word, and its length alone is
 * refused by `fetch`.
 *
 * @throws {ClientFault}
 */
export function refuseLostBody({ method, headers }: Request): void {
  if (isBodiless(method) && headers.has("transfer-encoding")) throw new ClientFault(400, withBody(method));
}

function isBodiless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function withBody(method: string): string {
  return `it is a ${method} with a body`;
}

function fieldFault(inbound: Request, cause: unknown): ClientFault | undefined {
  const { headers, method } = inbound;
  const expect = headers.get("expect");
  if (expect !== null && expect.toLowerCase() !== "100-continue")
    return new ClientFault(417, "it expects what is not known", cause);
  if (isBodiless(method) && announcesBody(headers)) return new ClientFault(400, withBody(method), cause);
  try {
    requestFields(withoutHopByHop(headers));
    return undefined;
  } catch (flaw) {
    return new ClientFault(400, flaw instanceof Error ? flaw.message : "its fields are malformed", flaw);
  }
}

function announcesBody(headers: Headers): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) !== 0;
}
