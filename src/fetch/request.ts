/**
 * Request: `pool.request()`, the fast API: one message as it comes, without redirects and decoding. A response is given
 * as a {@linkcode PoolResponse}, whose parts are made on first access.
 */

import type { Origin } from "../contract/origin.ts";
import { unsentReason } from "../contract/user-functions.ts";
import { Exchange } from "../exchange/exchange.ts";
import type {
  InterimListener,
  RequestDeadlines,
  ResponseCallbacks,
  WireRequest,
  WireResponse,
} from "../exchange/message.ts";
import { discardBody } from "../exchange/request-body.ts";
import { checkMethod, NO_FIELDS, requestFields } from "../http1/send/request-head.ts";
import { refuseUnknown } from "../options/checks.ts";
import {
  type HeadersSource,
  headerPairs,
  isRepeatable,
  refuseBodyOn,
  refuseLengthAlone,
  signalOf,
  withContentType,
} from "./arguments.ts";
import { type CallContext, inCallersContext, type ReadContext, usualFor } from "./call-context.ts";
import {
  CALL_OPTIONS,
  type CallOptions,
  callDeadlines,
  callDoubt,
  callOrigin,
  checkWishes,
  type HoldsCallOptions,
  withHeld,
} from "./call-options.ts";
import { requestBodyError } from "./fetch-errors.ts";
import { PoolResponse } from "./pool-response.ts";
import { type BodyOptions, type BodySource, prepareBody, prepareProducedBody } from "./prepare-body.ts";
import { type TrailersSource, withTrailers } from "./request-trailers.ts";

/** Options of {@linkcode Pool.request}. */
export interface RequestOptions extends CallOptions, HoldsCallOptions {
  /** Sent as it is: methods are case-sensitive (RFC 9110 §9.1). @default "GET" */
  readonly method?: string;
  /**
   * Sent as they are: the same name twice is two lines. Only `Host`, the framing and the `Content-Type` of the body are
   * added. Stricter than `fetch`: a value must be a string or a number without line ends, and fields that concern one hop
   * (`Connection` but for `close` and `keep-alive`, `Keep-Alive`, `TE` but for `trailers`, `Trailer`, `Transfer-Encoding`,
   * `Upgrade`) are a `TypeError` rather than dropped. @default none
   */
  readonly headers?: HeadersSource;
  /**
   * A body, or a function that produces one. With a function the request can be sent again, by calling the function
   * again. Not allowed with GET or HEAD. @default none
   *
   * Bytes are not copied (`fetch` does that): they must not be changed, transferred or resized until the promise is
   * settled. A stream belongs to the pool from the call on, and is cancelled where the request ends before the stream was
   * read to its end, in the queue as well. Functions and streams run in the caller's async context (`AsyncLocalStorage`).
   * An error of one of these, or a body that does not fit its announced length, ends the request with
   * `ERR_REQUEST_BODY`; the request is not sent again then.
   */
  readonly body?: BodySource | (() => BodySource) | null;
  /**
   * Fields that are sent behind the body, or a function that gives them when all of the body has been handed over: a
   * checksum, a signature. The body is then sent without a length. Requires a body. Over HTTP/1.1 many servers ignore them.
   *
   * @default none
   */
  readonly trailers?: TrailersSource;
  /** Ends the request when it is aborted; the promise rejects with its reason, untouched. @default none */
  readonly signal?: AbortSignal | null;
}

const KNOWN_OPTIONS = {
  method: 0,
  headers: 0,
  body: 0,
  trailers: 0,
  signal: 0,
  holdfast: 0,
  ...CALL_OPTIONS,
} as const satisfies Record<keyof RequestOptions, 0>;

/** The key of what `forward()` gives beside the options: who is told of interim responses. */
export const INTERIM: unique symbol = Symbol.for("@holdfast/pool interim");

/** Options as `forward()` gives them. Other pools do not know the key, and pass no interim response on. */
export interface ForwardedOptions extends RequestOptions {
  readonly [INTERIM]?: InterimListener | undefined;
}

