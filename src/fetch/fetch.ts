/** Fetch: `pool.fetch()`, the standard's `fetch` over a pool. */

import { unwatchSignal, watchSignal } from "../http1/abort.ts";
import { Exchange } from "../http1/exchange.ts";
import { headFields } from "../http1/fields.ts";
import type { Answer, RequestDeadlines, WireRequest, WireResponse } from "../http1/message.ts";
import type { Wire } from "../http1/wire.ts";
import { originOf } from "../origin.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { PreparedBody } from "./body.ts";
import { acceptEncoding, type FindDecoder } from "./decode.ts";
import { fetchError } from "./fetch-error.ts";
import { isRepeatable, withType } from "./light.ts";
import {
  type FetchInit,
  type FetchInput,
  type FetchRequest,
  type HeaderDefaults,
  normalizeRequest,
} from "./normalize.ts";
import { isRedirect, redirectError, redirected as redirectedRequest } from "./redirect.ts";
import { fetchResponse } from "./response.ts";

/** What `fetch` needs of its pool. */
export interface FetchContext {
  readonly pool: ConnectionPool<Wire>;
  readonly deadlines: RequestDeadlines;
  readonly findDecoder: FindDecoder;
  readonly defaults: HeaderDefaults;
}

/** Headers sent where the caller sets none of that name. */
export function defaultHeaders(userAgent: string, findDecoder: FindDecoder): HeaderDefaults {
  const coding = acceptEncoding(findDecoder);
  const defaults: [string, string][] = [
    ["accept", "*/*"],
    ["user-agent", userAgent],
  ];
  if (coding !== "") defaults.push(["accept-encoding", coding]);
  return defaults;
}

/**
 * The standard's `fetch`. Rejects with a `TypeError` whose `cause` is a {@linkcode HoldfastError}, or with the
 * reason of the signal, untouched.
 */
export function poolFetch(context: FetchContext, input: FetchInput, init?: FetchInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = normalizeRequest(input, init, context.defaults);
    new FetchCall(context, request, resolve, reject).send();
  });
}

/** One call of `fetch`, over its redirects. */
class FetchCall implements Answer {
  readonly #context: FetchContext;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  #request: FetchRequest;
  #redirects = 0;

  constructor(
    context: FetchContext,
    request: FetchRequest,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#context = context;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  send(): void {
    const { body } = this.#request;
    if (body instanceof Promise) this.#prepare(body);
    else this.#start(body);
  }

  /** A body may take as long as it likes to be ready, so the signal is heard meanwhile. */
  #prepare(body: Promise<PreparedBody>): void {
    const { signal } = this.#request;
    if (signal?.aborted === true) return this.#reject(signal.reason);
    const target = { abort: this.#reject };
    if (signal !== undefined) watchSignal(signal, target);
    const ready = (): void => {
      if (signal !== undefined) unwatchSignal(signal, target);
    };
    body.finally(ready).then(
      (prepared) => this.#start(prepared),
      (error) => this.reject(error),
    );
  }

  #start(prepared: PreparedBody | undefined): void {
    // What a promise gave is bytes or a stream now, and a redirect may have to send it again.
    this.#request = { ...this.#request, body: prepared };
    const { signal, url, method, fields } = this.#request;
    if (signal?.aborted === true) return this.#reject(signal.reason);
    try {
      const request: WireRequest = {
        origin: originOf(url),
        method,
        target: url.pathname + url.search,
        repeatable: isRepeatable(method, fields, false),
        signal,
        deadlines: this.#context.deadlines,
        ...(prepared === undefined ? { fields, body: undefined } : withType(fields, prepared)),
      };
      new Exchange(this.#context.pool, request, this).start();
    } catch (error) {
      this.#reject(error);
    }
  }

  // Answer

  resolve(wire: WireResponse): void {
    const { status, text } = wire.head;
    const { redirect, method } = this.#request;
    if (isRedirect(status) && redirect !== "manual") {
      const location = headFields(text).get("location");
      if (location !== null) return this.#follow(wire, status, location);
    }
    const { url, signal } = this.#request;
    const shown = url.hash === "" ? url.href : url.href.slice(0, -url.hash.length);
    const { findDecoder } = this.#context;
    const redirected = this.#redirects > 0;
    try {
      this.#resolve(fetchResponse(wire, { url: shown, redirected, method, findDecoder, signal }));
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
    !(body instanceof Promise) &&
    body.body.kind === "stream" &&
    !body.body.replayable
  ) {
    throw redirectError(request, "its body is a stream, which cannot be sent again");
  }
}
