/**
 * Ends upstream requests when their client goes away while the handler runs.
 *
 * Once the handler has returned, the server does this itself, by cancelling the body that it sends. Watching any longer
 * would only break that body with an error: Deno 2.9 aborts a request's signal after a successful response, too.
 */

/** The client went away, so nobody will read the answer. In logs it has nginx's status 499. */
export class ClientGoneError extends Error {
  override readonly name = "AbortError";

  constructor(cause: unknown) {
    super("The client closed the connection before it was answered", { cause });
  }
}

/** Watches the client of one inbound request. */
export class ClientDisconnect {
  readonly #inbound: Request | undefined;
  #controller: AbortController | undefined;

  /** `inbound` is the client's request, or `undefined` to let upstream requests run on. */
  constructor(inbound: Request | undefined) {
    this.#inbound = inbound;
  }

  /** A signal that aborts when the client goes away, and with the caller's own signal if there is one. */
  signal(own: AbortSignal | null | undefined): AbortSignal | undefined {
    if (this.#inbound === undefined) return own ?? undefined;
    const gone = this.#watch(this.#inbound.signal).signal;
    // A request that is passed on brings the client's signal with it.
    return own && own !== this.#inbound.signal ? AbortSignal.any([gone, own]) : gone;
  }

  /** Stops watching: the handler has returned. */
  stop(): void {
    if (this.#controller !== undefined) this.#inbound?.signal.removeEventListener("abort", this.#onAbort);
  }

  #watch(inbound: AbortSignal): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    this.#controller = new AbortController();
    if (inbound.aborted) this.#onAbort();
    else inbound.addEventListener("abort", this.#onAbort, { once: true });
    return this.#controller;
  }

  /** The reason must be an `Error` for Hono to handle it. The server's own may be a string (@hono/node-server). */
  readonly #onAbort = (): void => {
    this.#controller?.abort(new ClientGoneError(this.#inbound?.signal.reason));
  };
}
