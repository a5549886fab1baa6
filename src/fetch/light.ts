/**
 * Light: `pool.request()`, the fast API. No `Response`, no redirects, no decoding: the message as it came,
 * with its parts made only when asked for.
 */

import { refuseUnknown } from "../checks.ts";
import type { Duration } from "../duration.ts";
import type { ConnectionInfo } from "../errors.ts";
import { Exchange } from "../http1/exchange.ts";
import { type Fields, headFields, reasonOf, trailerFields } from "../http1/fields.ts";
import type { Answer, RequestDeadlines, WireRequest, WireResponse } from "../http1/message.ts";
import { checkMethod, NO_FIELDS, type RequestFields, requestFields } from "../http1/request.ts";
import type { RequestBody } from "../http1/upload.ts";
import type { Wire } from "../http1/wire.ts";
import type { Origin } from "../origin.ts";
import { connectionInfo } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { isIdempotent } from "../rules/retry.ts";
import { deadlineMs } from "../settings.ts";
import { type BodySource, type PreparedBody, prepareBody } from "./body.ts";
import { refuseBodyOn, refuseLengthAlone, signalOf } from "./checks.ts";
import { watchDropped } from "./dropped.ts";
import type { Router } from "./route.ts";

/** Header fields as users give them. */
export type HeadersSource =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[]>>;

/** Options of {@linkcode Pool.request}. */
export interface RequestOptions {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: HeadersSource;
  /** A body; a function that makes it allows it to be sent again. Not with GET or HEAD. */
  readonly body?: BodySource | (() => BodySource) | null;
  /** Ends the request; the promise rejects with its reason, untouched. */
  readonly signal?: AbortSignal | null;
  /** The caller's word that executing the request twice does no harm: it may be sent again like a GET. */
  readonly idempotent?: boolean;
  /** Instead of the pool's. */
  readonly headersTimeout?: Duration;
  /** Instead of the pool's. */
  readonly bodyIdleTimeout?: Duration;
  /** Instead of the pool's. */
  readonly requestTimeout?: Duration;
}

const KNOWN_OPTIONS = {
  method: 0,
  headers: 0,
  body: 0,
  signal: 0,
  idempotent: 0,
  headersTimeout: 0,
  bodyIdleTimeout: 0,
  requestTimeout: 0,
} as const satisfies Record<keyof RequestOptions, 0>;

/** What `request()` needs of its pool. */
export interface RequestContext {
  readonly pool: ConnectionPool<Wire>;
  readonly router: Router;
  readonly deadlines: RequestDeadlines;
}

/** Sends one request. Rejects with a {@linkcode HoldfastError}, or with the reason of the signal. */
export function sendLight(
  context: RequestContext,
  url: string | URL,
  options?: RequestOptions,
): Promise<PoolResponse> {
  return new Promise((resolve, reject) => {
    const answer = new LightAnswer(resolve, reject);
    const request = wireRequest(context, url, options);
    if (request instanceof Promise) request.then((ready) => start(context.pool, ready, answer), reject);
    else start(context.pool, request, answer);
  });
}

/** The caller's promise, settled by the exchange itself. */
class LightAnswer implements Answer {
  readonly #resolve: (response: PoolResponse) => void;
  readonly reject: (error: unknown) => void;

  constructor(resolve: (response: PoolResponse) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve;
    this.reject = reject;
  }

  resolve(response: WireResponse): void {
    this.#resolve(new PoolResponse(response));
  }
}

function start(pool: ConnectionPool<Wire>, request: WireRequest, answer: Answer): void {
  if (request.signal?.aborted === true) answer.reject(request.signal.reason);
  else new Exchange(pool, request, answer).start();
}

function wireRequest(
  context: RequestContext,
  url: string | URL,
  options: RequestOptions | undefined,
): WireRequest | Promise<WireRequest> {
  const { origin, target } = context.router.find(url);
  if (options === undefined) return plainGet(origin, target, context.deadlines);
  refuseUnknown(options, KNOWN_OPTIONS, "request option");
  const method = options.method ?? "GET";
  checkMethod(method);
  const fields = options.headers === undefined ? NO_FIELDS : requestFields(headerPairs(options.headers));
  const repeatable = isRepeatable(method, fields, options.idempotent === true);
  const common = {
    method,
    origin,
    target,
    repeatable,
    signal: signalOf(options.signal),
    deadlines: requestDeadlines(options, context.deadlines),
  };
  if (options.body === undefined || options.body === null) {
    refuseLengthAlone(fields);
    return { ...common, fields, body: undefined };
  }
  refuseBodyOn(method);
  const prepared = preparedBody(options.body, fields);
  if (prepared instanceof Promise)
    return prepared.then((ready) => ({ ...common, fields: withType(fields, ready), body: ready.body }));
  return { ...common, fields: withType(fields, prepared), body: prepared.body };
}

/** Each member by its name: spreading a constant costs three times as much on Node 24. */
function plainGet(origin: Origin, target: string, deadlines: RequestDeadlines): WireRequest {
  return {
    origin,
    method: "GET",
    target,
    repeatable: true,
    signal: undefined,
    deadlines,
    fields: NO_FIELDS,
    body: undefined,
  };
}

