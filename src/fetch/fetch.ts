/** Fetch: `pool.fetch()`, the standard's `fetch` over a pool. */

import { HoldfastError } from "../contract/errors.ts";
import { type Http2Mode, SchemeError } from "../contract/origin.ts";
import { unwatchSignal, watchSignal } from "../exchange/abort.ts";
import { Exchange } from "../exchange/exchange.ts";
import { timeoutError } from "../exchange/exchange-errors.ts";
import type { RequestDeadlines, ResponseCallbacks, WireRequest, WireResponse } from "../exchange/message.ts";
import { discardBody } from "../exchange/request-body.ts";
import { headFields } from "../http1/parse/fields.ts";
import { isRepeatable, signalOf, withContentType } from "./arguments.ts";
import { type CallContext, inCallersContext, type ReadContext, usualFor } from "./call-context.ts";
import { type CallOptions, callDeadlines, callDoubt, callOrigin } from "./call-options.ts";
import { fetchError, rejectedFetch, schemeError, unsentAbort } from "./fetch-errors.ts";
import {
  bareGet,
  type DefaultHeaders,
  type FetchInit,
  type FetchInput,
  type FetchRequest,
  fetchRequest,
  type RequestLike,
  withDefaultHeaders,
  withOwnDefaults,
} from "./fetch-request.ts";
import { newFetchResponse, type Provenance } from "./fetch-response.ts";
import { type Expected, verifiedBytes } from "./integrity.ts";
import { LengthProbe } from "./length-probe.ts";
import { fetchLocally } from "./local-url.ts";
import { fetchResponse, type ResponseContext } from "./make-response.ts";
import type { PreparedBody } from "./prepare-body.ts";
import { isRedirect, redirectError, redirectedRequest, soleLocation } from "./redirect.ts";

/** What `fetch` takes from its pool. */
export interface FetchContext extends CallContext, ResponseContext {
  readonly defaults: DefaultHeaders;
}

/**
 * The standard's `fetch`. Rejects with a `TypeError` whose `cause` is a {@linkcode HoldfastError}, or with the reason of
 * the signal, untouched.
 */
export function poolFetch(context: FetchContext, input: FetchInput, init?: FetchInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { urls, defaults } = context;
    let request: FetchRequest;
    let deadlines: RequestDeadlines;
    try {
      request =
        init === undefined && typeof input === "string"
          ? bareGet(urls.read(input), defaults)
          : readArguments(input, init, defaults, context);
      deadlines = limitsOf(context, request);
    } catch (error) {
      return resolve(refused(error, input, init));
    }
    new FetchCall(context, request, deadlines, { resolve, reject }).send();
  });
}

/** The same before the transport is loaded. The arguments are read, and the body of a `Request` locked, in the call. */
export function poolFetchLater(
  context: ReadContext,
  load: () => Promise<FetchContext>,
  input: FetchInput,
  init?: FetchInit,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let request: FetchRequest;
    let deadlines: RequestDeadlines;
    try {
      request = readArguments(input, init, undefined, context);
      deadlines = limitsOf(context, request);
    } catch (error) {
      return resolve(refused(error, input, init));
    }
    const { signal } = request;
    if (signal?.aborted === true) return reject(abandoned(request, unsentAbort(signal)));
    const calledAt = context.clock.now();
    const begin = (loaded: FetchContext): void => {
      const complete = withDefaultHeaders(request, loaded.defaults);
      new FetchCall(loaded, complete, deadlines, { resolve, reject }, calledAt).send();
    };
    load().then(begin).catch(reject);
  });
}

/** The deadlines of a request. @throws {HoldfastError} with ERR_FUNCTION, if the user has a function for them, and it fails. */
function limitsOf(context: ReadContext, request: FetchRequest): RequestDeadlines {
  try {
    const { url, call } = request;
    const usual = usualFor(context, url.origin);
    if (call === undefined) return usual;
    const deadlines = callDeadlines(call, usual);
    callDoubt(call, deadlines);
    return deadlines;
  } catch (error) {
    throw abandoned(request, error);
  }
}

/** A request of a call that has options of the pool. */
function withCall(request: WireRequest, call: CallOptions, usual: Http2Mode): WireRequest {
  const { origin, method, fields, deadlines } = request;
  const { idempotent } = call;
  return {
    ...request,
    origin: callOrigin(origin, call, usual),
    repeatable: isRepeatable(method, fields, idempotent === true),
    idempotent,
    doubt: callDoubt(call, deadlines),
    alone: call.reuse === false,
    tag: call.tag,
  };
}

