/**
 * A scripted Deno: `Deno.connect` with connections of a test, which says when reads and writes settle. It shows what the transport of
 * Deno does with each event, without a network that would choose the moment.
 */

import type { DenoConn, DenoTcpConn, DenoTlsConn } from "../../transports/deno-api.ts";
import { latin1Bytes, latin1Text } from "../../transports/latin1.ts";

/** An operation that is under way. */
interface Pending<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A connection. `calls`: what the transport had it do, in order. */
export class ScriptedDenoConn implements DenoTcpConn {
  readonly calls: string[] = [];
  readonly remoteAddr = { hostname: "127.0.0.1", port: 80 };
  readonly localAddr = { hostname: "127.0.0.1", port: 1024 };
  /** Writes wait for {@linkcode wrote} or {@linkcode refuse}, instead of being accepted at once. */
  isFull = false;
  #reading: (Pending<number | null> & { readonly buffer: Uint8Array }) | undefined;
  #writing: (Pending<number> & { readonly length: number }) | undefined;

  // What the test has happen.

  /** Whether a read is outstanding. */
  get isRead(): boolean {
    return this.#reading !== undefined;
  }

  receive(text: string): void {
    this.#reading?.buffer.set(latin1Bytes(text));
    this.#settle()?.resolve(text.length);
  }

  peerEnds(): void {
    this.#settle()?.resolve(null);
  }

  fail(error: unknown): void {
    this.#settle()?.reject(error);
  }

  #settle(): Pending<number | null> | undefined {
    const reading = this.#reading;
    this.#reading = undefined;
    return reading;
  }

  /** The kernel accepted the write that is under way. */
  wrote(): void {
    const writing = this.#writing;
    this.#writing = undefined;
    writing?.resolve(writing.length);
  }

  refuse(error: unknown): void {
    const writing = this.#writing;
    this.#writing = undefined;
    writing?.reject(error);
  }

  // What the transport calls.

  read(buffer: Uint8Array): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.#reading = { buffer, resolve, reject };
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    this.calls.push(latin1Text(bytes));
    if (!this.isFull) return Promise.resolve(bytes.length);
    return new Promise((resolve, reject) => {
      this.#writing = { length: bytes.length, resolve, reject };
    });
  }

  /** Fails what is under way, as Deno does. */
  close(): void {
    if (this.calls.includes("close")) throw new Error("BadResource");
    this.calls.push("close");
    this.fail(new Error("Interrupted"));
    this.refuse(new Error("Interrupted"));
  }

  closeWrite(): Promise<void> {
    this.calls.push("FIN");
    return Promise.resolve();
  }

  ref = (): void => void this.calls.push("ref");
  unref = (): void => void this.calls.push("unref");
  setNoDelay = (): void => {};
  setKeepAlive = (): void => {};
}

/** A connection with TLS, whose handshake the test ends by {@linkcode ScriptedDenoTls.shake}. */
export class ScriptedDenoTls extends ScriptedDenoConn implements DenoTlsConn {
  shake: () => void = () => {};
  readonly #shaken: Promise<{ readonly alpnProtocol: null }>;

  constructor() {
    super();
    this.#shaken = new Promise((resolve) => {
      this.shake = () => resolve({ alpnProtocol: null });
    });
  }

  handshake(): Promise<{ readonly alpnProtocol: null }> {
    return this.#shaken;
  }
}

/** Has `test` run where `Deno.connect` and `Deno.startTls` make these connections. */
export async function withDeno(test: (conns: ScriptedDenoConn[]) => Promise<void>): Promise<void> {
  const conns: ScriptedDenoConn[] = [];
  const scripted = {
    connect(): Promise<DenoConn> {
      const conn = new ScriptedDenoConn();
      conns.push(conn);
      return Promise.resolve(conn);
    },
    startTls(): Promise<DenoTlsConn> {
      const conn = new ScriptedDenoTls();
      conns.push(conn);
      return Promise.resolve(conn);
    },
    // No pair of sockets for turns of the loop.
    permissions: { querySync: () => ({ state: "denied" }) },
    unrefTimer() {},
  };
  const globals = globalThis as { Deno?: unknown };
  Object.defineProperty(globals, "Deno", { value: scripted, configurable: true });
  try {
    await test(conns);
  } finally {
    Reflect.deleteProperty(globals, "Deno");
  }
}
