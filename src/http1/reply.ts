/** Reply: the caller's side of an exchange: a promise to settle once, and a body that ends or fails after it. */

import type { Answer, WireResponse } from "./message.ts";

/** What the caller has been told. */
export class Reply {
  readonly #answer: Answer;
  #response: WireResponse | undefined;
  #settled = false;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  /** The head is here. Answers whether the caller hears of it only now. */
  resolve(response: WireResponse): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#response = response;
    this.#answer.resolve(response);
    return true;
  }

  /** The body is complete; the caller may not even know the head yet. */
  end(response: WireResponse | undefined): void {
    if (response === undefined) return;
    response.body.end();
    this.resolve(response);
  }

  /** It will not be complete. */
  fail(error: unknown): void {
    if (this.#settled) return this.#response?.body.fail(error);
    this.#settled = true;
    this.#answer.reject(error);
  }
}
