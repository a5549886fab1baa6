/** Dispatch target: a handler of either generation, as a call tells it what happens. */

import type { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { invalidArgument } from "./dispatch-error.ts";
import type { DispatchFields } from "./dispatch-fields.ts";
import type { CurrentHandler, DispatchController, DispatchHandler, LegacyHandler } from "./dispatch-types.ts";

/** What a call tells its handler. All of it may throw what the handler throws. */
export interface DispatchTarget {
  start(controller: DispatchController): void;
  head(controller: DispatchController, status: number, fields: DispatchFields, statusText: string): void;
  data(controller: DispatchController, chunk: Buffer): void;
  end(controller: DispatchController, trailers: DispatchFields): void;
  upgraded(controller: DispatchController, status: number, fields: DispatchFields, socket: Duplex): void;
  failed(controller: DispatchController | null, error: Error): void;
  /** The request was sent, and a response began. */
  answered(): void;
}

/**
 * The target for a handler. undici 8 knows the second generation only, undici 6 the first, and undici 7 both; the `fetch` of
 * Node 20 to 24 has the first.
 *
 * @throws {DispatchError} for anything that is no handler.
 */
export function targetOf(handler: DispatchHandler): DispatchTarget {
  if (typeof handler !== "object" || handler === null) throw invalidArgument("handler must be an object");
  if ("onRequestStart" in handler && typeof handler.onRequestStart === "function")
    return new CurrentTarget(handler as CurrentHandler);
  const legacy = handler as LegacyHandler;
  if (typeof legacy.onConnect === "function" || typeof legacy.onError === "function")
    return new LegacyTarget(legacy);
  throw invalidArgument(
    "handler must have onRequestStart() as with undici 7 and 8, or onConnect() and onError() as with undici 6",
  );
}

class CurrentTarget implements DispatchTarget {
  readonly #handler: CurrentHandler;

  constructor(handler: CurrentHandler) {
    this.#handler = handler;
  }

  start(controller: DispatchController): void {
    this.#handler.onRequestStart(controller, null);
  }

  head(controller: DispatchController, status: number, fields: DispatchFields, statusText: string): void {
    this.#handler.onResponseStart?.(controller, status, fields.object(), statusText);
  }

  data(controller: DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  end(controller: DispatchController, trailers: DispatchFields): void {
    this.#handler.onResponseEnd?.(controller, trailers.object());
  }

  upgraded(controller: DispatchController, status: number, fields: DispatchFields, socket: Duplex): void {
    if (this.#handler.onRequestUpgrade === undefined)
      throw invalidArgument("invalid onRequestUpgrade method");
    this.#handler.onRequestUpgrade(controller, status, fields.object(), socket);
  }

  failed(controller: DispatchController | null, error: Error): void {
    if (this.#handler.onResponseError === undefined) throw error;
    this.#handler.onResponseError(controller, error);
  }

  answered(): void {
    this.#handler.onRequestSent?.();
    this.#handler.onResponseStarted?.();
  }
}

class LegacyTarget implements DispatchTarget {
  readonly #handler: LegacyHandler;

  constructor(handler: LegacyHandler) {
    this.#handler = handler;
  }

  start(controller: DispatchController): void {
    this.#handler.onConnect?.((reason) => controller.abort(reason), null);
  }

  head(controller: DispatchController, status: number, fields: DispatchFields, statusText: string): void {
    const resume = (): void => controller.resume();
    const goesOn = this.#handler.onHeaders?.(status, fields.raw(), resume, statusText);
    // Of an interim response the answer means nothing: undici ignores it too.
    if (goesOn === false && status >= 200) controller.pause();
  }

  data(controller: DispatchController, chunk: Buffer): void {
    if (this.#handler.onData?.(chunk) === false) controller.pause();
  }

  end(_controller: DispatchController, trailers: DispatchFields): void {
    this.#handler.onComplete?.(trailers.raw());
  }

  upgraded(_controller: DispatchController, status: number, fields: DispatchFields, socket: Duplex): void {
    if (this.#handler.onUpgrade === undefined) throw invalidArgument("invalid onUpgrade method");
    this.#handler.onUpgrade(status, fields.raw(), socket);
  }

  failed(_controller: DispatchController | null, error: Error): void {
    if (this.#handler.onError === undefined) throw error;
    this.#handler.onError(error);
  }

  answered(): void {
    this.#handler.onRequestSent?.();
    this.#handler.onResponseStarted?.();
  }
}