/**
 * What becomes of arguments that are no request of a pool. An aborted signal is told before a failure of the network, but
 * after an argument that is wrong (Fetch §5.6).
 */
function refused(error: unknown, input: FetchInput, init: FetchInit | undefined): Promise<Response> {
  const told = error instanceof SchemeError ? schemeError(error) : error;
  const cause = told instanceof TypeError ? told.cause : told;
  if (cause instanceof HoldfastError && cause.code === "ERR_CONNECT") {
    const signal = signalOf(init?.signal === undefined ? (input as RequestLike).signal : init.signal);
    if (signal?.aborted === true) return Promise.reject(unsentAbort(signal));
  }
  const local = error instanceof SchemeError ? fetchLocally(input, init) : undefined;
  return local ?? Promise.reject(fetchError(told, undefined));
}

/** Gives up the body of a call that was aborted before it began. Returns the reason. */
function abandoned({ body }: FetchRequest, reason: unknown): unknown {
  if (body instanceof LengthProbe) body.cancel(reason);
  else discardBody(body?.body, reason);
  return reason;
}

/** Errors of the body's own functions are wrapped as they would be later, when the body is read. */
function readArguments(
  input: FetchInput,
  init: FetchInit | undefined,
  defaults: DefaultHeaders | undefined,
  context: ReadContext,
): FetchRequest {
  try {
    return fetchRequest(input, init ?? {}, defaults, context);
  } catch (error) {
    throw fetchError(error, undefined);
  }
}

/** The two ends of the caller's promise. */
interface Settlers {
  readonly resolve: (response: Response | Promise<Response>) => void;
  readonly reject: (error: unknown) => void;
}

/** One call of `fetch`: a chain of requests, each but the first the result of a redirect. */
class FetchCall implements ResponseCallbacks {
  readonly copiedBytes: number;
  readonly #context: FetchContext;
  readonly #resolve: (response: Response | Promise<Response>) => void;
  readonly #reject: (error: unknown) => void;
  /** When the call began; `undefined` without `requestTimeout`, which limits the whole chain. */
  readonly #calledAt: number | undefined;
  #request: FetchRequest;
  #deadlines: RequestDeadlines;
  #redirects = 0;

  constructor(
    context: FetchContext,
    request: FetchRequest,
    deadlines: RequestDeadlines,
    { resolve, reject }: Settlers,
    calledAt?: number,
  ) {
    this.#deadlines = deadlines;
    const limited = deadlines.requestTimeoutMs !== Infinity;
    this.#calledAt = limited ? (calledAt ?? context.pool.now()) : undefined;
    this.copiedBytes = context.lazy ? 0 : context.heldBytes;
    this.#context = context;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** To be called in the caller's async context, which the functions of the body are bound to. */
  send(): void {
    const { body } = this.#request;
    if (body === undefined) this.#start(undefined);
    else if (body instanceof LengthProbe) this.#sendProbed(body);
    else this.#sendBody(body);
  }

  /** The probe takes some turns of the event loop, and the signal may be aborted meanwhile. */
  #sendProbed(probe: LengthProbe): void {
    const { signal } = this.#request;
    let isOver = false;
    const target = {
      abort: (reason: unknown): void => {
        isOver = true;
        const error = signal === undefined ? reason : unsentAbort(signal, reason);
        probe.cancel(error);
        this.#reject(error);
      },
    };
    if (signal !== undefined) watchSignal(signal, target);
    const unwatch = (): void => {
      if (signal !== undefined) unwatchSignal(signal, target);
    };
    // A promise calls back in the async context in which `then` was called, that of the caller.
    probe.body.finally(unwatch).then(
      (prepared) => {
        // A signal that could not be listened to may not say so again, and the body was cancelled in the middle.
        if (!isOver) this.#sendBody(prepared);
      },
      (error) => {
        // The call was told of the abort. A second rejection would have nobody who handles it, and end the process.
        if (!isOver) this.reject(error);
      },
    );
  }

