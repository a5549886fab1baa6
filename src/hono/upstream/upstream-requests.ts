/** Upstream requests: those that the handlers of one inbound request make, by a pool. */

import type { ConnectionInfo } from "../../contract/errors.ts";
import type { Pool } from "../../create-pool.ts";
import { connectionOf } from "../../fetch/connection-of.ts";
import type { FetchInit, FetchInput } from "../../fetch/normalize.ts";
import { type HeadersSource, headerPairs, type RequestOptions } from "../../fetch/request.ts";
import { blameClient, refuseLostBody } from "./client-fault.ts";
import type { ClientWatch } from "./client-watch.ts";
import { dropHopByHop, isHopByHop, withoutHopByHop } from "./hop-by-hop.ts";
import type { Timings } from "./server-timing.ts";
import { answerable, statusOf } from "./upstream-error.ts";
import type { UpstreamListener } from "./upstream-events.ts";

/** What all inbound requests of one `upstream()` have in common. */
export interface UpstreamSettings {
  readonly followClient: boolean;
  readonly timings: Timings | undefined;
  readonly onEvent: UpstreamListener;
}

/** The requests of one inbound request. */
export class UpstreamRequests {
  /** `Server-Timing` entries of those that were answered so far. */
  readonly timings: string[] = [];
  readonly #pool: Pool;
  /** What came in, without the fields that its `Connection` named. */
  readonly #inbound: Request;
  readonly #client: ClientWatch;
  readonly #settings: UpstreamSettings;

  constructor(pool: Pool, inbound: Request, client: ClientWatch, settings: UpstreamSettings) {
    this.#pool = pool;
    this.#inbound = inbound;
    this.#client = client;
    this.#settings = settings;
  }

  /** The pool's `fetch`, for gateways. */
  readonly fetch: Pool["fetch"] = async (input, init) => {
    try {
      const response = await this.#pool.fetch(input, this.#init(input, init as FetchInit | undefined));
      this.#time(connectionOf(response));
      dropHopByHop(response.headers);
      return response;
    } catch (error) {
      throw this.#failed(error);
    }
  };

  /** The pool's `request`. */
  readonly request: Pool["request"] = async (url, options) => {
    try {
      const response = await this.#pool.request(url, this.#options(options));
      this.#time(response.connection);
      return response;
    } catch (error) {
      throw this.#failed(error);
    }
  };

  #init(input: Input, init: FetchInit | undefined): FetchInit {
    const signal = this.#client.signal(init?.signal ?? signalOf(input));
    const given = init?.headers ?? headersOf(input);
    const headers = this.#forwardable(given);
    // What is passed on with its coding taken off is a copy of what came in.
    if (headers.headers !== given) refuseLostBody(this.#inbound);
    return { ...initOf(init), ...(signal === undefined ? {} : { signal }), ...headers };
  }

  #options(options: RequestOptions = {}): RequestOptions {
    const signal = this.#client.signal(options.signal);
    const headers = this.#forwardable(options.headers);
    return { ...options, ...(signal === undefined ? {} : { signal }), ...headers };
  }

  #time(connection: ConnectionInfo | undefined): void {
    const { timings } = this.#settings;
    if (timings !== undefined && connection !== undefined) this.timings.push(timings.entries(connection));
  }

  /** The error that the caller gets; the observer is told. */
  #failed(thrown: unknown): unknown {
    const error = answerable(blameClient(thrown, this.#inbound));
    const status = statusOf(error);
    if (status === undefined) return error;
    const { method } = this.#inbound;
    try {
      if (status === 502 || status === 503 || status === 504)
        this.#settings.onEvent({ type: "upstream.failed", status, method, error });
      else this.#settings.onEvent({ type: "client.failed", status, method, error });
    } catch {
      // A listener that fails must not fail the request.
    }
    return error;
  }

  /**
   * Without fields of one connection, whoever set them: `Headers` and records are most likely copies of the inbound
   * request's, and nobody can tell. A `Connection` that was written out by hand and is not the client's stays: it tells
   * the pool to close.
   */
  #forwardable(headers: unknown): { headers?: HeadersSource } {
    if (headers === undefined || headers === null) return {};
    if (headers instanceof Headers) return { headers: withoutHopByHop(headers) };
    const asked = this.#inbound.headers.get("connection");
    const pairs = [...headerPairs(headers as HeadersSource)];
    const kept = pairs.filter(([name, value]) =>
      String(name).toLowerCase() === "connection" ? value !== asked : !isHopByHop(String(name)),
    );
    return kept.length === pairs.length ? { headers: headers as HeadersSource } : { headers: kept };
  }
}

type Input = FetchInput | RequestInfo;

function isRequestLike(input: Input): input is Request {
  return typeof input === "object" && "headers" in input && "method" in input;
}

function signalOf(input: Input): AbortSignal | undefined {
  return isRequestLike(input) ? input.signal : undefined;
}

function headersOf(input: Input): unknown {
  return isRequestLike(input) ? input.headers : undefined;
}

/** A `Request` serves as init, too; its fields are on its prototype, where spreading does not find them. */
function initOf(init: FetchInit | undefined): FetchInit | undefined {
  if (init === undefined || !("url" in init)) return init;
  const { method, body, redirect } = init as unknown as Request;
  return body === null ? { method, redirect } : { method, redirect, body, duplex: "half" };
}