/** Sends one request. Rejects with a {@linkcode HoldfastError}, or with the reason of the signal. */
export function sendRequest(
  context: CallContext,
  url: string | URL,
  options?: RequestOptions,
): Promise<PoolResponse> {
  return new Promise((resolve, reject) => {
    const call = new RequestCall(resolve, reject);
    start(context, readRequest(context, url, options), call);
  });
}

/** The same before the transport is loaded. The arguments are read in the call. */
export function sendRequestLater(
  context: ReadContext,
  load: () => Promise<CallContext>,
  url: string | URL,
  options?: RequestOptions,
): Promise<PoolResponse> {
  return new Promise((resolve, reject) => {
    const request = { ...readRequest(context, url, options), calledAt: context.clock.now() };
    load()
      .then((loaded) => start(loaded, request, new RequestCall(resolve, reject)))
      .catch(reject);
  });
}

/** One call of `request`: the exchange settles its promise directly. */
class RequestCall implements ResponseCallbacks {
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

function start(context: CallContext, request: WireRequest, call: RequestCall): void {
  const { signal, body } = request;
  if (signal?.aborted === true) {
    const reason = unsentReason(signal.reason);
    discardBody(body, reason);
    return call.reject(reason);
  }
  const bound = body === undefined ? undefined : inCallersContext(body, context);
  new Exchange(context.pool, bound === body ? request : { ...request, body: bound }, call).start();
}

/** @throws {TypeError | RangeError} naming what is wrong. @throws {HoldfastError} for an error of the body's function. */
function readRequest(context: ReadContext, url: string | URL, given?: RequestOptions): WireRequest {
  const { origin, target } = context.urls.read(url);
  if (given === undefined) return getRequest(origin, target, usualFor(context, origin));
  refuseUnknown(given, KNOWN_OPTIONS, "request option");
  checkWishes(given);
  const options = given.holdfast === undefined ? given : withHeld(given);
  const method = options.method ?? "GET";
  checkMethod(method);
  const fields = options.headers === undefined ? NO_FIELDS : requestFields(headerPairs(options.headers));
  const repeatable = isRepeatable(method, fields, options.idempotent === true);
  const usual = usualFor(context, origin);
  const deadlines = callDeadlines(options, usual);
  // Each member is named, as below: a spread costs more than all of this.
  const request: WireRequest = {
    origin: callOrigin(origin, options, usual.http2),
    method,
    target,
    repeatable,
    signal: signalOf(options.signal),
    deadlines,
    fields,
    body: undefined,
    calledAt: undefined,
    idempotent: options.idempotent,
    doubt: callDoubt(options, deadlines),
    alone: options.reuse === false,
    tag: options.tag,
    interim: (options as ForwardedOptions)[INTERIM],
  };
  if (options.body !== undefined && options.body !== null) return withBody(request, options, options.body);
  refuseLengthAlone(fields);
  if (options.trailers !== undefined) throw new TypeError("trailers need a body that they are sent behind");
  return request;
}

/** The request with its body. @throws as {@linkcode readRequest}. */
function withBody(
  request: WireRequest,
  options: RequestOptions,
  source: NonNullable<RequestOptions["body"]>,
): WireRequest {
  const { method, origin, fields } = request;
  refuseBodyOn(method);
  const toError = (cause: unknown) => requestBodyError(origin.key, method, cause);
  const bodyOptions: BodyOptions = { length: fields.contentLength, copy: false, toError };
  const prepared =
    typeof source === "function"
      ? prepareProducedBody(source, bodyOptions)
      : prepareBody(source, bodyOptions);
  if (options.doubt !== undefined && options.doubt !== false && prepared.body.kind !== "bytes") {
    throw new TypeError(
      "doubt requires a body in memory: a stream or FormData cannot be sent a second time at once",
    );
  }
  const checked = withContentType(fields, prepared);
  const { trailers } = options;
  if (trailers === undefined) return { ...request, fields: checked, body: prepared.body };
  return { ...request, ...withTrailers(checked, prepared.body, trailers) };
}

/** Fast path: a call without options. Each member is named: spreading a constant costs three times as much on Node 24. */
function getRequest(origin: Origin, target: string, deadlines: RequestDeadlines): WireRequest {
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
