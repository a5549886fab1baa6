/** `createPool()`: puts options, pool, wire and fetch together over the transport of the runtime. Nothing is decided here. */

import { detectTransport } from "../transports/detect.ts";
import { withTransportClock } from "./contract/clock.ts";
import { type Duration, toMs } from "./contract/duration.ts";
import type { PoolListener } from "./contract/events.ts";
import { inTime, OnDemand } from "./contract/on-demand.ts";
import { keysBeside, type Origin, originOf } from "./contract/origin.ts";
import { portableText } from "./contract/text.ts";
import type { Alloc, TextCodec, Transport } from "./contract/transport.ts";
import type { Wire } from "./contract/wire.ts";
import { clearedBytes } from "./exchange/body-buffer.ts";
import type { CallContext, ReadContext } from "./fetch/call-context.ts";
import { decodersOf } from "./fetch/decode.ts";
import { type FetchContext, poolFetch, poolFetchLater } from "./fetch/fetch.ts";
import type { FetchFunction } from "./fetch/fetch-function.ts";
import { defaultHeaders, type FetchInit, type FetchInput } from "./fetch/fetch-request.ts";
import { IgnoredMembers } from "./fetch/init-members.ts";
import { HELD_BYTES, type ResponseContext } from "./fetch/make-response.ts";
import type { PoolResponse } from "./fetch/pool-response.ts";
import { type RequestOptions, sendRequest, sendRequestLater } from "./fetch/request.ts";
import { UrlReader } from "./fetch/request-url.ts";
import { ResponseMemo } from "./fetch/response-memo.ts";
import type { UpgradeOptions, UpgradeResponse } from "./fetch/upgrade.ts";
import { startUpgrade } from "./fetch/upgrade-on-demand.ts";
import { Http1Shared } from "./http1/http1-shared.ts";
import { Http1Wire } from "./http1/http1-wire.ts";
import { checkedAlloc, checkedText } from "./options/checked-codec.ts";
import type { PoolOptions } from "./options/options.ts";
import { resolveOptions, type Settings, settingsFor } from "./options/resolve.ts";
import type { Dialer, Via } from "./pool/connect/dialer.ts";
import { OriginTable } from "./pool/core/origin-table.ts";
import { printIfAsked } from "./pool/debug.ts";
import { type Explanation, explain } from "./pool/explain.ts";
import { Observers } from "./pool/observers.ts";
import { ConnectionPool, type Protocols } from "./pool/pool.ts";
import { type PoolStats, poolStats } from "./pool/stats.ts";
import { canDial, dialerOf, loadDialer, refuseWithoutEnvironment } from "./proxy/dialer-of.ts";

/** `User-Agent` of a `fetch` whose caller sets none. */
const USER_AGENT = "holdfast";

/** Default of the `timeout` of {@linkcode Pool.close}. */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * Connections to any number of origins, reused by the same rules on every runtime.
 *
 * Bytes that a server sends on an idle connection end the connection: they are never taken for the answer of the next
 * request. Bytes that it sends unasked after a request was written, or less than a millisecond before, look like the
 * answer to every HTTP/1.1 client.
 */
