/** The upstream requests that the handlers of one inbound request make through a pool. */

import type { ConnectionInfo } from "../../contract/errors.ts";
import type { Pool } from "../../create-pool.ts";
import { type HeadersSource, headerPairs } from "../../fetch/arguments.ts";
import { connectionOf } from "../../fetch/connection-of.ts";
import type { FetchFunction } from "../../fetch/fetch-function.ts";
import type { FetchInit, FetchInput } from "../../fetch/fetch-request.ts";
import type { PoolResponse } from "../../fetch/pool-response.ts";
import type { RequestOptions } from "../../fetch/request.ts";
import type { UpgradeOptions, UpgradeResponse } from "../../fetch/upgrade.ts";
import type { ClientDisconnect } from "./client-disconnect.ts";
import { clientErrorFor, refuseUnseenBody } from "./client-errors.ts";
import { errorStatus, withErrorResponse } from "./error-response.ts";
import { dropHopByHop, isHopByHop, withoutHopByHop } from "./hop-by-hop.ts";
import type { SentRequest, UpstreamSender } from "./sender.ts";
import type { RequestTimings } from "./server-timing.ts";
import type { UpstreamListener } from "./upstream-events.ts";

/** Settings that all inbound requests of one `upstream()` share. */
export interface UpstreamSettings {
  readonly followClient: boolean;
  /** Whether requests go to a pool of this package itself, and not to a wrapper of it. */
  readonly ownPool: boolean;
  readonly timings: RequestTimings | undefined;
  readonly onEvent: UpstreamListener;
}

/** Makes the upstream requests of one inbound request. */
export class UpstreamRequests implements UpstreamSender {
  readonly original: Request;
  /** `Server-Timing` entries of the requests answered so far; `undefined` without any. */
  timings: string[] | undefined = undefined;
  readonly #pool: Pool;
  /** The inbound request, without the fields that its `Connection` named. */
  readonly #inbound: Request;
  readonly #disconnect: ClientDisconnect;
  readonly #settings: UpstreamSettings;

  /** @param original The inbound request as it came from the server. */
  constructor(
    pool: Pool,
    original: Request,
    inbound: Request,
    disconnect: ClientDisconnect,
    settings: UpstreamSettings,
  ) {
    this.original = original;
    this.#pool = pool;
    this.#inbound = inbound;
    this.#disconnect = disconnect;
    this.#settings = settings;
  }

  /** The pool's `fetch`. Its response can be returned to the client. */
  fetch(): FetchFunction {
    const fetch = (input: FetchInput, init?: FetchInit) => this.#fetch(input, init);
    fetch.preconnect = this.#pool.fetch.preconnect;
    return fetch as FetchFunction;
  }

  async #fetch(input: FetchInput, init?: FetchInit): Promise<Response> {
    try {
      const response = await this.#pool.fetch(input, this.#init(input, init));
      this.#addTiming(connectionOf(response));
      dropHopByHop(response.headers);
      return response;
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** The pool's `request`. */
  request(): Pool["request"] {
    return async (url, options) => {
      try {
        const response = await this.#pool.request(url, this.#options(options));
        this.#addTiming(response.connection);
        return response;
      } catch (error) {
        throw this.failed(error);
      }
    };
  }

  /** The pool's `stats`; that of a pool in Durable Objects takes an origin. */
  stats(): Pool["stats"] {
    return this.#pool.stats.bind(this.#pool);
  }

  send(url: string, request: SentRequest): Promise<PoolResponse> {
    const signal = this.#settings.ownPool
      ? this.#disconnect.signalOfOwnPool()
      : this.#disconnect.signal(undefined);
    if (signal !== undefined) request.signal = signal;
    const response = this.#pool.request(url, request);
    return this.#settings.timings === undefined ? response : this.#timed(response);
  }

  async #timed(promise: Promise<PoolResponse>): Promise<PoolResponse> {
    const response = await promise;
    this.#addTiming(response.connection);
    return response;
  }

  async upgrade(url: string, options: UpgradeOptions): Promise<UpgradeResponse> {
    if (typeof this.#pool.upgrade !== "function")
      throw new TypeError("This pool cannot upgrade: its sockets are in another process");
    const signal = this.#disconnect.signal(undefined);
    return await this.#pool.upgrade(url, signal === undefined ? options : { ...options, signal });
  }

  #init(input: FetchInput, init: FetchInit | undefined): FetchInit {
    const signal = this.#disconnect.signal(init?.signal ?? signalOf(input));
    const given = init?.headers ?? headersOf(input);
    const headers = this.#forwardable(given);
    // Hop-by-hop fields were removed, so these headers are most likely a copy of the inbound request's.
    if (headers.headers !== given) refuseUnseenBody(this.#inbound);
    return { ...initOf(init), ...(signal === undefined ? {} : { signal }), ...headers };
  }

  #options(options: RequestOptions = {}): RequestOptions {
    const signal = this.#disconnect.signal(options.signal);
    const headers = this.#forwardable(options.headers);
    return { ...options, ...(signal === undefined ? {} : { signal }), ...headers };
  }

  #addTiming(connection: ConnectionInfo | undefined): void {
    const { timings } = this.#settings;
    if (timings === undefined || connection === undefined) return;
    this.timings ??= [];
    this.timings.push(timings.entries(connection));
  }

  /** The error that the caller gets. Emits an event if the upstream or the client caused it. */
  failed(thrown: unknown): unknown {
    const error = withErrorResponse(clientErrorFor(thrown, this.#inbound));
    const status = errorStatus(error);
    if (status === undefined) return error;
    const { method } = this.#inbound;
    try {
      if (status === 502 || status === 503 || status === 504 || status === 508)
        this.#settings.onEvent({ type: "upstream.failed", status, method, error });
      else this.#settings.onEvent({ type: "client.failed", status, method, error });
    } catch {
      // A listener that fails must not fail the request.
    }
    return error;
  }

  /**
   * Removes hop-by-hop fields from the headers of an upstream request. They are removed whoever set them, because these
   * headers are most likely a copy of the inbound request's. In records and pairs, a `Connection` that differs from the
   * client's is kept: the application wrote it, to have the pool close the connection.
   */
  #forwardable(headers: unknown): { headers?: HeadersSource } {
    if (headers === undefined || headers === null) return {};
    if (headers instanceof Headers) return { headers: withoutHopByHop(headers) };
    const inboundConnection = this.#inbound.headers.get("connection");
    const pairs = [...headerPairs(headers as HeadersSource)];
    const kept = pairs.filter(([name, value]) =>
      String(name).toLowerCase() === "connection" ? value !== inboundConnection : !isHopByHop(String(name)),
    );
    return kept.length === pairs.length ? { headers: headers as HeadersSource } : { headers: kept };
  }
}

function isRequestLike(input: FetchInput): input is Request {
  return typeof input === "object" && "headers" in input && "method" in input;
}

function signalOf(input: FetchInput): AbortSignal | undefined {
  return isRequestLike(input) ? input.signal : undefined;
}

function headersOf(input: FetchInput): unknown {
  return isRequestLike(input) ? input.headers : undefined;
}

/** A `Request` is also a valid init. Its properties are on the prototype, so spreading would miss them. */
function initOf(init: FetchInit | undefined): FetchInit | undefined {
  if (init === undefined || !("url" in init)) return init;
  const { method, body, redirect } = init as unknown as Request;
  return body === null ? { method, redirect } : { method, redirect, body, duplex: "half" };
}
