/** Trace: `trace(pool, tracer)`, a pool whose calls are spans. */

import type { Pool } from "../create-pool.ts";
import { type HeadersSource, upperCased } from "../fetch/arguments.ts";
import type { CallOptions } from "../fetch/call-options.ts";
import type { FetchFunction } from "../fetch/fetch-function.ts";
import type { FetchInit, FetchInput, RequestLike } from "../fetch/fetch-request.ts";
import type { PoolResponse } from "../fetch/pool-response.ts";
import type { RequestOptions } from "../fetch/request.ts";
import type { UpgradeOptions, UpgradeResponse } from "../fetch/upgrade.ts";
import { traceContext, withAdded } from "./propagation.ts";
import { RunningCalls } from "./running-calls.ts";
import { spanTargetOf } from "./span-target.ts";
import { checkTrace, type Propagate, type TraceOptions } from "./trace-options.ts";
import { type CallAnswer, quietly, type TracedCall } from "./traced-call.ts";
import type { SpanLike, TracerLike } from "./tracer-like.ts";

/**
 * The same pool, with a span for each call of `fetch`, `request` and `upgrade`: it begins in the caller's context, and ends with the
 * body of the response. Waiting, connecting, reuse, resends and redirects are events of the span. Everything else of the pool is as
 * it was, and its functions need no `this`.
 *
 * @throws {TypeError} for a tracer, a pool or an option that is none.
 *
 * @example
 * ```ts
 * const pool = trace(createPool(), tracer, { propagate: true });
 * ```
 */
export function trace<S extends SpanLike>(
  pool: Pool,
  tracer: TracerLike<S>,
  options: TraceOptions<S> = {},
): Pool {
  checkTrace(pool, tracer, options);
  return new TracedPool(pool, tracer, options);
}

/** A call that has a span, and the headers that go with it. */
interface BegunCall {
  /** `undefined`: nobody will see the span. */
  readonly call: TracedCall | undefined;
  readonly headers: readonly (readonly [string, string])[];
}

class TracedPool<S extends SpanLike> implements Pool {
  readonly fetch: FetchFunction;
  readonly #pool: Pool;
  readonly #tracer: TracerLike<S>;
  readonly #url: TraceOptions["url"];
  readonly #propagate: Propagate<S> | undefined;
  readonly #running: RunningCalls;

  constructor(pool: Pool, tracer: TracerLike<S>, { propagate = true, url }: TraceOptions<S>) {
    this.#pool = pool;
    this.#tracer = tracer;
    this.#url = url;
    const usual = propagate === true ? traceContext : undefined;
    this.#propagate = typeof propagate === "function" ? propagate : usual;
    this.#running = new RunningCalls(pool);
    this.fetch = this.#makeFetch();
  }

