/** `poolObject()`: the class of Durable Objects that each hold a pool, whose connections outlive the requests of Workers. */

import { DurableObject } from "cloudflare:workers";
import { workersTransport } from "../../transports/workers.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { LimitStore, StoredLimit } from "../contract/limit-store.ts";
import { createPool, type FrontParts, frontParts, type Pool } from "../create-pool.ts";
import { UrlReader } from "../fetch/request-url.ts";
import { observe } from "../metrics/observe.ts";
import { PrometheusMeter } from "../metrics/prometheus.ts";
import { objectWith } from "../options/checks.ts";
import type { PoolOptions } from "../options/options.ts";
import type { Explanation } from "../pool/explain.ts";
import type { PoolStats } from "../pool/stats.ts";
import { type AllowList, allowListOf } from "./allow-list.ts";
import { BareCalls } from "./bare-call.ts";
import { answerCall, errorAnswer } from "./object-call.ts";
import { plainAnswer } from "./plain-call.ts";
import { BARE_FETCH, CALL_FIELD, callFrom, type RemoteOutcome } from "./wire-format.ts";

/** Options of {@linkcode poolObject}: those of a pool, and which origins it may connect to. */
export interface PoolObjectOptions extends PoolOptions {
  /**
   * The origins that the object connects to, as `"https://api.example.com"`. `"any"` is off: whoever has the binding can make the
   * object connect anywhere then. It has no default.
   */
  readonly allowOrigins: readonly string[] | "any";
}

/** Key and value storage of an object, as far as it is used. */
export interface ObjectStorage {
  /** The value of a key. */
  get(key: string, options: { readonly allowConcurrency: boolean }): Promise<unknown>;
  /** Keeps a value. */
  put(key: string, value: unknown, options: { readonly allowUnconfirmed: boolean }): Promise<unknown>;
}

/** What the platform gives to the constructor of an object. */
export interface ObjectContext {
  /** Where learned limits are kept. */
  readonly storage: ObjectStorage;
}

/** An object of {@linkcode poolObject}. All methods but `fetch` are called by RPC. */
export interface PoolObject {
  /** Sends a request to the origin of its URL. A `remotePool()` calls it; so may a stub itself. */
  fetch(request: Request): Promise<Response>;
  /** See `Pool.stats`. */
  stats(): PoolStats;
  /** See `Pool.explain`. */
  explain(origin: string): Explanation;
  /** See `Pool.drain`. */
  drain(origin?: string): void;
  /** The metrics of its pool since the first call, as Prometheus reads them. */
  metrics(): string;
  /** Ends the request with that number. `remotePool()` calls it, because the platform passes no signal without a flag. */
  abort(id: string): void;
  /** How the request with that number ended: the error of its body, or its trailers. Asked once. */
  outcome(id: string): object;
}

/** A class of Durable Objects. */
export type PoolObjectClass = new (ctx: ObjectContext, env: unknown) => PoolObject;

/** Outcomes that wait for somebody to ask, at most. The oldest are forgotten first. */
const MAX_OUTCOMES = 1000;

/**
 * Keeps learned limits in the storage of the object, so that an eviction does not lose them. Nothing waits for the storage: its
 * gates would hold back every answer of the object until a limit is written, which is not worth it.
 */
function storeIn(storage: ObjectStorage): LimitStore {
  const key = (origin: string): string => `holdfast:limit:${origin}`;
  return {
    get: async (origin) =>
      (await storage.get(key(origin), { allowConcurrency: true })) as StoredLimit | undefined,
    set: (origin, value) => storage.put(key(origin), value, { allowUnconfirmed: true }),
  };
}

/**
 * A class of Durable Objects that hold a pool. Export a class that extends it, and bind it in `wrangler.jsonc`.
 *
 * Learned limits are kept in the object's storage. Its connections, and with them its statistics, end when the platform ends the
 * object. While a connection is open, for at most 15 minutes, the object is billed: `idleTimeout` is a price.
 *
 * @throws {TypeError | RangeError} for an unknown or wrong option; it names the option and the value.
 *
 * @example
 * ```ts
 * export class ApiPool extends poolObject({ allowOrigins: ["https://api.example.com"], idleTimeout: "20s" }) {}
 * ```
 */
