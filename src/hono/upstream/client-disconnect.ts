/**
 * Ends upstream requests when their client goes away while the handler runs.
 *
 * Once the handler has returned, the server does this itself, by cancelling the body that it sends. Watching any longer
 * would only break that body with an error: Deno 2.9 aborts a request's signal after a successful response, too.
 */

import type { NodeOutgoing, ServerBindings } from "./server-bindings.ts";

/** The client went away, so nobody will read the answer. In logs it has nginx's status 499. */
export class ClientGoneError extends Error {
  override readonly name = "AbortError";

  constructor(cause: unknown) {
    super("The client closed the connection before it was answered", { cause });
  }
}

/**
 * What our own pool needs of an `AbortSignal`. It has one listener at a time, because the pool has one per signal. Node's
 * `AbortController`, with a listener added and removed, costs a tenth of a forwarded request (Node 20).
 */
class ClientSignal implements Pick<AbortSignal, "aborted" | "reason" | "removeEventListener"> {
  aborted = false;
  reason: unknown = undefined;
  #listener: (() => void) | undefined;
  readonly #outgoing: NodeOutgoing;
  #watches = true;

  constructor(outgoing: NodeOutgoing) {
    this.#outgoing = outgoing;
    outgoing.on?.("close", this.#onClose);
  }

  addEventListener(_type: string, listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = undefined;
  }

  stop(): void {
    this.#watches = false;
  }

  /** Only the response's own end is none of the client's: a handler may have sent it itself. */
  readonly #onClose = (): void => {
    if (!this.#watches || this.#outgoing.writableFinished === true) return;
    this.aborted = true;
    this.reason = new ClientGoneError(undefined);
    this.#listener?.();
  };
}

/**
 * Node's response, where its event `close` tells what `inbound.signal` would: the signal of @hono/node-server is made from
 * it on first access. `undefined` once it may have been emitted, and over HTTP/2, where it has other conditions.
 */
function closingResponse({ incoming, outgoing }: ServerBindings = {}): NodeOutgoing | undefined {
  const told = incoming?.httpVersionMajor === 1 && typeof outgoing?.on === "function";
  return told && outgoing.destroyed === false && incoming.socket?.destroyed === false ? outgoing : undefined;
}

/** Watches the client of one inbound request. */
export class ClientDisconnect {
  readonly #inbound: Request | undefined;
  readonly #bindings: ServerBindings | undefined;
  #controller: AbortController | undefined;
  #own: ClientSignal | undefined;

  /**
   * @param inbound The client's request; `undefined` to let upstream requests run on.
   * @param bindings What its server told beside it.
   */
  constructor(inbound: Request | undefined, bindings: ServerBindings | undefined) {
    this.#inbound = inbound;
    this.#bindings = bindings;
  }

  /** A signal that aborts when the client goes away, and with the caller's own signal if there is one. */
  signal(own: AbortSignal | null | undefined): AbortSignal | undefined {
    if (this.#inbound === undefined) return own ?? undefined;
    const gone = this.#watch(this.#inbound.signal).signal;
    // A request that is passed on brings the client's signal with it.
    return own && own !== this.#inbound.signal ? AbortSignal.any([gone, own]) : gone;
  }

  /** The same for our own pool alone, which needs little of a signal. */
  signalOfOwnPool(): AbortSignal | undefined {
    if (this.#inbound === undefined) return undefined;
    if (this.#own === undefined) {
      const outgoing = closingResponse(this.#bindings);
      if (outgoing === undefined) return this.signal(undefined);
      this.#own = new ClientSignal(outgoing);
    }
    return this.#own as unknown as AbortSignal;
  }

  /** Stops watching: the handler has returned. */
  stop(): void {
    this.#own?.stop();
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