  #makeFetch(): FetchFunction {
    // One parameter counts in `length`, as for the pool's own.
    const fetch = (input: FetchInput, init: FetchInit | undefined = undefined): Promise<Response> => {
      const request = requestOf(input);
      const begun = this.#begin(
        request?.url ?? input,
        () => upperCased(init?.method ?? request?.method ?? "GET"),
        init?.holdfast?.tag,
      );
      if (begun === undefined) return this.#pool.fetch(input, init);
      return follow(begun, () => this.#pool.fetch(input, fetchInit(init, request?.headers, begun)));
    };
    fetch.preconnect = this.#pool.fetch.preconnect;
    return fetch as FetchFunction;
  }

  readonly request = (url: string | URL, options?: RequestOptions): Promise<PoolResponse> => {
    const tag = options?.holdfast?.tag ?? options?.tag;
    const begun = this.#begin(url, () => options?.method ?? "GET", tag);
    if (begun === undefined) return this.#pool.request(url, options);
    return follow(begun, () => this.#pool.request(url, requestOptions(options ?? {}, begun)));
  };

  readonly upgrade = (url: string | URL, options: UpgradeOptions): Promise<UpgradeResponse> => {
    const begun = this.#begin(url, () => options.method ?? "GET", options?.tag);
    if (begun === undefined) return this.#pool.upgrade(url, options);
    return follow(begun, () => {
      const { call } = begun;
      const tag = call === undefined ? undefined : { tag: call };
      return this.#pool.upgrade(
        url,
        withMembers(options, { ...headersWith(options.headers, begun), ...tag }),
      );
    });
  };

  /** Begins the span of a call. `undefined`: the call is none of HTTP, or wrong, or the tracer fails. */
  #begin(url: unknown, method: () => string, tag: unknown): BegunCall | undefined {
    try {
      const target = spanTargetOf(url, method(), this.#url);
      if (target === undefined) return undefined;
      const { name, attributes } = target;
      const span = this.#tracer.startSpan(name, { kind: 2, attributes });
      const headers = this.#headersOf(span);
      return { call: span.isRecording() ? this.#running.begin(span, tag) : undefined, headers };
    } catch {
      return undefined;
    }
  }

  #headersOf(span: S): [string, string][] {
    const headers: [string, string][] = [];
    quietly(() => this.#propagate?.(span, (name, value) => void headers.push([name, value])));
    return headers;
  }

  preconnect(origin: string | URL, count?: number): Promise<void> {
    return this.#pool.preconnect(origin, count);
  }

  explain(origin: string | URL): ReturnType<Pool["explain"]> {
    return this.#pool.explain(origin);
  }

  stats(): ReturnType<Pool["stats"]> {
    return this.#pool.stats();
  }

  drain(origin?: string | URL): void {
    this.#pool.drain(origin);
  }

  subscribe(...listener: Parameters<Pool["subscribe"]>): () => void {
    return this.#pool.subscribe(...listener);
  }

  close(...options: Parameters<Pool["close"]>): Promise<void> {
    return this.#pool.close(...options);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#pool[Symbol.asyncDispose]();
  }
}

/** Sends a call, and tells its span how it ends. */
async function follow<R>({ call }: BegunCall, send: () => Promise<R>): Promise<R> {
  try {
    const answer = await send();
    call?.answered(answer as CallAnswer);
    return answer;
  } catch (error) {
    call?.failed(error);
    throw error;
  }
}

/** The `Request` among the arguments of `fetch`, recognised as the pool does. */
function requestOf(input: FetchInput): RequestLike | undefined {
  return typeof input === "object" && input !== null && !("href" in input) ? input : undefined;
}

/** Headers that replace those of the caller, if there are any to add. */
function headersWith(
  given: HeadersSource | undefined,
  { headers }: BegunCall,
): { readonly headers?: HeadersSource } {
  return headers.length === 0 ? {} : { headers: withAdded(given, headers) };
}

function fetchInit(
  init: FetchInit | undefined,
  ofRequest: HeadersSource | undefined,
  begun: BegunCall,
): FetchInit {
  const headers = headersWith(init?.headers ?? ofRequest, begun);
  const tag = begun.call === undefined ? {} : { holdfast: tagged(init?.holdfast, begun.call) };
  return withMembers(init ?? {}, { ...headers, ...tag });
}

function requestOptions(options: RequestOptions, begun: BegunCall): RequestOptions {
  const headers = headersWith(options.headers, begun);
  const { call } = begun;
  if (call === undefined) return withMembers(options, headers);
  // A tag stands in one of two places. Where the caller has it, the pool refuses a second one.
  const { holdfast } = options;
  const tag = holdfast?.tag === undefined ? { tag: call } : { holdfast: tagged(holdfast, call) };
  return withMembers(options, { ...headers, ...tag });
}

/** Wrong options stay as they are: the pool refuses them. */
function tagged(given: CallOptions | undefined, call: TracedCall): CallOptions {
  const isWrong = given !== undefined && (typeof given !== "object" || given === null);
  return isWrong ? given : { ...given, tag: call };
}

/** An object with some other members. Those of a `Request`, and of other objects of a class, are getters that no spread copies. */
function withMembers<T extends object>(given: T, members: Partial<T>): T {
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype === Object.prototype || prototype === null) return { ...given, ...members };
  return new Proxy(given, {
    get: (target, name) => Reflect.get(name in members ? members : target, name),
    has: (target, name) => name in members || name in target,
  });
}
