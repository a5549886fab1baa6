/** Remote types: a pool that lives elsewhere, as its callers see it. `src/workers` has what makes one. */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { Fields } from "../http1/parse/fields.ts";
import type { Explanation } from "../pool/explain.ts";
import type { PoolStats } from "../pool/stats.ts";
import type { FetchFunction } from "./fetch-function.ts";
import type { RequestOptions } from "./request.ts";

/** The response of {@linkcode RemotePool.request}: what a `PoolResponse` has. */
export interface RemoteResponse {
  /** As the server sent it, of three digits. */
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  /** Header fields. */
  readonly headers: Fields;
  /** Trailer fields; empty until the body has been read to its end. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** The connection that the response came on, which the object has. */
  readonly connection: ConnectionInfo;
  /** How often the object sent the request again before this response. */
  readonly resendCount: number;
  /** The body as it arrives, its content coding untouched. */
  readonly body: ReadableStream<Uint8Array>;
  /** The whole body. */
  bytes(): Promise<Uint8Array>;
  /** The whole body as UTF-8 text. */
  text(): Promise<string>;
  /** The whole body, parsed as JSON. */
  json(): Promise<unknown>;
  /** Gives up the rest of the body. */
  discard(): void;
}

/** Options of {@linkcode RemotePool.request}: those of a pool that can be sent to an object. */
export type RemoteRequestOptions = Omit<RequestOptions, "trailers">;

/** A pool that lives in Durable Objects, with the shape of a pool. What only the object knows is asked by RPC. */
export interface RemotePool {
  /**
   * As the pool's `fetch`. Redirects are followed here, each to the object of its own origin. `integrity` is refused.
   *
   * @throws {TypeError} with a {@linkcode HoldfastError} as its `cause`; or the signal's reason, untouched.
   */
  readonly fetch: FetchFunction;
  /**
   * As the pool's `request`.
   *
   * @throws {HoldfastError} or the signal's reason, untouched.
   */
  readonly request: (url: string | URL, options?: RemoteRequestOptions) => Promise<RemoteResponse>;
  /** Counts of the objects of an origin, one for each shard. */
  stats(origin: string | URL): Promise<PoolStats[]>;
  /** The rules in force for an origin, in each of its objects. */
  explain(origin: string | URL): Promise<Explanation[]>;
  /** Metrics of the objects of an origin, as Prometheus reads them. Each object measures from the first call on. */
  metrics(origin: string | URL): Promise<string[]>;
  /** Retires the connections of an origin in its objects: idle ones now, active ones after their exchange. */
  drain(origin: string | URL): Promise<void>;
  /** The same pool with the bindings of one request: `c.env` in Hono. A binding that was given as an object stays. */
  forEnv(env: unknown): RemotePool;
}
