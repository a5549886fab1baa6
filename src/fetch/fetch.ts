/** Fetch: `pool.fetch()`, the standard's `fetch` over a pool. */

import type { HoldfastError } from "../contract/errors.ts";
import { unwatchSignal, watchSignal } from "../exchange/abort.ts";
import { Exchange } from "../exchange/exchange.ts";
import { timeoutError } from "../exchange/exchange-errors.ts";
import type { ResponseCallbacks, WireRequest, WireResponse } from "../exchange/message.ts";
import { discardBody } from "../exchange/request-body.ts";
import { headFields } from "../http1/parse/fields.ts";
import { requestFields } from "../http1/send/request-head.ts";
import { isRepeatable, withContentType } from "./arguments.ts";
import { type CallContext, inCallersContext, type ReadContext } from "./call-context.ts";
import { acceptEncoding, type FindDecoder } from "./decode.ts";
import { fetchError } from "./fetch-errors.ts";
import {
  bareGet,
  type DefaultHeaders,
  type FetchInit,
  type FetchInput,
  type FetchRequest,
  fetchRequest,
  type HeaderList,
  withDefaultHeaders,
} from "./fetch-request.ts";
import { LengthProbe } from "./length-probe.ts";
import { fetchResponse, type HeaderMemo } from "./make-response.ts";
import type { PreparedBody } from "./prepare-body.ts";
import { isRedirect, redirectError, redirectedRequest } from "./redirect.ts";

/** What `fetch` needs of its pool. */
export interface FetchContext extends CallContext {
  readonly findDecoder: FindDecoder;
  readonly defaults: DefaultHeaders;
  /** Whether servers of this runtime send a `Response` by its members: then it is made when it is looked at. */
  readonly lazy: boolean;
  readonly memo: HeaderMemo | undefined;
}

/** Headers sent where the caller sets none of that name. */
export function defaultHeaders(userAgent: string, findDecoder: FindDecoder): DefaultHeaders {
  const coding = acceptEncoding(findDecoder);
  const headers: [string, string][] = [
    ["accept", "*/*"],
    ["user-agent", userAgent],
  ];
  if (coding !== "") headers.push(["accept-encoding", coding]);
  return { headers, fields: requestFields(headers) };
}

/**
 * The standard's `fetch`. Rejects with a `TypeError` whose `cause` is a {@linkcode HoldfastError}, or with the
 * reason of the signal, untouched.
 */
export function poolFetch(context: FetchContext, input: FetchInput, init?: FetchInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { defaults } = context;
    if (init === undefined && typeof input === "string") {
      const request = bareGet(context.urls.read(input), defaults);
      return new FetchCall(context, request, resolve, reject).send();
    }
    const request = readArguments(input, init, defaults.headers, context);
    new FetchCall(context, inContextOf(request, context), resolve, reject).send();
  });
}

/** The same before the transport is there: the arguments are read now, and a `Request`'s body is taken at once. */
export function poolFetchLater(
  context: ReadContext,
  load: () => Promise<FetchContext>,
  input: FetchInput,
  init?: FetchInit,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = readArguments(input, init, [], context);
    const calledAt = context.clock.now();
    const begin = (loaded: FetchContext): void => {
      const complete = withDefaultHeaders(request, loaded.defaults.headers);
      new FetchCall(loaded, inContextOf(complete, loaded), resolve, reject, calledAt).send();
    };
    load().then(begin).catch(reject);
  });
}

/** What a body's own functions throw is the body's error, as it would be later. */
function readArguments(
  input: FetchInput,
  init: FetchInit | undefined,
  defaults: HeaderList,
  context: ReadContext,
): FetchRequest {
  try {
    return fetchRequest(input, init ?? {}, defaults, context);
  } catch (error) {
    throw fetchError(error, undefined);
  }
}

function inContextOf(request: FetchRequest, context: CallContext): FetchRequest {
  const { body } = request;
  if (body === undefined || body instanceof LengthProbe) return request;
  const bound = bodyInContext(body, context);
  return bound === body ? request : { ...request, body: bound };
}

function bodyInContext(prepared: PreparedBody, context: CallContext): PreparedBody {
  const { body } = prepared;
  if (body.kind === "bytes" || !body.foreign) return prepared;
  return { ...prepared, body: inCallersContext(body, context) };
}

/** One call of `fetch`, over its redirects. */
class FetchCall implements ResponseCallbacks {
  readonly #context: FetchContext;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  /** When it began, where the total time is limited: the limit is for the chain, and for what came before it. */
  readonly #calledAt: number | undefined;
  #request: FetchRequest;
  #redirects = 0;