export function poolObject(options: PoolObjectOptions): PoolObjectClass {
  const { allowOrigins, ...poolOptions } = objectWith(options, "options", []);
  const allows = allowListOf(allowOrigins);
  const make = (store?: LimitStore): Pool =>
    createPool({
      // The object runs no program: from one event to the next it computes microseconds.
      transport: { ...workersTransport({ scope: "object" }), stoppingClock: "briefly" },
      ...(store === undefined || poolOptions.learn !== undefined ? {} : { learn: { store } }),
      ...poolOptions,
    });
  // Made once for its checks: wrong options are refused when the Worker starts, and not by the first request.
  make();
  return class extends DurableObject implements PoolObject {
    readonly #home: ObjectHome;

    constructor(ctx: ObjectContext, env: unknown) {
      super(ctx, env);
      this.#home = new ObjectHome(make(storeIn(ctx.storage)), allows);
    }

    fetch(request: Request): Promise<Response> {
      return this.#home.fetch(request);
    }

    stats(): PoolStats {
      return this.#home.pool.stats();
    }

    explain(origin: string): Explanation {
      return this.#home.pool.explain(origin);
    }

    drain(origin?: string): void {
      this.#home.pool.drain(origin);
    }

    metrics(): string {
      return this.#home.meter.text();
    }

    abort(id: string): void {
      this.#home.abort(id);
    }

    outcome(id: string): RemoteOutcome {
      return this.#home.outcome(id);
    }
  };
}

/** What an object keeps while it lives. */
class ObjectHome {
  readonly pool: Pool;
  #meter: PrometheusMeter | undefined = undefined;
  readonly #allows: AllowList;
  readonly #urls: UrlReader = new UrlReader();
  readonly #bare: BareCalls;
  /** Requests that their callers may abort, by number. */
  readonly #running: Map<string, AbortController> = new Map();
  #bodies = 0;
  readonly #outcomes: Map<string, RemoteOutcome> = new Map();

  constructor(pool: Pool, allows: AllowList) {
    this.pool = pool;
    this.#allows = allows;
    this.#bare = new BareCalls(frontParts(pool) as FrontParts, this);
  }

  /** Measuring costs a tenth of a small request, so it begins when somebody wants to know. */
  get meter(): PrometheusMeter {
    if (this.#meter === undefined) {
      this.#meter = new PrometheusMeter();
      observe(this.pool, this.#meter);
    }
    return this.#meter;
  }

  async fetch(request: Request): Promise<Response> {
    const url = this.#urls.read(request.url);
    const origin = url.origin.key;
    const field = request.headers.get(CALL_FIELD);
    const refused = this.#allows(origin) ? undefined : notAllowed(origin);
    if (field === null) return plainAnswer(this.pool, request, refused);
    if (refused !== undefined) return errorAnswer(refused);
    if (field === BARE_FETCH && request.method === "GET") return this.#bare.answer(url);
    const call = callFrom(field);
    if (call.id === undefined) return answerCall(this.pool, request, call, undefined, this);
    const controller = new AbortController();
    this.#running.set(call.id, controller);
    return answerCall(this.pool, request, call, controller.signal, this);
  }

  nextId(): string {
    this.#bodies += 1;
    return String(this.#bodies);
  }

  /** The request has ended. */
  ended(id: string, outcome: RemoteOutcome): void {
    this.#running.delete(id);
    if (outcome.error === undefined && (outcome.trailers ?? []).length === 0) return;
    this.#outcomes.set(id, outcome);
    const [oldest] = this.#outcomes.keys();
    if (this.#outcomes.size > MAX_OUTCOMES && oldest !== undefined) this.#outcomes.delete(oldest);
  }

  abort(id: string): void {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
  }

  outcome(id: string): RemoteOutcome {
    const outcome = this.#outcomes.get(id) ?? {};
    this.#outcomes.delete(id);
    return outcome;
  }
}

function notAllowed(origin: string): HoldfastError {
  return new HoldfastError({
    code: "ERR_NOT_ALLOWED",
    phase: "queue",
    retriable: false,
    origin,
    message: `The object may not connect to ${origin}: add it to allowOrigins of its poolObject()`,
  });
}
