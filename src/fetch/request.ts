/**
 * Light: `pool.request()`, the fast API. No `Response`, no redirects, no decoding: the message as it came,
 * with its parts made only when asked for.
 */

import type { Clock } from "../contract/clock.ts";
import type { Duration } from "../contract/duration.ts";
import type { ConnectionInfo } from "../contract/errors.ts";
import type { Origin } from "../contract/origin.ts";
import { Exchange } from "../exchange/exchange.ts";
import type { Answer, RequestDeadlines, WireRequest, WireResponse } from "../exchange/message.ts";
import { discardBody } from "../exchange/request-body.ts";
import type { ResponseBody } from "../exchange/response-body.ts";
import { type Fields, headFields, reasonOf, trailerFields } from "../http1/parse/fields.ts";
import { checkMethod, NO_FIELDS, type RequestFields, requestFields } from "../http1/send/request-head.ts";
import type { Wire } from "../http1/wire.ts";
import { refuseUnknown } from "../options/checks.ts";
import { deadlineMs } from "../options/resolve.ts";
import { connectionInfo } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { isIdempotent } from "../rules/retry.ts";
import { madeBody } from "./body-function.ts";
import { type BodySource, type BodyTerms, type PreparedBody, prepareBody } from "./body-init.ts";
import { refuseBodyOn, refuseLengthAlone, signalOf } from "./call-checks.ts";
import { type CallerContext, inCallersContext } from "./callers-context.ts";
import { unsentBodyError } from "./fetch-error.ts";
import type { TargetReader } from "./request-target.ts";
import { watchUnclaimed } from "./unclaimed.ts";

/** Header fields as users give them. */
export type HeadersSource =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[]>>;

/** Options of {@linkcode Pool.request}. */
export interface RequestOptions {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: HeadersSource;
  /**
   * A body, or a function that makes it, which allows it to be sent again. Not with GET or HEAD.
   *
   * Bytes are not copied (`fetch` does that): they must not be changed, transferred or resized until the promise is
   * settled. A stream is the pool's from the call on: it is cancelled where the request ends before it was read to its
   * end, in the queue as well. Functions and streams run in the caller's async context (`AsyncLocalStorage`). Whatever
   * goes wrong in one of them, or does not fit the length it announced, is an `ERR_REQUEST_BODY`, and nothing is sent again.
   */
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

/** What a request is read with, before there is a transport. */
export interface RequestTerms {
  readonly router: TargetReader;
  readonly clock: Pick<Clock, "now">;
  readonly deadlines: RequestDeadlines;
}

/** What `request()` needs of its pool. */
export interface RequestContext extends RequestTerms, CallerContext {
  readonly pool: ConnectionPool<Wire>;
}

/** Sends one request. Rejects with a {@linkcode HoldfastError}, or with the reason of the signal. */
export function sendRequest(
  context: RequestContext,
  url: string | URL,
  options?: RequestOptions,
): Promise<PoolResponse> {
  return new Promise((resolve, reject) => {
    const answer = new LightAnswer(resolve, reject);
    start(context, readRequest(context, url, options), answer);
  });
}

/** The same before the transport is there: the arguments are read now, as they are. */
export function sendRequestLater(
  terms: RequestTerms,
  load: () => Promise<RequestContext>,
  url: string | URL,
  options?: RequestOptions,
): Promise<PoolResponse> {
  return new Promise((resolve, reject) => {
    const request = { ...readRequest(terms, url, options), calledAt: terms.clock.now() };
    load()
      .then((context) => start(context, request, new LightAnswer(resolve, reject)))
      .catch(reject);
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

function start(context: RequestContext, request: WireRequest, answer: Answer): void {
  const { signal, body } = request;
  if (signal?.aborted === true) {
    discardBody(body, signal.reason);
    return answer.reject(signal.reason);
  }
  const bound =
    body?.kind === "stream" && body.foreign ? { ...request, body: inCallersContext(body, context) } : request;
  new Exchange(context.pool, bound, answer).start();
}

/** @throws {TypeError | RangeError} naming what is wrong. @throws {HoldfastError} that the body's function brought about. */
function readRequest(terms: RequestTerms, url: string | URL, options?: RequestOptions): WireRequest {
  const { origin, target } = terms.router.find(url);
  if (options === undefined) return plainGet(origin, target, terms.deadlines);
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
    deadlines: requestDeadlines(options, terms.deadlines),
  };
  const { body: source } = options;
  if (source === undefined || source === null) {
    refuseLengthAlone(fields);
    return { ...common, fields, body: undefined };
  }
  refuseBodyOn(method);
  const unsent = (cause: unknown) => unsentBodyError(origin.key, method, cause);
  const bodyTerms: BodyTerms = { length: fields.contentLength, copy: false, unsent };
  const prepared =
    typeof source === "function" ? madeBody(source, bodyTerms) : prepareBody(source, bodyTerms);
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
    calledAt: undefined,
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

/** The fields with the body's own type, where the caller gave none. */
export function withType(fields: RequestFields, prepared: PreparedBody): RequestFields {
  const { body, contentType } = prepared;
  const { length } = body;
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
  #stream: ReadableStream<Uint8Array> | undefined;

  /** Made by the pool. */
  constructor(response: WireResponse) {
    this.status = response.head.status;
    this.#response = response;
    if (!response.body.ended) watchUnclaimed(this, response.body);
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

  /** The body as it arrives, with backpressure, its content coding untouched. The same stream each time. */
  get body(): ReadableStream<Uint8Array> {
    this.#stream ??= watchedStream(this.#response.body);
    return this.#stream;
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

/** A stream that may be kept though the response is not. */
function watchedStream(body: ResponseBody): ReadableStream<Uint8Array> {
  const stream = body.stream();
  if (!body.ended) watchUnclaimed(stream, body);
  return stream;
}