export interface Pool extends AsyncDisposable {
  /**
   * The standard's `fetch`. It needs no `this`. It follows redirects and decodes bodies. A decoded response loses
   * `Content-Encoding` and `Content-Length`, so that it can be passed on.
   *
   * A response keeps its connection until its body has been read, cancelled, or collected as garbage with everything that
   * refers to it: the response, its stream, readers, clones, pipes. A stream that reads ahead (one half of a clone, most
   * transform streams) keeps the connection until the next piece arrives or `bodyIdleTimeout` is over, even if nobody
   * refers to it any more.
   *
   * @throws {TypeError} with a {@linkcode HoldfastError} as its `cause`; or the signal's reason, untouched.
   */
  readonly fetch: FetchFunction;
  /**
   * One request and its response, without redirects, decoding or `Response`: faster than `fetch`. It needs no `this`.
   *
   * @throws {HoldfastError} or the signal's reason, untouched. `TypeError` and `RangeError` for wrong arguments.
   */
  readonly request: (url: string | URL, options?: RequestOptions) => Promise<PoolResponse>;
  /**
   * Asks for another protocol (WebSocket, a raw stream) on an HTTP/1.1 connection, or with CONNECT for a tunnel. After 101, or
   * 2xx to CONNECT, `socket` of the response has the bytes of both directions, and the connection is retired as `upgraded`: no
   * limit, time-out, `drain()` or `close()` of the pool concerns it any more. Any other answer is an ordinary response
   * without a `socket`, whose body is to be read or discarded. It needs no `this`.
   *
   * @throws {HoldfastError} or the signal's reason, untouched. `TypeError` and `RangeError` for wrong arguments.
   */
  readonly upgrade: (url: string | URL, options: UpgradeOptions) => Promise<UpgradeResponse>;
  /** Opens connections before they are needed, until `count` (default 1) to the origin are idle or being opened. */
  preconnect(origin: string | URL, count?: number): Promise<void>;
  /** Every rule in force for an origin with its source, and the state of its connections. */
  explain(origin: string | URL): Explanation;
  /** Counts: as things stand now, and since the pool was made. */
  stats(): PoolStats;
  /** Retires the connections of an origin, or of all origins: idle ones now, active ones after their exchange. */
  drain(origin?: string | URL): void;
  /** Adds a listener of all events. The function returned removes it. */
  subscribe(listener: PoolListener): () => void;
  /**
   * Refuses new requests. Running ones may go on for `timeout` (default 5 s; `Infinity`: as long as they take), then they
   * are cut off. Resolves when every connection is closed.
   */
  close(options?: { readonly timeout?: Duration }): Promise<void>;
}

/** The parts of a pool that exist only once the transport is loaded. */
interface Engine {
  readonly pool: ConnectionPool<Wire>;
  readonly transport: Transport;
  readonly dialer: Dialer;
  readonly request: CallContext;
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

/** Whether a function is the `request` of a pool that was made here, not of a wrapper. */
export function isOwnRequest(request: Pool["request"]): boolean {
  return ownRequests.has(request);
}

const ownRequests: WeakSet<Pool["request"]> = new WeakSet();

/** What another front of a pool stands on: an `http.Agent`, a dispatcher. */
export interface FrontParts {
  readonly settings: Settings;
  /** The proxy between the pool and an origin, if there is one. Asked once the transport is loaded. */
  viaTo(origin: Origin): Via | undefined;
  /** What arguments are read with. */
  readonly reading: ReadContext;
  /** What requests are sent with; `undefined` until the transport is loaded. */
  readonly context: CallContext | undefined;
  /** The same for `fetch`. */
  readonly fetchContext: FetchContext | undefined;
  load(): Promise<CallContext>;
}

/** The parts of a pool; `undefined` for anything that was not made here. */
export function frontParts(pool: unknown): FrontParts | undefined {
  return typeof pool === "object" && pool !== null ? fronts.get(pool) : undefined;
}

const fronts: WeakMap<object, FrontParts> = new WeakMap();

/** The fastest text codec and allocator that the transport has. Those of a user's transport are checked: they may throw. */
function codecOf(
  { text, alloc }: Transport,
  usersTransport: boolean,
): { readonly text: TextCodec; readonly alloc: Alloc } {
  if (!usersTransport) return { text: text ?? portableText, alloc: alloc ?? clearedBytes };
  return {
    text: text === undefined ? portableText : checkedText(text),
    alloc: alloc === undefined ? clearedBytes : checkedAlloc(alloc),
  };
}

/** The code of HTTP/2, loaded with the first connection of the program that speaks it. */
export const http2Code: OnDemand<Pick<typeof import("./http2/http2-wire.ts"), "Http2Wire">> =
  /* @__PURE__ */ new OnDemand("HTTP/2", () => import("./http2/http2-wire.ts"));

/** What one pool speaks. */
function protocolsOf(settings: Settings, { can }: Transport, text: TextCodec, alloc: Alloc): Protocols<Wire> {
  const shared: WeakMap<Origin, Http1Shared> = new WeakMap();
  const sharedBy = (origin: Origin, { limits }: Settings): Http1Shared => {
    const known = shared.get(origin);
    if (known !== undefined) return known;
    const made = new Http1Shared(limits, text, alloc);
    shared.set(origin, made);
    return made;
  };
  return {
    // One connect attempt decides for all requests that come until it is over.
    expected(origin) {
      const { http2 } = settingsFor(settings, origin);
      const { scheme, upgrades } = origin;
      const mayBeHttp2 = http2 === "prior-knowledge" || (http2 === "alpn" && scheme === "https" && can.alpn);
      return mayBeHttp2 && upgrades !== true ? Infinity : 1;
    },
    wireOn({ alpn }, origin) {
      const own = settingsFor(settings, origin);
      const speaksHttp2 = own.http2 === "prior-knowledge" || (own.http2 === "alpn" && alpn === "h2");
      if (!speaksHttp2 || origin.upgrades === true) return new Http1Wire(sharedBy(origin, own));
      const { code } = http2Code;
      if (code !== undefined) return new code.Http2Wire(own, text, alloc);
      return http2Code.load().then(({ Http2Wire }) => new Http2Wire(own, text, alloc));
    },
  };
}

/** The user's transport, or that of the runtime. */
async function transportOf({ transport }: Settings): Promise<Transport> {
  return transport ?? detectTransport();
}

class HoldfastPool implements Pool {
  readonly fetch: FetchFunction;
  readonly #settings: Settings;
  readonly #observers: Observers;
  /** Set at once with a user's transport. What must be imported before is imported with the first request. */
  #engine: Engine | undefined;
  #loading: Promise<Engine> | undefined;
  /** `close()` was called before there was a transport. */
  #closedUnused = false;
  /** What arguments are read with, also before the transport is loaded. */
  readonly #reading: ReadContext;

