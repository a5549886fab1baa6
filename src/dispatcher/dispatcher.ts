/** `dispatcher()`: a pool as a dispatcher of undici. */

import { EventEmitter } from "node:events";
import { createPool, type FrontParts, frontParts, type Pool } from "../create-pool.ts";
import { show } from "../options/checks.ts";
import type { PoolOptions } from "../options/options.ts";
import { DispatchCall, type DispatchShared } from "./dispatch-call.ts";
import { DispatchError, invalidArgument } from "./dispatch-error.ts";
import { FieldsMemo } from "./dispatch-fields.ts";
import { RequestMemo, readDispatch } from "./dispatch-request.ts";
import { type DispatchTarget, targetOf } from "./dispatch-target.ts";
import type { DispatchHandler, DispatchOptions } from "./dispatch-types.ts";
import { RunningRequests } from "./running-requests.ts";

/** Called when a dispatcher has ended. */
export type DispatcherCallback = (error: Error | null, data: null) => void;

/** A pool as a dispatcher: all that undici's functions and Node's `fetch` need of one. */
export interface PoolDispatcher {
  /** Whether `close()` was called. */
  readonly closed: boolean;
  /** Whether `destroy()` was called. */
  readonly destroyed: boolean;
  /**
   * Sends a request and tells the handler of it, errors included (`onResponseError`, `onError`). Returns `false` for a request that
   * was refused, after its handler was told; else `true`: whoever sends need not wait for `drain`, the pool's queue has its own bounds.
   *
   * @throws {DispatchError} with `UND_ERR_INVALID_ARG`, for a handler that is none.
   */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
  /**
   * Refuses new requests, and resolves when those that run have ended. A pool that the dispatcher was given stays open; one that
   * was made for it is closed.
   */
  close(): Promise<void>;
  /** The same, with a callback. */
  close(callback: DispatcherCallback): void;
  /** The same, but ends the running requests with `error`. @default an error with the code `UND_ERR_DESTROYED` */
  destroy(error?: Error | null): Promise<void>;
  /** The same, with a callback. */
  destroy(error: Error | null, callback: DispatcherCallback): void;
  /** The same, with a callback. */
  destroy(callback: DispatcherCallback): void;
}

/** The class `Dispatcher` of undici 6, 7 or 8. */
export type DispatcherClass<D extends object> = new () => D;

/**
 * A pool as a dispatcher of undici, for `setGlobalDispatcher()` and for the option `dispatcher` of undici's functions and of Node's
 * own `fetch`. It takes the handlers of undici 6, 7 and 8.
 *
 * With undici's class `Dispatcher` the result is one of these: it has `request()`, `stream()`, `compose()` and all else that the
 * class has, and its type. Without it the package undici is not needed, and `compose()` is an error.
 *
 * @param pool A pool, which stays yours to close, or the options of one.
 * @throws {TypeError | RangeError} for a pool of another kind, a class of another kind, and wrong options; it names what is wrong.
 *
 * @example
 * ```ts
 * import { Dispatcher, interceptors, request, setGlobalDispatcher } from "undici";
 * const pool = createPool({ idleTimeout: "30s" });
 * setGlobalDispatcher(dispatcher(pool, Dispatcher).compose(interceptors.retry()));
 * await request("https://api.example.com/items");
 * ```
 */
export function dispatcher(pool?: Pool | PoolOptions): PoolDispatcher;
/**
 * The same as one of undici's dispatchers, in its type.
 *
 * @throws {TypeError | RangeError} likewise.
 */
export function dispatcher<D extends object>(
  pool: Pool | PoolOptions | undefined,
  Dispatcher: DispatcherClass<D>,
): D & PoolDispatcher;
export function dispatcher(
  pool: Pool | PoolOptions = {},
  Dispatcher?: DispatcherClass<object>,
): PoolDispatcher {
  if (Dispatcher !== undefined) refuseOtherClass(Dispatcher);
  return new (withFront(Dispatcher ?? Plain, new Front(pool)))();
}

