/** The part of Deno's API that the transport uses. It is declared here, because the project type-checks without Deno's types. */

/** An address. That of a Unix socket has neither field. */
export interface DenoAddress {
  readonly hostname?: string;
  readonly port?: number;
}

/** `Deno.Conn`. */
export interface DenoConn {
  readonly remoteAddr: DenoAddress;
  readonly localAddr: DenoAddress;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  closeWrite(): Promise<void>;
  ref(): void;
  unref(): void;
}

/** `Deno.TcpConn`. */
export interface DenoTcpConn extends DenoConn {
  setNoDelay(noDelay: boolean): void;
  setKeepAlive(keepAlive: boolean): void;
}

/** `Deno.TlsConn`. */
export interface DenoTlsConn extends DenoConn {
  handshake(): Promise<{ readonly alpnProtocol: string | null }>;
}

/** `Deno.TcpListener`. */
export interface DenoListener {
  readonly addr: { readonly port: number };
  accept(): Promise<DenoConn>;
  close(): void;
}

/** TLS options of both `startTls` and `connectTls`. */
export interface DenoTlsOptions {
  hostname: string;
  caCerts?: string[];
  alpnProtocols?: string[];
}

/** `Deno` itself. */
export interface DenoApi {
  readonly env: { get(name: string): string | undefined };
  readonly permissions: {
    querySync(
      descriptor:
        | { name: "net"; host?: string }
        | { name: "env"; variable: string }
        | { name: "sys"; kind: "networkInterfaces" },
    ): { readonly state: string };
  };
  unrefTimer(id: number): void;
  networkInterfaces(): readonly { readonly address: string }[];
  listen(options: { hostname: string; port: number }): DenoListener;
  connect(options: { hostname: string; port: number; signal: AbortSignal }): Promise<DenoTcpConn>;
  connect(options: { transport: "unix"; path: string }): Promise<DenoConn>;
  startTls(conn: DenoConn, options: DenoTlsOptions): Promise<DenoTlsConn>;
  connectTls(options: DenoTlsOptions & { port: number; cert?: string; key?: string }): Promise<DenoTlsConn>;
}

/** The global, read when it is used: a bundler or a test may load this file on another runtime. */
export const deno = (): DenoApi => (globalThis as unknown as { Deno: DenoApi }).Deno;

/** Closes a connection, which may be closed already: Deno throws BadResource then. */
export function closeQuietly(conn: DenoConn): void {
  try {
    conn.close();
  } catch {
    // closed already
  }
}