  /** The body is kept as it is sent, because a redirect may send it again. */
  #sendBody(prepared: PreparedBody): void {
    const body = inCallersContext(prepared.body, this.#context);
    const bound = body === prepared.body ? prepared : { ...prepared, body };
    if (bound !== this.#request.body) this.#request = { ...this.#request, body: bound };
    this.#start(bound);
  }

  #start(prepared: PreparedBody | undefined): void {
    const { signal, url, method, fields } = this.#request;
    const late = this.#calledAt === undefined ? undefined : this.#lateness(this.#calledAt);
    if (signal?.aborted === true || late !== undefined) {
      const error = signal?.aborted === true ? unsentAbort(signal) : fetchError(late, undefined);
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
        deadlines: this.#deadlines,
        fields: prepared === undefined ? fields : withContentType(fields, prepared),
        body: prepared?.body,
        calledAt: this.#calledAt,
      };
      const { call } = this.#request;
      const { pool } = this.#context;
      const usual = call === undefined ? undefined : usualFor(this.#context, url.origin).http2;
      const asked = call === undefined ? request : withCall(request, call, usual ?? false);
      new Exchange(pool, asked, this).start();
    } catch (error) {
      this.#reject(error);
    }
  }

  /** The error of a call whose time has passed before its next request is sent. */
  #lateness(calledAt: number): HoldfastError | undefined {
    const { url, method, fields } = this.#request;
    const limitMs = this.#deadlines.requestTimeoutMs;
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
      attempts: 0,
    } as const;
    return timeoutError(at, { which: "total", elapsedMs, limitMs });
  }

  resolve(wire: WireResponse): void {
    const { status, text } = wire.head;
    const { redirect, method } = this.#request;
    if (isRedirect(status) && redirect !== "manual") {
      const locations = headFields(text).getAll("location");
      // Without a Location it is an error as well (Fetch, "HTTP fetch"), but no redirect that could be followed.
      if (locations.length > 0 || redirect === "error") return this.#follow(wire, status, locations);
    }
    const { url, signal, integrity } = this.#request;
    const { byteStreams } = this.#context;
    const from = { url: url.href, redirected: this.#redirects > 0, signal, wire, byteStreams };
    try {
      const response = fetchResponse(from, method, this.#context);
      this.#resolve(integrity === undefined ? response : verified(response, integrity, from));
    } catch (error) {
      wire.body.discard();
      this.#reject(error);
    }
  }

  /** An abort is told at once; its reason is the caller's own, and no error of ours. */
  reject(error: unknown): void {
    const { signal } = this.#request;
    if (error instanceof HoldfastError) this.#resolve(rejectedFetch(error, signal));
    else this.#reject(error);
  }

  #follow(wire: WireResponse, status: number, locations: readonly string[]): void {
    wire.body.discard();
    this.#redirects += 1;
    try {
      if (this.#request.redirect === "error") throw redirectError(this.#request, 'redirect is "error"');
      const location = soleLocation(this.#request, locations);
      const next = redirectedRequest(this.#request, status, location, this.#redirects);
      if (status !== 303) refuseSentStream(this.#request);
      this.#request = withOwnDefaults(next, this.#request.url.origin.scheme, this.#context.defaults);
      // The whole chain has the total time that its first origin gives.
      const { requestTimeoutMs } = this.#deadlines;
      const own = limitsOf(this.#context, next);
      this.#deadlines = own.requestTimeoutMs === requestTimeoutMs ? own : { ...own, requestTimeoutMs };
    } catch (error) {
      return this.reject(error);
    }
    this.send();
  }
}

/** The response with the bytes that were verified. */
async function verified(response: Response, expected: Expected, from: Provenance): Promise<Response> {
  const { status, statusText, headers } = response;
  const bytes = await verifiedBytes(response, expected, from.wire);
  const whole = newFetchResponse(bytes, { status, statusText, headers }, from);
  // A server that passes the response on gives it a length.
  whole.headers.delete("transfer-encoding");
  return whole;
}

/**
 * Also where the next request would be a GET: only 303 says that the body has done its work (Fetch, "HTTP-redirect fetch").
 *
 * @throws {HoldfastError} for a body that is a stream: the previous request of the chain has sent it.
 */
function refuseSentStream(request: FetchRequest): void {
  const { body } = request;
  if (body === undefined || body instanceof LengthProbe) return;
  if (body.body.kind === "stream" && !body.body.replayable)
    throw redirectError(request, "its body is a stream, which cannot be sent again");
}