  constructor(settings: Settings) {
    this.#settings = settings;
    const observers = new Observers(settings.onEvent);
    this.#observers = observers;
    const ignored = new IgnoredMembers((member) => {
      const option = `fetch.${member}` as const;
      observers.publish({ type: "option.degraded", transport: "any", option, asked: true, applied: false });
    });
    const { clock, origins } = settings;
    this.#reading = { urls: new UrlReader(), clock, usual: settings, origins, ignored };
    const { transport } = settings;
    if (transport !== undefined) {
      refuseWithoutEnvironment(settings, transport);
      // The environment is read with the first request, whether or not another pool has loaded the code for it.
      if (settings.proxy !== "env" && canDial(settings)) this.#engine = this.#build(transport);
    }
    this.fetch = this.#makeFetch();
    ownRequests.add(this.request);
    fronts.set(this, this.#frontParts());
  }

  #frontParts(): FrontParts {
    const context = (): CallContext | undefined => this.#engine?.request;
    const fetchContext = (): FetchContext | undefined => this.#engine?.fetch;
    return {
      settings: this.#settings,
      viaTo: (origin) => this.#engine?.dialer.viaTo(origin),
      reading: this.#reading,
      get context() {
        return context();
      },
      get fetchContext() {
        return fetchContext();
      },
      load: () => this.#load().then(({ request }) => request),
    };
  }

  #makeFetch(): FetchFunction {
    // A parameter with a default is not counted in `length`, as one that may be left out must not be (Web IDL §3.7.7).
    const fetch = (input: FetchInput, init: FetchInit | undefined = undefined): Promise<Response> => {
      const engine = this.#engine;
      if (engine !== undefined) return poolFetch(engine.fetch, input, init);
      const load = () => this.#load().then(({ fetch }) => fetch);
      return poolFetchLater(this.#reading, load, input, init);
    };
    fetch.preconnect = (url: string | URL): void => {
      originOf(url);
      this.preconnect(url).catch(() => {});
    };
    return fetch as FetchFunction;
  }

