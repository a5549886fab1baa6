/** Holdfast: `createPool()`, which puts rules, pool, wire and fetch together over the transport of the runtime. */

import { clockWith } from "./contract/clock.ts";
import { type Duration, toMs } from "./contract/duration.ts";
import type { PoolListener } from "./contract/events.ts";
import { type Origin, originOf } from "./contract/origin.ts";
import type { Alloc, TextCodec, Transport } from "./contract/transport.ts";
import { clearedBytes } from "./exchange/body-buffer.ts";
import { decodersOf } from "./fetch/decode.ts";
import { defaultHeaders, type FetchContext, poolFetch, poolFetchLater } from "./fetch/fetch.ts";
import { HeaderMemo } from "./fetch/header-memo.ts";
import type { FetchInit, FetchInput, FetchTerms } from "./fetch/normalize.ts";
import {
  type PoolResponse,
  type RequestContext,
  type RequestOptions,
  type RequestTerms,
  sendRequest,
  sendRequestLater,
} from "./fetch/request.ts";
import { TargetReader } from "./fetch/request-target.ts";
import { portableText } from "./http1/text.ts";
import { Wire } from "./http1/wire.ts";
import { checkedAlloc, checkedText } from "./options/checked-codec.ts";
import type { PoolOptions } from "./options/options.ts";
import { resolveOptions, type Settings } from "./options/settings.ts";
import { OriginTable } from "./pool/core/origin-table.ts";
import { type Explanation, explain } from "./pool/explain.ts";
import { Observers } from "./pool/observers.ts";
import { ConnectionPool } from "./pool/pool.ts";
import { type PoolStats, poolStats } from "./pool/stats.ts";
import { dialerOf } from "./proxy/proxy-dialer.ts";

/** Sent as `User-Agent` by `fetch` where the caller sets none. */
const USER_AGENT = "holdfast";

/** How long {@linkcode Pool.close} lets running requests go on, unless told otherwise. */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * Connections to any number of origins, reused by the same rules on every runtime.
 *
 * What a server sends unasked on an idle connection is never taken for an answer: it ends the connection. What it sends
 * unasked later than a request was written, or within the millisecond before, no HTTP/1.1 client can tell from the answer.
 */
export interface Pool extends AsyncDisposable {
  /**
   * The standard's `fetch`; it may be called without its pool. Redirects are followed and bodies decoded; a decoded
   * response loses `Content-Encoding` and `Content-Length`, so that it can be passed on.
   *
   * A connection is held until its body has been read, cancelled, or collected as garbage with all that leads to it: the
   * response, its stream, readers, clones, pipes. What reads ahead (a half of a clone that was read from, most transform
   * streams) holds it until the next piece comes, or for `bodyIdleTimeout`, though nobody has it any more.
   *
   * @throws {TypeError} with a {@linkcode HoldfastError} as its `cause`; or the signal's reason, untouched.
   */
  readonly fetch: (input: FetchInput | RequestInfo, init?: FetchInit | RequestInit) => Promise<Response>;
  /**
   * The light, fast API: one message, as it comes. It may be called without its pool.
   *
   * @throws {HoldfastError} or the signal's reason, untouched. `TypeError` and `RangeError` for wrong arguments.
   */
  readonly request: (url: string | URL, options?: RequestOptions) => Promise<PoolResponse>;
  /** Has up to `count` connections (default 1) to an origin ready before they are needed. */
  preconnect(origin: string | URL, count?: number): Promise<void>;
  /** Every rule in force for an origin and where it came from, and how its connections stand. */
  explain(origin: string | URL): Explanation;
  /** Counts, now and so far. */
  stats(): PoolStats;
  /** Retires the connections of an origin, or all: idle ones now, active ones after their exchange. */
  drain(origin?: string | URL): void;
  /** Also tells `listener` of everything; call what is returned to stop. */
  subscribe(listener: PoolListener): () => void;
  /**
   * Refuses new requests, lets running ones end for `timeout` (default 5 s; `Infinity` for as long as they take),
   * then cuts them off. Resolves when every connection is closed.
   */
  close(options?: { readonly timeout?: Duration }): Promise<void>;
}

/** What exists once the transport is there. */
interface Engine {
  readonly pool: ConnectionPool<Wire>;
  readonly request: RequestContext;
  readonly fetch: FetchContext;
}

/**
 * A pool with the given options.
 *
 * @throws {TypeError | RangeError} for an unknown, wrong or contradictory option; it names the option and the value.
 *
 * @example
 * ```ts
 * await using pool = createPool({ idleTimeout: "60s", maxLifetime: "1h" });
 * const response = await pool.fetch("https://api.example.com/items");
 * ```
 */
export function createPool(options?: PoolOptions): Pool {
  return new HoldfastPool(resolveOptions(options));
}

