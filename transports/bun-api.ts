/** The part of Bun's API that the transport uses. It is declared here, because the project type-checks without Bun's types. */

import type { PeerCertificate } from "node:tls";

/** `Bun.Socket`. */
export interface BunRawSocket<Data> {
  data: Data;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly alpnProtocol: string | false | null;
  // With TLS.
  readonly authorized: boolean;
  getPeerCertificate(): PeerCertificate;
  getTLSVersion(): string;
  getCipher(): { readonly standardName: string };
  isSessionReused(): boolean;
  setSession(session: Uint8Array): void;
  /** Returns how many bytes the kernel accepted, or -1 if the connection has ended. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  end(): void;
  /** Sends FIN and reads on. */
  shutdown(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  setNoDelay(noDelay: boolean): boolean;
  setKeepAlive(enable: boolean, idleMs?: number): boolean;
  upgradeTLS<Next>(options: {
    data: Next;
    tls: BunTlsOptions;
    socket: BunHandlers<Next>;
  }): [raw: BunRawSocket<Data>, tls: BunRawSocket<Next>];
}

/** Callbacks of a socket. Bun calls them without `this`. */
export interface BunHandlers<Data> {
  open(socket: BunRawSocket<Data>): void;
  handshake(socket: BunRawSocket<Data>, success: boolean, error: Error | null): void;
  /** The peer gave a session that may be resumed. Called after the handshake (Bun 1.4). */
  session(socket: BunRawSocket<Data>, session: Uint8Array): void;
  data(socket: BunRawSocket<Data>, bytes: Uint8Array<ArrayBuffer>): void;
  drain(socket: BunRawSocket<Data>): void;
  end(socket: BunRawSocket<Data>): void;
  close(socket: BunRawSocket<Data>, error?: Error): void;
  error(socket: BunRawSocket<Data>, error: Error): void;
  connectError(socket: BunRawSocket<Data>, error: Error): void;
}

/** TLS options of `connect` and `upgradeTLS`. */
export interface BunTlsOptions {
  serverName: string;
  rejectUnauthorized: boolean;
  ca?: string[];
  cert?: string;
  key?: string;
  passphrase?: string;
  /** As TLS itself writes it: 0x0303 is TLS 1.2. */
  minVersion?: number;
  maxVersion?: number;
  ciphers?: string;
  ALPNProtocols?: Uint8Array;
}

/** What `Bun.connect` is told. */
export interface BunConnectOptions<Data> {
  readonly hostname?: string;
  readonly port?: number;
  readonly unix?: string;
  readonly allowHalfOpen?: boolean;
  tls?: BunTlsOptions;
  readonly data: Data;
  readonly socket: BunHandlers<Data>;
}

/** `Bun` itself. */
export interface BunApi {
  /** The value of a promise that is settled, also the reason of a rejected one; else the promise. */
  peek<T>(promise: Promise<T>): T | Promise<T>;
  connect<Data>(options: BunConnectOptions<Data>): Promise<BunRawSocket<Data>>;
}
