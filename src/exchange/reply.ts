/** Reply: the caller's side of an exchange: a promise to settle once, and a body that ends or fails after it. */

import type { HoldfastError } from "../contract/errors.ts";
import { proxyRefusal } from "./exchange-errors.ts";
import type { Answer, WireResponse } from "./message.ts";
import type { ExchangeFailure } from "./request-events.ts";

/** What the caller has been told. */
export class Reply {
  /** Let go of once it is given: through its promise it leads to what the caller may have dropped unread. */
  #answer: Answer | undefined;
  #response: WireResponse | undefined;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  /** Whether the caller has been told. */
  get given(): boolean {
    return this.#answer === undefined;
  }

  /** The head is here. Answers whether the caller hears of it only now. */
  resolve(response: WireResponse): boolean {
    const answer = this.#answer;
    if (answer === undefined) return false;
    this.#answer = undefined;
    this.#response = response;
    // From here on the process is kept alive for whoever waits for the rest, if anybody does.
    if (!response.body.ended) response.body.rest();
    const refusal = response.head.status === 407 ? proxyRefusal(response) : undefined;
    if (refusal === undefined) answer.resolve(response);
    else refuse(answer, response, refusal);
    return true;
  }

  /** The body is complete; the caller may not even know the head yet. */
  end(response: WireResponse | undefined): void {
    if (response === undefined) return;
    response.body.end();
    this.resolve(response);
  }

  /** The exchange is over: the body is complete, or will not be; if `aborted`, what has come of it is not to be read. */
  over(response: WireResponse | undefined, failure: ExchangeFailure | undefined, aborted: boolean): void {
    if (failure === undefined) return this.end(response);
    const answer = this.#answer;
    if (answer === undefined) return this.#response?.body.fail(failure.error, aborted);
    this.#answer = undefined;
    answer.reject(failure.error);
  }
}

/** The caller gets the error; of the response, nobody wants the rest. */
function refuse(answer: Answer, response: WireResponse, refusal: HoldfastError): void {
  answer.reject(refusal);
  queueMicrotask(() => response.body.discard());
}
