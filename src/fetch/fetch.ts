/** Fetch: `pool.fetch()`, the standard's `fetch` over a pool. */

import type { HoldfastError } from "../contract/errors.ts";
import { unwatchSignal, watchSignal } from "../exchange/abort.ts";
import { Exchange } from "../exchange/exchange.ts";
import { timeoutError } from "../exchange/exchange-errors.ts";
import type { Answer, RequestDeadlines, WireRequest, WireResponse } from "../exchange/message.ts";
import { discardBody } from "../exchange/request-body.ts";
import { headFields } from "../http1/parse/fields.ts";
import { requestFields } from "../http1/send/request-head.ts";
import type { Wire } from "../http1/wire.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { PreparedBody } from "./body-init.ts";
import { type CallerContext, inCallersContext } from "./callers-context.ts";
import { acceptEncoding, type FindDecoder } from "./decode.ts";
import { fetchError } from "./fetch-error.ts";
import type { HeaderMemo } from "./header-memo.ts";
import { LookAhead } from "./look-ahead.ts";
import { fetchResponse } from "./make-response.ts";
import {
  completed,
  type FetchInit,
  type FetchInput,
  type FetchRequest,
  type FetchTerms,
  type HeaderDefaults,
  normalizeRequest,
  type PlainHeaders,
  plainGet,
} from "./normalize.ts";
import { isRedirect, redirectError, redirected as redirectedRequest } from "./redirect.ts";
import { isRepeatable, withType } from "./request.ts";

/** What `fetch` needs of its pool. */
export interface FetchContext extends FetchTerms, CallerContext {
  readonly pool: ConnectionPool<Wire>;
  readonly deadlines: RequestDeadlines;
  readonly findDecoder: FindDecoder;
  readonly defaults: PlainHeaders;
  /** Whether servers of this runtime send a `Response` by its members: then it is made when it is looked at. */
  readonly lazy: boolean;
  readonly memo: HeaderMemo | undefined;
}

/** Headers sent where the caller sets none of that name. */
export function defaultHeaders(userAgent: string, findDecoder: FindDecoder): PlainHeaders {
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
      const request = plainGet(context.router.find(input), defaults);
      return new FetchCall(context, request, resolve, reject).send();
    }
    const request = readArguments(input, init, defaults.headers, context);
    new FetchCall(context, inContextOf(request, context), resolve, reject).send();
  });
}

/** The same before the transport is there: the arguments are read now, and a `Request`'s body is taken at once. */
export function poolFetchLater(
  terms: FetchTerms,
  load: () => Promise<FetchContext>,
  input: FetchInput,
  init?: FetchInit,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = readArguments(input, init, [], terms);
    const calledAt = terms.clock.now();
    const begin = (context: FetchContext): void => {
      const complete = completed(request, context.defaults.headers);
      new FetchCall(context, inContextOf(complete, context), resolve, reject, calledAt).send();
    };
    load().then(begin).catch(reject);
  });
}

/** What a body's own functions throw is the body's error, as it would be later. */
function readArguments(
  input: FetchInput,
  init: FetchInit | undefined,
  defaults: HeaderDefaults,
  terms: FetchTerms,
): FetchRequest {
  try {
    return normalizeRequest(input, init ?? {}, defaults, terms);
  } catch (error) {
    throw fetchError(error, undefined);
  }
}

function inContextOf(request: FetchRequest, context: CallerContext): FetchRequest {
  const { body } = request;
  if (body === undefined || body instanceof LookAhead) return request;
  const bound = bodyInContext(body, context);
  return bound === body ? request : { ...request, body: bound };
}

function bodyInContext(prepared: PreparedBody, context: CallerContext): PreparedBody {
  const { body } = prepared;
  if (body.kind === "bytes" || !body.foreign) return prepared;
  return { ...prepared, body: inCallersContext(body, context) };
}

/** One call of `fetch`, over its redirects. */
class FetchCall implements Answer {
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
    if (body instanceof LookAhead) this.#look(body);
    else this.#start(body);
  }

  /** It takes some turns of the event loop, so the signal is heard meanwhile. */
  #look(body: LookAhead): void {
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
    body.ready.finally(ready).then(
      (prepared) => this.#start(bodyInContext(prepared, this.#context)),
      (error) => this.reject(error),
    );
  }

  #start(prepared: PreparedBody | undefined): void {
    // What was looked at is bytes or a stream now, and a redirect may have to send it again.
    if (prepared !== this.#request.body) this.#request = { ...this.#request, body: prepared };
    const { signal, route, method, fields } = this.#request;
    const late = this.#calledAt === undefined ? undefined : this.#lateness(this.#calledAt);
    if (signal?.aborted === true || late !== undefined) {
      const error = signal?.aborted === true ? signal.reason : fetchError(late, undefined);
      discardBody(prepared?.body, error);
      return this.#reject(error);
    }
    try {
      const request: WireRequest = {
        origin: route.origin,
        method,
        target: route.target,
        repeatable: isRepeatable(method, fields, false),
        signal,
        deadlines: this.#context.deadlines,
        fields: prepared === undefined ? fields : withType(fields, prepared),
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
    const { route, method, fields } = this.#request;
    const limitMs = this.#context.deadlines.requestTimeoutMs;
    const elapsedMs = this.#context.pool.now() - calledAt;
    if (elapsedMs < limitMs) return undefined;
    const repeatable = isRepeatable(method, fields, false);
    const at = {
      origin: route.origin.key,
      method,
      phase: "queue",
      sent: "none",
      repeatable,
      lease: undefined,
    } as const;
    return timeoutError(at, { which: "total", elapsedMs, limitMs });
  }

  // Answer

  resolve(wire: WireResponse): void {
    const { status, text } = wire.head;
    const { redirect, method } = this.#request;
    if (isRedirect(status) && redirect !== "manual") {
      const location = headFields(text).get("location");
      if (location !== null) return this.#follow(wire, status, location);
    }
    const { route, signal } = this.#request;
    const { findDecoder, lazy, memo } = this.#context;
    const redirected = this.#redirects > 0;
    const url = route.href;
    try {
      this.#resolve(fetchResponse(wire, { url, redirected, method, findDecoder, signal, lazy, memo }));
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
    !(body instanceof LookAhead) &&
    body.body.kind === "stream" &&
    !body.body.replayable
  ) {
    throw redirectError(request, "its body is a stream, which cannot be sent again");
  }
}
