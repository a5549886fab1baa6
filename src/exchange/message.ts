/** Message: a request as the wire needs it, and a response as it gives it. */

import type { Origin } from "../contract/origin.ts";
import type { ResponseHead } from "../http1/parse/head.ts";
import type { RequestFields } from "../http1/send/request-head.ts";
import type { Wire } from "../http1/wire.ts";
import type { Forwarding } from "../pool/connect/dialer.ts";
import type { Lease, PooledConnection } from "../pool/connection.ts";
import { type RequestBody, requestFraming } from "./request-body.ts";
import type { ResponseBody } from "./response-body.ts";

/** A request as the wire needs it: checked, and complete. */
export interface WireRequest {
  readonly origin: Origin;
  readonly method: string;
  /** Origin form: path and query. */
  readonly target: string;
  readonly fields: RequestFields;
  readonly body: RequestBody | undefined;
  /** Executing it twice does the same as once: by its method, a key, or the caller's word. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal | undefined;
  readonly deadlines: RequestDeadlines;
  /** When the call began that it is part of, if not just now: the total time counts from there. */
  readonly calledAt?: number | undefined;
}

/** Deadlines of one request, in ms. */
export interface RequestDeadlines {
  readonly headersTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** A response whose head has arrived. */
export interface WireResponse {
  readonly head: ResponseHead;
  readonly body: ResponseBody;
  readonly lease: Lease<Wire>;
  readonly resendCount: number;
  /** Trailer fields as text, once the body has ended. */
  trailers: string;
}

/** Where the answer goes. */
export interface Answer {
  resolve(response: WireResponse): void;
  reject(error: unknown): void;
}

/** The head to write for a request. `last`: it is the last one on its connection, whatever its own fields say. */
export function headOf(
  request: WireRequest,
  last: boolean,
  { wire, via }: Pick<PooledConnection<Wire>, "wire" | "via">,
): string {
  if (via?.forwarding !== undefined)
    return headOf(forwarded(request, via.forwarding), last, { wire, via: undefined });
  const { method, target, origin, fields, body } = request;
  const [host, framing, close] = [fields.host ?? origin.host, requestFraming(body), fields.close || last];
  return wire.lastHead.write({ method, target, host, fields, framing, close });
}

/** In absolute form, with what the proxy asks for (RFC 9112 §3.2.2; RFC 9110 §11.7.2). */
function forwarded(request: WireRequest, { authorization }: Forwarding): WireRequest {
  const { origin, fields } = request;
  const target = origin.key + request.target;
  if (authorization === undefined || fields.names.has("proxy-authorization")) return { ...request, target };
  const lines = `proxy-authorization: ${authorization}\r\n${fields.lines}`;
  return { ...request, target, fields: { ...fields, lines } };
}
