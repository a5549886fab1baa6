/** Upstream requests: those that the handlers of one inbound request make, by a pool. */

import type { ConnectionInfo } from "../errors.ts";
import { connectionOf } from "../fetch/connection-of.ts";
import type { RequestOptions } from "../fetch/light.ts";
import type { FetchInit, FetchInput } from "../fetch/normalize.ts";
import type { Pool } from "../holdfast.ts";
import type { ClientWatch } from "./client-watch.ts";
import { dropHopByHop, withoutHopByHop } from "./hop-by-hop.ts";
import type { Timings } from "./server-timing.ts";
import { answerable } from "./upstream-error.ts";

/** The requests of one inbound request. */
export class UpstreamRequests {
  /** `Server-Timing` entries of those that were answered so far. */
  readonly timings: string[] = [];
  readonly #pool: Pool;
  readonly #client: ClientWatch;
  readonly #clock: Timings | undefined;

  constructor(pool: Pool, client: ClientWatch, clock: Timings | undefined) {
    this.#pool = pool;
    this.#client = client;
    this.#clock = clock;
  }

  /** The pool's `fetch`, for gateways. */
  readonly fetch: Pool["fetch"] = async (input, init) => {
    try {
      const response = await this.#pool.fetch(input, this.#init(input, init as FetchInit | undefined));
      this.#time(connectionOf(response));
      dropHopByHop(response.headers);
      return response;
    } catch (error) {
      throw answerable(error);
    }
  };

  /** The pool's `request`. */
  readonly request: Pool["request"] = async (url, options) => {
    try {
      const response = await this.#pool.request(url, this.#options(options));
      this.#time(response.connection);
      return response;
    } catch (error) {
      throw answerable(error);
    }
  };

  #init(input: Input, init: FetchInit | undefined): FetchInit {
    const signal = this.#client.signal(init?.signal ?? signalOf(input));
    const headers = forwardable(init?.headers ?? headersOf(input));
    return { ...initOf(init), ...(signal === undefined ? {} : { signal }), ...headers };
  }

  #options(options: RequestOptions = {}): RequestOptions {
    const signal = this.#client.signal(options.signal);
    return signal === undefined ? options : { ...options, signal };
  }

  #time(connection: ConnectionInfo | undefined): void {
    if (this.#clock !== undefined && connection !== undefined)
      this.timings.push(this.#clock.entries(connection));
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

/** `Headers` were most likely taken from the inbound request; what is written out by hand is the caller's own. */
function forwardable(headers: unknown): { headers?: Headers } {
  return headers instanceof Headers ? { headers: withoutHopByHop(headers) } : {};
}