/** By the method, by an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), or by the caller's word. */
export function isRepeatable(method: string, fields: RequestFields, word: boolean): boolean {
  return (
    word ||
    isIdempotent(method) ||
    fields.names.has("idempotency-key") ||
    fields.names.has("x-idempotency-key")
  );
}

function preparedBody(source: BodySource | (() => BodySource), fields: RequestFields) {
  if (typeof source !== "function") return prepareBody(source, fields.contentLength);
  const prepared = prepareBody(source(), fields.contentLength);
  return prepared instanceof Promise
    ? prepared.then((first) => replayable(first, source))
    : replayable(prepared, source);
}

/** A body made by a function is made anew each time it is sent. */
function replayable(first: PreparedBody, make: () => BodySource): PreparedBody {
  const { body } = first;
  if (body.kind === "bytes") return first;
  let fresh: RequestBody | undefined = body;
  const open = (): ReadableStream<Uint8Array> => {
    const again = fresh ?? prepareBody(make(), body.length);
    fresh = undefined;
    if ("open" in again) return again.open();
    if ("body" in again && again.body.kind === "stream") return again.body.open();
    throw new TypeError("The function that makes the request body must make the same kind each time");
  };
  return { ...first, body: { ...body, replayable: true, open } };
}

/** The fields with the body's own type, where the caller gave none. */
export function withType(fields: RequestFields, prepared: PreparedBody): RequestFields {
  const { body, contentType } = prepared;
  const length = body.kind === "bytes" ? body.bytes.length : body.length;
  if (fields.contentLength !== undefined && length !== undefined && fields.contentLength !== length) {
    throw new TypeError(
      `Header "content-length" is ${fields.contentLength}, but the body has ${length} bytes`,
    );
  }
  if (contentType === undefined || fields.names.has("content-type")) return fields;
  return { ...fields, lines: `${fields.lines}content-type: ${contentType}\r\n` };
}

/** Pairs of names and values, from any of the forms users have. */
export function* headerPairs(source: HeadersSource): Generator<readonly [string, string]> {
  if (Symbol.iterator in source) {
    yield* source as Iterable<readonly [string, string]>;
    return;
  }
  for (const [name, value] of Object.entries(source)) {
    if (Array.isArray(value)) for (const one of value) yield [name, one];
    else yield [name, value as string];
  }
}

function requestDeadlines(options: RequestOptions, defaults: RequestDeadlines): RequestDeadlines {
  const { headersTimeout, bodyIdleTimeout, requestTimeout } = options;
  if (headersTimeout === undefined && bodyIdleTimeout === undefined && requestTimeout === undefined)
    return defaults;
  const pick = (value: Duration | undefined, name: string, otherwise: number) =>
    value === undefined ? otherwise : deadlineMs(value, name);
  return {
    headersTimeoutMs: pick(headersTimeout, "headersTimeout", defaults.headersTimeoutMs),
    bodyIdleTimeoutMs: pick(bodyIdleTimeout, "bodyIdleTimeout", defaults.bodyIdleTimeoutMs),
    requestTimeoutMs: pick(requestTimeout, "requestTimeout", defaults.requestTimeoutMs),
  };
}

/** The answer of `request()`. The body is read once, in one of its forms, or discarded. */
export class PoolResponse {
  readonly status: number;
  readonly #response: WireResponse;
  #headers: Fields | undefined;

  /** Made by the pool. */
  constructor(response: WireResponse) {
    this.status = response.head.status;
    this.#response = response;
    if (!response.body.ended) watchDropped(this, response.body);
  }

  /** The reason phrase; often empty, never meaningful (RFC 9112 §4). */
  get statusText(): string {
    return reasonOf(this.#response.head.text);
  }

  /** Header fields, decoded when first asked for. */
  get headers(): Fields {
    this.#headers ??= headFields(this.#response.head.text);
    return this.#headers;
  }

  /** Trailer fields; complete once the body has been read. */
  get trailers(): [name: string, value: string][] {
    return trailerFields(this.#response.trailers);
  }

  /** The connection it came on. */
  get connection(): ConnectionInfo {
    return connectionInfo(this.#response.lease);
  }

  /** Times the request was sent again before this answer (OpenTelemetry: `http.request.resend_count`). */
  get resendCount(): number {
    return this.#response.resendCount;
  }

  /** The body as it arrives, with backpressure, its content coding untouched. */
  get body(): ReadableStream<Uint8Array> {
    return this.#response.body.stream();
  }

  /** The whole body. */
  bytes(): Promise<Uint8Array> {
    return this.#response.body.bytes();
  }

  /** The whole body as UTF-8 text, without a byte order mark. */
  text(): Promise<string> {
    return this.#response.body.text();
  }

  /** The whole body, parsed as JSON. */
  json(): Promise<unknown> {
    return this.text().then(JSON.parse);
  }

  /**
   * Says that nobody wants the rest. The connection is kept if up to 64 KiB are left and come within a second, or
   * within 100 ms where their number is not known; else it is closed, and at once if another request needs the room.
   */
  discard(): void {
    this.#response.body.discard();
  }
}
