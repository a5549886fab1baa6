/**
 * Client watch: ends upstream requests when the client goes away while their handler is at work. Once the handler has
 * returned, the server does so itself, by cancelling the body that it sends. Watching on would only break that body with
 * an error, and Deno 2.9 aborts a request's signal after a successful response, too.
 */

import { ClientGone } from "./upstream-error.ts";

/** Watches one client. */
export class ClientWatch {
  readonly #inbound: Request | undefined;
  #gone: AbortController | undefined;

  /** `inbound` is the client's request, or `undefined` to let upstream requests run on. */
  constructor(inbound: Request | undefined) {
    this.#inbound = inbound;
  }

  /** A signal that aborts with the caller's own, if there is one, and when the client goes away. */
  signal(own: AbortSignal | null | undefined): AbortSignal | undefined {
    if (this.#inbound === undefined) return own ?? undefined;
    const gone = this.#begin(this.#inbound.signal).signal;
    // A request that is passed on brings the client's own signal along.
    return own && own !== this.#inbound.signal ? AbortSignal.any([gone, own]) : gone;
  }

  /** The handler has returned. */
  end(): void {
    if (this.#gone !== undefined) this.#inbound?.signal.removeEventListener("abort", this.#onAbort);
  }

  #begin(inbound: AbortSignal): AbortController {
    if (this.#gone !== undefined) return this.#gone;
    this.#gone = new AbortController();
    if (inbound.aborted) this.#onAbort();
    else inbound.addEventListener("abort", this.#onAbort, { once: true });
    return this.#gone;
  }

  /** The server's own reason may be anything, a string on @hono/node-server; Hono handles errors only. */
  readonly #onAbort = (): void => {
    this.#gone?.abort(new ClientGone(this.#inbound?.signal.reason));
  };
}