  constructor(
    context: FetchContext,
    request: FetchRequest,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
    calledAt?: number,
  ) {
    const limited = context.deadlines.requestTimeoutMs !== Infinity;
    this.#calledAt = limited ? (calledAt ?? context.pool.now()) : undefined;
    this.#context = context;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  send(): void {
    const { body } = this.#request;
    if (body instanceof LengthProbe) this.#probed(body);
    else this.#start(body);
  }

  /** It takes some turns of the event loop, so the signal is heard meanwhile. */
  #probed(body: LengthProbe): void {
    const { signal } = this.#request;
    const target = {
      abort: (reason: unknown): void => {
        body.cancel(reason);
        this.#reject(reason);
      },
    };
    if (signal?.aborted === true) target.abort(signal.reason);
    else if (signal !== undefined) watchSignal(signal, target);
    const ready = (): void => {
      if (signal !== undefined) unwatchSignal(signal, target);
    };
    // In the context of the call: that is where a promise is answered.
    body.body.finally(ready).then(
      (prepared) => this.#start(bodyInContext(prepared, this.#context)),
      (error) => this.reject(error),
    );
  }

  #start(prepared: PreparedBody | undefined): void {
    // What was looked at is bytes or a stream now, and a redirect may have to send it again.
    if (prepared !== this.#request.body) this.#request = { ...this.#request, body: prepared };
    const { signal, url, method, fields } = this.#request;
    const late = this.#calledAt === undefined ? undefined : this.#lateness(this.#calledAt);
    if (signal?.aborted === true || late !== undefined) {
      const error = signal?.aborted === true ? signal.reason : fetchError(late, undefined);
      discardBody(prepared?.body, error);
      return this.#reject(error);
    }
    try {
      const request: WireRequest = {
        origin: url.origin,
        method,
        target: url.target,
        repeatable: isRepeatable(method, fields, false),
        signal,
        deadlines: this.#context.deadlines,
        fields: prepared === undefined ? fields : withContentType(fields, prepared),
        body: prepared?.body,
        calledAt: this.#calledAt,
      };
      new Exchange(this.#context.pool, request, this).start();
    } catch (error) {
      this.#reject(error);
    }
  }

  /** What ends the call if its time is over before the next request of it. */
  #lateness(calledAt: number): HoldfastError | undefined {
    const { url, method, fields } = this.#request;
    const limitMs = this.#context.deadlines.requestTimeoutMs;
    const elapsedMs = this.#context.pool.now() - calledAt;
    if (elapsedMs < limitMs) return undefined;
    const repeatable = isRepeatable(method, fields, false);
    const at = {
      origin: url.origin.key,
      method,
      phase: "queue",
      sent: "none",
      repeatable,
      lease: undefined,
    } as const;
    return timeoutError(at, { which: "total", elapsedMs, limitMs });
  }

  // ResponseCallbacks

  resolve(wire: WireResponse): void {
    const { status, text } = wire.head;
    const { redirect, method } = this.#request;
    if (isRedirect(status) && redirect !== "manual") {
      const location = headFields(text).get("location");
      if (location !== null) return this.#follow(wire, status, location);
    }
    const { url, signal } = this.#request;
    const { findDecoder, lazy, memo } = this.#context;
    const redirected = this.#redirects > 0;
    try {
      this.#resolve(
        fetchResponse(wire, { url: url.href, redirected, method, findDecoder, signal, lazy, memo }),
      );
    } catch (error) {
      wire.body.discard();
      this.#reject(error);
    }
  }

  reject(error: unknown): void {
    this.#reject(fetchError(error, this.#request.signal));
  }

  #follow(wire: WireResponse, status: number, location: string): void {
    wire.body.discard();
    this.#redirects += 1;
    try {
      if (this.#request.redirect === "error") throw redirectError(this.#request, 'redirect is "error"');
      const next = redirectedRequest(this.#request, status, location, this.#redirects);
      refuseSpent(next);
      this.#request = next;
    } catch (error) {
      return this.reject(error);
    }
    this.send();
  }
}

/** A stream that was sent once cannot be sent to the redirect's target. */
function refuseSpent(request: FetchRequest): void {
  const { body } = request;
  if (
    body !== undefined &&
    !(body instanceof LengthProbe) &&
    body.body.kind === "stream" &&
    !body.body.replayable
  ) {
    throw redirectError(request, "its body is a stream, which cannot be sent again");
  }
}
