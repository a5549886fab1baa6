/** The part of workerd's socket interface that the transport uses, as seen in workerd 1.20261117. */

/** Settings of one socket. Others (`alpn`, `ca`, `servername` …) are ignored by the runtime without an error. */
export interface WorkersSocketOptions {
  /** `"starttls"`: plain for now, and TLS may follow. It costs nothing if it does not. */
  readonly secureTransport: "off" | "on" | "starttls";
  /** `false`: the runtime closes its side when the peer has closed its own. */
  readonly allowHalfOpen: boolean;
}

/** A socket of workerd. */
export interface WorkersSocket {
  /** Resolves when the connection, TLS included, is open. */
  readonly opened: Promise<unknown>;
  /** Resolves after FIN and RST alike; rejects if the connection never came about. */
  readonly closed: Promise<unknown>;
  /** What the peer sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the peer gets. */
  readonly writable: WritableStream<Uint8Array>;
  /** Ends both directions, without RST. */
  close(): Promise<unknown>;
  /** Starts TLS. The old streams are detached, so their locks must have been released. */
  startTls(options?: { readonly expectedServerHostname?: string }): WorkersSocket;
}

/**
 * Opens a socket: `connect` of `cloudflare:sockets`, or that of a binding (a VPC service, a container's port).
 *
 * It returns the {@linkcode WorkersSocket} at once.
 */
export type WorkersConnect = (
  address: { hostname: string; port: number },
  options: WorkersSocketOptions,
) => WorkersSocket;