function refuseOtherClass(given: unknown): void {
  const { prototype } = (typeof given === "function" ? given : {}) as { readonly prototype?: unknown };
  const { dispatch, compose } = (prototype ?? {}) as {
    readonly dispatch?: unknown;
    readonly compose?: unknown;
  };
  if (typeof dispatch === "function" && typeof compose === "function") return;
  throw new TypeError(
    `Dispatcher must be the class of that name of undici 6, 7 or 8 (Bun has a module of its own by the name of undici, whose functions take no dispatcher): current value is ${typeof given === "function" ? `the function ${given.name}` : show(given)}`,
  );
}

/** A dispatcher without undici's package. */
class Plain extends EventEmitter {
  compose(): never {
    throw new TypeError(
      "compose() is undici's: make the dispatcher with its class, dispatcher(pool, Dispatcher)",
    );
  }
}

/** undici's class, or the plain one, with its methods over the pool. */
function withFront(Base: DispatcherClass<object>, front: Front): new () => PoolDispatcher {
  return class PoolDispatcher extends Base implements PoolDispatcher {
    get closed(): boolean {
      return front.closed;
    }

    get destroyed(): boolean {
      return front.destroyed;
    }

    dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
      return front.dispatch(options, handler);
    }

    close(callback?: DispatcherCallback): Promise<void> {
      return told(front.close(), callback);
    }

    destroy(error?: Error | null | DispatcherCallback, callback?: DispatcherCallback): Promise<void> {
      if (typeof error === "function") return told(front.destroy(undefined), error);
      return told(front.destroy(error ?? undefined), callback);
    }
  } as unknown as new () => PoolDispatcher;
}

function told(ended: Promise<void>, callback: DispatcherCallback | undefined): Promise<void> {
  if (callback === undefined) return ended;
  if (typeof callback !== "function") throw invalidArgument("invalid callback");
  return ended.then(() => callback(null, null));
}

/** What is behind every dispatcher, whatever its class. */
class Front {
  closed = false;
  destroyed = false;
  readonly #parts: FrontParts;
  /** The pool that was made for this dispatcher. */
  readonly #own: Pool | undefined;
  readonly #shared: DispatchShared = { running: new RunningRequests(), memo: new FieldsMemo() };
  readonly #requests: RequestMemo = new RequestMemo();

  constructor(pool: Pool | PoolOptions) {
    const given = frontParts(pool);
    if (given === undefined && typeof pool === "object" && pool !== null)
      for (const name of ["request", "dispatch", "addRequest"])
        if (name in pool)
          throw new TypeError(
            `pool must be made by createPool(), or be its options: an instance of ${pool.constructor?.name} cannot stand behind a dispatcher`,
          );
    this.#own = given === undefined ? createPool(pool as PoolOptions) : undefined;
    this.#parts = given ?? (frontParts(this.#own) as FrontParts);
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const target = targetOf(handler);
    const call = new DispatchCall(this.#shared, target);
    try {
      this.#refuseClosed();
      const request = readDispatch(options, this.#requests, this.#parts.reading, call.listener);
      call.begin();
      this.#send(call, request);
    } catch (error) {
      refuse(target, error);
      return false;
    }
    return true;
  }

  #send(call: DispatchCall, request: Parameters<DispatchCall["send"]>[1]): void {
    const { context } = this.#parts;
    if (context !== undefined) return call.send(context, request);
    const calledAt = this.#parts.reading.clock.now();
    this.#parts.load().then(
      (loaded) => call.send(loaded, { ...request, calledAt }),
      (error) => call.reject(error),
    );
  }

  #refuseClosed(): void {
    if (this.destroyed) throw new DispatchError("UND_ERR_DESTROYED", "The client is destroyed");
    if (this.closed) throw new DispatchError("UND_ERR_CLOSED", "The client is closed");
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.#shared.running.ended();
    await this.#own?.close({ timeout: Infinity });
  }

  async destroy(
    error: Error = new DispatchError("UND_ERR_DESTROYED", "The client is destroyed"),
  ): Promise<void> {
    this.closed = true;
    this.destroyed = true;
    this.#shared.running.abortAll(error);
    await this.#own?.close({ timeout: 0 });
  }
}

/** A request that is not sent. Its handler is told, as by undici. */
function refuse(target: DispatchTarget, error: unknown): void {
  target.failed(null, error as Error);
}