  readonly request = (url: string | URL, options?: RequestOptions): Promise<PoolResponse> => {
    const engine = this.#engine;
    if (engine !== undefined) return sendRequest(engine.request, url, options);
    return sendRequestLater(this.#reading, () => this.#load().then(({ request }) => request), url, options);
  };

  readonly upgrade = (url: string | URL, options: UpgradeOptions): Promise<UpgradeResponse> => {
    const engine = this.#engine;
    return startUpgrade(
      this.#reading,
      engine?.request ?? (() => this.#load().then(({ request }) => request)),
      [url, options],
      this.#inTime,
    );
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
    const pooled = this.#pooledAs(origin);
    const { pool, transport } = this.#engine ?? {};
    const settings = settingsFor(this.#settings, pooled);
    return explain(pooled.key, settings, pool?.core.origins, this.#settings.clock.now(), transport);
  }

  stats(): PoolStats {
    return poolStats(
      this.#engine?.pool.core.origins ?? new OriginTable(() => this.#settings.rules),
      this.#observers.errors,
      this.#engine?.pool.limitKeeper?.errors,
    );
  }

  drain(origin?: string | URL): void {
    const key = origin === undefined ? undefined : this.#pooledAs(origin).key;
    this.#engine?.pool.drain(key, "origin-drained");
    for (const beside of key === undefined ? [] : keysBeside(key))
      this.#engine?.pool.drain(beside, "origin-drained");
  }

  /** The origin under which its connections are counted: with a shared proxy connection, that of the proxy. */
  #pooledAs(url: string | URL): Origin {
    const origin = originOf(url);
    return this.#engine?.pool.pooledAs(origin) ?? origin;
  }

  subscribe(listener: PoolListener): () => void {
    return this.#observers.add(listener);
  }

  async close(options: { readonly timeout?: Duration } = {}): Promise<void> {
    const graceMs = toMs(options.timeout ?? CLOSE_TIMEOUT_MS, "timeout");
    if (this.#engine === undefined && this.#loading !== undefined) await this.#loading.catch(() => undefined);
    // Without a transport nothing is open. Later requests must be refused all the same.
    if (this.#engine === undefined) this.#closedUnused = true;
    else await this.#engine.pool.close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As for a connection, which waits for what is being loaded. */
  readonly #inTime = <T>(loading: Promise<T>): Promise<T> => {
    const { clock, connectTimeoutMs, requestTimeoutMs } = this.#settings;
    return inTime(loading, clock, Math.min(connectTimeoutMs, requestTimeoutMs));
  };

  #load(): Promise<Engine> {
    this.#loading ??= this.#inTime(Promise.all([transportOf(this.#settings), loadDialer(this.#settings)]))
      .then(([transport]) => {
        const engine = this.#build(transport);
        this.#engine = engine;
        if (this.#closedUnused) void engine.pool.close(0);
        return engine;
      })
      .catch((error) => {
        // The next request tries again: the cause may have passed by then.
        this.#loading = undefined;
        throw error;
      });
    return this.#loading;
  }

  #build(transport: Transport): Engine {
    const settings = { ...this.#settings, clock: withTransportClock(this.#settings.clock, transport) };
    const { text, alloc } = codecOf(transport, settings.transport !== undefined);
    const findDecoder = decodersOf(transport);
    this.#observers.publishOn(transport);
    printIfAsked(this.#observers, transport, settings.clock);
    const protocols = protocolsOf(settings, transport, text, alloc);
    const dialer = dialerOf(settings, transport);
    const pool = new ConnectionPool(settings, transport, this.#observers, protocols, dialer);
    const common = { ...this.#reading, pool, rememberContext: transport.context };
    const responses: ResponseContext = {
      findDecoder,
      lazy: transport.lazyResponse === true,
      byteStreams: transport.byteStreams !== false,
      heldBytes: transport.heldBytes ?? HELD_BYTES,
      memo: transport.lazyResponse === true ? undefined : new ResponseMemo(transport.copiesHeaders === true),
    };
    const defaults = defaultHeaders(USER_AGENT, findDecoder);
    return { pool, transport, dialer, request: common, fetch: { ...common, ...responses, defaults } };
  }
}
