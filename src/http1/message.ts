/** Message: a request as the wire needs it, and a response as it gives it. */

import type { Origin } from "../origin.ts";
import type { Lease } from "../pool/connection.ts";
import type { ResponseBody } from "./body.ts";
import type { ResponseHead } from "./head.ts";
import { type RequestFields, writeHead } from "./request.ts";
import { type RequestBody, requestFraming } from "./upload.ts";
import type { Wire } from "./wire.ts";

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
  trailers(): string;
}

/** Where the answer goes. */
export interface Answer {
  resolve(response: WireResponse): void;
  reject(error: unknown): void;
}

/** The head to write for a request. `last`: it is the last one on its connection, whatever its own fields say. */
export function headOf(request: WireRequest, last: boolean): string {
  const { method, target, origin, fields, body } = request;
  const [host, framing, close] = [fields.host ?? origin.host, requestFraming(body), fields.close || last];
  return writeHead({ method, target, host, fields, framing, close });
}