/** What makes text and bytes, by the fastest way that the transport has; one of the user's may throw. */
function codecOf(
  { text, alloc }: Transport,
  given: boolean,
): { readonly text: TextCodec; readonly alloc: Alloc } {
  if (!given) return { text: text ?? portableText, alloc: alloc ?? clearedBytes };
  return {
    text: text === undefined ? portableText : checkedText(text),
    alloc: alloc === undefined ? clearedBytes : checkedAlloc(alloc),
  };
}

class HoldfastPool implements Pool {
  readonly #settings: Settings;
  readonly #observers: Observers;
  /** The transport of the runtime is imported with the first request, so it is not there at once. */
  #engine: Engine | undefined;
  #loading: Promise<Engine> | undefined;
  /** What arguments are read with: at once, whether or not there is a transport. */
  readonly #terms: FetchTerms & RequestTerms;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#terms = { router: new TargetReader(), clock: settings.clock, deadlines: settings };
    this.#observers = new Observers(settings.onEvent);
    if (settings.transport !== undefined) this.#engine = this.#build(settings.transport);
  }

  readonly fetch = (input: FetchInput | RequestInfo, init?: FetchInit | RequestInit): Promise<Response> => {
    const engine = this.#engine;
    const given = [input as FetchInput, init as FetchInit | undefined] as const;
    if (engine !== undefined) return poolFetch(engine.fetch, ...given);
    return poolFetchLater(this.#terms, () => this.#load().then(({ fetch }) => fetch), ...given);
  };

  readonly request = (url: string | URL, options?: RequestOptions): Promise<PoolResponse> => {
    const engine = this.#engine;
    if (engine !== undefined) return sendRequest(engine.request, url, options);
    return sendRequestLater(this.#terms, () => this.#load().then(({ request }) => request), url, options);
  };

  async preconnect(origin: string | URL, count = 1): Promise<void> {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`count must be a whole number from 1: current value is ${count}`);
    }
    const target = originOf(origin);
    const { pool } = this.#engine ?? (await this.#load());
    await pool.preconnect(target, count);
  }

  explain(origin: string | URL): Explanation {
    const { key } = this.#pooledAs(origin);
    return explain(key, this.#settings, this.#engine?.pool.core.origins, this.#settings.clock.now());
  }

  stats(): PoolStats {
    return poolStats(
      this.#engine?.pool.core.origins ?? new OriginTable(),
      this.#observers.errors,
      this.#engine?.pool.limitKeeper?.errors,
    );
  }

  drain(origin?: string | URL): void {
    const key = origin === undefined ? undefined : this.#pooledAs(origin).key;
    this.#engine?.pool.drain(key, "origin-drained");
  }

  /** Under which its connections are listed: behind a proxy that all share, its own are the proxy's. */
  #pooledAs(url: string | URL): Origin {
    const origin = originOf(url);
    return this.#engine?.pool.pooledAs(origin) ?? origin;
  }

  subscribe(listener: PoolListener): () => void {
    return this.#observers.add(listener);
  }

  async close(options: { readonly timeout?: Duration } = {}): Promise<void> {
    const graceMs = toMs(options.timeout ?? CLOSE_TIMEOUT_MS, "timeout");
    // A pool that never had a request has no transport either; one made now would be closed at once.
    // Where there can be none, nothing was opened.
    const engine = this.#engine ?? (await (this.#loading ?? this.#load()).catch(() => undefined));
    await engine?.pool.close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #load(): Promise<Engine> {
    this.#loading ??= import("../transports/detect.ts")
      .then(({ detectTransport }) => detectTransport())
      .then((transport) => {
        this.#engine = this.#build(transport);
        return this.#engine;
      })
      .catch((error) => {
        // What kept it from being there may have passed when the next request asks.
        this.#loading = undefined;
        throw error;
      });
    return this.#loading;
  }

  #build(transport: Transport): Engine {
    const settings = { ...this.#settings, clock: clockWith(this.#settings.clock, transport.turn) };
    const { text, alloc } = codecOf(transport, settings.transport !== undefined);
    const findDecoder = decodersOf(transport);
    this.#observers.publishOn(transport);
    const makeWire = () => new Wire(settings.limits, text, alloc);
    const dialer = dialerOf(settings, transport);
    const pool = new ConnectionPool(settings, transport, this.#observers, makeWire, dialer);
    const common = { ...this.#terms, pool, rememberContext: transport.context };
    const memo = transport.copiesHeaders === true ? new HeaderMemo() : undefined;
    const defaults = defaultHeaders(USER_AGENT, findDecoder);
    return {
      pool,
      request: common,
      fetch: { ...common, findDecoder, defaults, lazy: transport.lazyResponse === true, memo },
    };
  }
}
