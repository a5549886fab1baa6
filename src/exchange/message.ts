/** Message: a request that is checked and complete, and a response whose head has arrived. */

import type { RequestMessage, ResponseHead, Wire } from "../contract/wire.ts";
import type { Lease, PooledConnection } from "../pool/connection.ts";
import type { DoubtSetting } from "../rules/doubt.ts";
import type { RequestBody } from "./request-body.ts";
import type { ResponseBody } from "./response-body.ts";

/** A request, and how it is to be sent. */
export interface WireRequest extends RequestMessage {
  /** A short one is replaced by its bytes when these were read: see `whole-body.ts`. */
  body: RequestBody | undefined;
  /** Executing it twice does the same as once: by its method, a key, or the caller's word. */
  readonly repeatable: boolean;
  /** The caller's word that executing it twice does no harm. */
  readonly idempotent?: boolean | undefined;
  /** Replaces the pool's setting. */
  readonly doubt?: DoubtSetting | false | undefined;
  readonly signal: AbortSignal | undefined;
  readonly deadlines: RequestDeadlines;
  /** It gets a new connection, which carries no other request. */
  readonly alone?: boolean | undefined;
  /** Is told of the interim responses but 100. */
  readonly interim?: InterimListener | undefined;
  /** Whatever the caller wants to be told in the events of the request. */
  readonly tag?: unknown;
  /** When the call began that the request is part of, if that was earlier. The total time counts from there. */
  readonly calledAt?: number | undefined;
}

/** Is told of a 1xx before the final response, for each attempt that gets one. It must not throw. */
export interface InterimListener {
  interim(head: ResponseHead): void;
}

/** Deadlines of one request, in ms. */
export interface RequestDeadlines {
  readonly acquireTimeoutMs: number;
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

/** The two ends of the caller's promise. */
export interface ResponseCallbacks {
  /** Bodies of up to so many bytes that arrive whole are copied within `resolve`, so that they can be lent. @default 0 */
  readonly copiedBytes?: number | undefined;
  /** Called before `resolve` by a request that asks for another protocol: takes the socket, and what came behind the head. */
  switched?(connection: PooledConnection<Wire>, early: Uint8Array): void;
  resolve(response: WireResponse): void;
  reject(error: unknown): void;
}

/** Whether the caller says that executing the request twice equals executing it once. */
export function isKeyed({ idempotent, fields }: WireRequest): boolean {
  return idempotent === true || fields.names.has("idempotency-key");
}
