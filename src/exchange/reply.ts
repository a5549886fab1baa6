/** Reply: the caller's side of an exchange. It settles the promise once, and then ends or fails the body. */

import type { HoldfastError } from "../contract/errors.ts";
import type { Wire } from "../contract/wire.ts";
import type { PooledConnection } from "../pool/connection.ts";
import { proxyRefusal } from "./exchange-errors.ts";
import type { ResponseCallbacks, WireResponse } from "./message.ts";
import type { ExchangeFailure } from "./request-events.ts";

/** The reply to one caller. */
export class Reply {
  /** Cleared when called: the promise references the response, which the caller may drop unread. */
  #callbacks: ResponseCallbacks | undefined;
  #response: WireResponse | undefined;

  constructor(callbacks: ResponseCallbacks) {
    this.#callbacks = callbacks;
  }

  /** Whether the promise was settled. */
  get settled(): boolean {
    return this.#callbacks === undefined;
  }

  /** See {@linkcode ResponseCallbacks}. */
  get copiedBytes(): number {
    return this.#callbacks?.copiedBytes ?? 0;
  }

  /** The head has arrived. Returns whether that settled the promise. */
  resolve(response: WireResponse): boolean {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return false;
    this.#callbacks = undefined;
    this.#response = response;
    // From now on only a reader that waits for the body keeps the process alive.
    if (!response.body.ended) response.body.headGiven();
    const refusal = response.head.status === 407 ? proxyRefusal(response) : undefined;
    if (refusal === undefined) callbacks.resolve(response);
    else refuse(callbacks, response, refusal);
    return true;
  }

  /** The peer speaks another protocol now. The caller takes the socket, before anybody is told. */
  switched(connection: PooledConnection<Wire>, early: Uint8Array): void {
    this.#callbacks?.switched?.(connection, early);
  }

  /** The body is complete. That may settle the promise, too. */
  end(response: WireResponse | undefined): void {
    if (response === undefined) return;
    response.body.end();
    this.resolve(response);
  }

  /** The exchange is over. If `aborted`, the part of the body that has arrived must not be read. */
  finish(response: WireResponse | undefined, failure: ExchangeFailure | undefined, aborted: boolean): void {
    if (failure === undefined) return this.end(response);
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return this.#response?.body.fail(failure.error, aborted);
    this.#callbacks = undefined;
    callbacks.reject(failure.error);
  }
}

/** Rejects the promise and discards the response. */
function refuse(callbacks: ResponseCallbacks, response: WireResponse, refusal: HoldfastError): void {
  callbacks.reject(refusal);
  queueMicrotask(() => response.body.discard());
}
