/** Tunnel: a socket to the proxy, the negotiation on it, then TLS with the origin if it has `https`. */

import type { Socket, SocketHandler, Target, TlsTarget, TransportError } from "../contract/transport.ts";
import type { ProxySetting } from "../options/proxy.ts";
import type { Connector } from "../pool/connect/connector.ts";
import type { Destination, Negotiation } from "./negotiation.ts";
import { proxyError, tlsFailed, tooSlow, unreachable } from "./proxy-errors.ts";

/** What {@linkcode openTunnel} needs. */
export interface TunnelOptions {
  readonly proxy: ProxySetting;
  /** The address of the proxy, and the socket options. */
  readonly target: Target;
  readonly to: Destination;
  readonly negotiation: Negotiation;
  /** Whether the origin may speak before it is asked anything: without TLS, an HTTP/2 server does. */
  readonly hearsFirst: boolean;
  /** For TLS with the origin. */
  readonly tls: TlsTarget | Promise<TlsTarget> | undefined;
}

/** Resolves with a paused socket inside the tunnel. Leaves nothing open if it rejects. */
export async function openTunnel(
  connector: Connector,
  options: TunnelOptions,
  handler: SocketHandler,
  signal: AbortSignal,
): Promise<Socket> {
  const { proxy, target, to } = options;
  const tls = options.tls instanceof Promise ? await options.tls : options.tls;
  const negotiation = new TunnelNegotiation(options, handler, signal);
  const socket = await connector.connect(target, negotiation, signal).catch((error: unknown) => {
    throw signal.aborted ? tooSlow(proxy, to, signal.reason) : unreachable(proxy, to, error);
  });
  await negotiation.run(socket);
  if (tls === undefined) return socket;
  const secure = await socket.startTls(tls, signal).catch((error: unknown) => {
    socket.abort();
    throw signal.aborted ? error : tlsFailed(proxy, to, error);
  });
  secure.pause();
  return secure;
}

/** Handles the events of the socket until the tunnel is open. */
class TunnelNegotiation implements SocketHandler {
  readonly #options: TunnelOptions;
  readonly #next: SocketHandler;
  readonly #signal: AbortSignal;
  #socket: Socket | undefined;
  /** An error from before `run` was called. */
  #earlyError: unknown;
  #settle: (error?: unknown) => void = (error) => {
    this.#earlyError ??= error;
  };

  constructor(options: TunnelOptions, next: SocketHandler, signal: AbortSignal) {
    this.#options = options;
    this.#next = next;
    this.#signal = signal;
  }

  /** Resolves when the tunnel is open and the socket paused. Aborts the socket if it rejects. */
  run(socket: Socket): Promise<void> {
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
      else if (this.#earlyError !== undefined) this.#settle(this.#earlyError);
      else socket.write(negotiation.opening);
    });
  }

  data(bytes: Uint8Array, length: number): void {
    const { proxy, to } = this.#options;
    if (this.#socket === undefined) return this.#settle(proxyError(proxy, to, "spoke before it was asked"));
    try {
      const { write, openAt } = this.#options.negotiation.feed(bytes, length);
      if (write !== undefined) this.#socket.write(write);
      if (openAt !== undefined) this.#opened(bytes.subarray(openAt, length));
    } catch (error) {
      this.#settle(error);
    }
  }

  #opened(surplus: Uint8Array): void {
    const { proxy, to, hearsFirst } = this.#options;
    const { length } = surplus;
    // In HTTP/1.1 and TLS the client speaks first: the origin cannot have sent bytes that came with the proxy's answer.
    if (length > 0 && !hearsFirst)
      return this.#settle(proxyError(proxy, to, `sent ${length} bytes behind its answer`));
    this.#socket?.pause();
    this.#socket?.setHandler(this.#next);
    if (length > 0) this.#next.data(surplus, length);
    this.#settle();
  }

  drain(): void {}

  closed(cause: TransportError | undefined): void {
    const { proxy, to } = this.#options;
    this.#settle(proxyError(proxy, to, "closed the connection before the tunnel was open", { cause }));
  }
}
