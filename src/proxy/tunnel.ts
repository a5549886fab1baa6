/** Tunnel: a socket to the proxy, the negotiation on it, and TLS inside of it where the origin speaks that. */

import type { Socket, SocketHandler, Target, TlsTarget, TransportError } from "../contract/transport.ts";
import type { ProxySetting } from "../options/proxy.ts";
import type { Connector } from "../pool/connect/connector.ts";
import type { Destination, Negotiation } from "./negotiation.ts";
import { proxyError, tlsFailed, tooSlow, unreachable } from "./proxy-errors.ts";

/** What a tunnel is opened with. */
export interface TunnelOptions {
  readonly proxy: ProxySetting;
  /** The proxy as something to connect to. */
  readonly target: Target;
  readonly to: Destination;
  readonly negotiation: Negotiation;
  /** TLS with the origin. */
  readonly tls: TlsTarget | undefined;
}

/** Opens a tunnel; the socket that it resolves with is paused. Leaves nothing open when it rejects. */
export async function openTunnel(
  opener: Connector,
  options: TunnelOptions,
  handler: SocketHandler,
  signal: AbortSignal,
): Promise<Socket> {
  const { proxy, target, to, tls } = options;
  const talk = new TunnelNegotiation(options, handler, signal);
  const socket = await opener.connect(target, talk, signal).catch((error: unknown) => {
    throw signal.aborted ? tooSlow(proxy, to, signal.reason) : unreachable(proxy, to, error);
  });
  await talk.over(socket);
  if (tls === undefined) return socket;
  const secure = await socket.startTls(tls, signal).catch((error: unknown) => {
    socket.abort();
    throw signal.aborted ? error : tlsFailed(proxy, to, error);
  });
  secure.pause();
  return secure;
}

/** Has the socket until the tunnel is open. */
class TunnelNegotiation implements SocketHandler {
  readonly #options: TunnelOptions;
  readonly #next: SocketHandler;
  readonly #signal: AbortSignal;
  #socket: Socket | undefined;
  /** What went wrong before anybody listened. */
  #early: unknown;
  #settle: (error?: unknown) => void = (error) => {
    this.#early ??= error;
  };

  constructor(options: TunnelOptions, next: SocketHandler, signal: AbortSignal) {
    this.#options = options;
    this.#next = next;
    this.#signal = signal;
  }

  /** Resolves when the tunnel is open and the socket paused; drops the socket when it rejects. */
  over(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      const { proxy, to, negotiation } = this.#options;
      const abort = (): void => this.#settle(tooSlow(proxy, to, this.#signal.reason));
      this.#socket = socket;
      this.#settle = (error) => {
        this.#settle = () => {};
        this.#signal.removeEventListener("abort", abort);
        if (error === undefined) return resolve();
        socket.abort();
        reject(error);
      };
      this.#signal.addEventListener("abort", abort);
      if (this.#signal.aborted) abort();
      else if (this.#early !== undefined) this.#settle(this.#early);
      else socket.write(negotiation.opening);
    });
  }

  data(bytes: Uint8Array, length: number): void {
    const { proxy, to } = this.#options;
    if (this.#socket === undefined) return this.#settle(proxyError(proxy, to, "spoke before it was asked"));
    try {
      const { write, openAt } = this.#options.negotiation.feed(bytes, length);
      if (write !== undefined) this.#socket.write(write);
      if (openAt !== undefined) this.#opened(length - openAt);
    } catch (error) {
      this.#settle(error);
    }
  }

  #opened(surplus: number): void {
    const { proxy, to } = this.#options;
    // In an HTTP or TLS tunnel the client speaks first: what comes before that was not sent by the origin.
    if (surplus > 0) return this.#settle(proxyError(proxy, to, `sent ${surplus} bytes behind its answer`));
    this.#socket?.pause();
    this.#socket?.setHandler(this.#next);
    this.#settle();
  }

  drain(): void {}

  closed(cause: TransportError | undefined): void {
    const { proxy, to } = this.#options;
    this.#settle(proxyError(proxy, to, "closed the connection before the tunnel was open", { cause }));
  }
}
