/** Reply: the caller's side of an exchange: a promise to settle once, and a body that ends or fails after it. */

import type { HoldfastError } from "../contract/errors.ts";
import { proxyRefusal } from "./exchange-errors.ts";
import type { ResponseCallbacks, WireResponse } from "./message.ts";
import type { ExchangeFailure } from "./request-events.ts";

/** What the caller has been told. */
export class Reply {
  /** Let go of once it is given: through its promise it leads to what the caller may have dropped unread. */
  #callbacks: ResponseCallbacks | undefined;
  #response: WireResponse | undefined;

  constructor(callbacks: ResponseCallbacks) {
    this.#callbacks = callbacks;
  }

  /** Whether the caller has been told. */
  get settled(): boolean {
    return this.#callbacks === undefined;
  }

  /** The head is here. Answers whether the caller hears of it only now. */
  resolve(response: WireResponse): boolean {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return false;
    this.#callbacks = undefined;
    this.#response = response;
    // From here on the process is kept alive for whoever waits for the rest, if anybody does.
    if (!response.body.ended) response.body.headGiven();
    const refusal = response.head.status === 407 ? proxyRefusal(response) : undefined;
    if (refusal === undefined) callbacks.resolve(response);
    else refuse(callbacks, response, refusal);
    return true;
  }

  /** The body is complete; the caller may not even know the head yet. */
  end(response: WireResponse | undefined): void {
    if (response === undefined) return;
    response.body.end();
    this.resolve(response);
  }

  /** The exchange is over: the body is complete, or will not be; if `aborted`, what has come of it is not to be read. */
  finish(response: WireResponse | undefined, failure: ExchangeFailure | undefined, aborted: boolean): void {
    if (failure === undefined) return this.end(response);
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return this.#response?.body.fail(failure.error, aborted);
    this.#callbacks = undefined;
    callbacks.reject(failure.error);
  }
}

/** The caller gets the error; of the response, nobody wants the rest. */
function refuse(callbacks: ResponseCallbacks, response: WireResponse, refusal: HoldfastError): void {
  callbacks.reject(refusal);
  queueMicrotask(() => response.body.discard());
}
