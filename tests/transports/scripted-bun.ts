/**
 * A scripted Bun: `Bun.connect` with sockets of a test, which says when they open, read and end. It shows what the transport of Bun does
 * with each event, without a network that would choose the moment.
 */

import type { BunApi, BunConnectOptions, BunHandlers, BunRawSocket } from "../../transports/bun-api.ts";
import { latin1Bytes, latin1Text } from "../../transports/latin1.ts";

/** A raw socket. `calls`: what the transport had it do, in order. */
export class ScriptedBunSocket<Data> implements BunRawSocket<Data> {
  data: Data;
  readonly calls: string[] = [];
  /** How many bytes the kernel accepts yet. -1: the connection has ended. */
  room = Infinity;
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 80;
  readonly localAddress = "127.0.0.1";
  readonly localPort = 1024;
  readonly alpnProtocol = null;
  authorized = true;
  readonly #handlers: BunHandlers<Data>;

  constructor({ data, socket }: Pick<BunConnectOptions<Data>, "data" | "socket">) {
    this.data = data;
    this.#handlers = socket;
  }

  // What the test has happen.

  open(): void {
    this.#handlers.open(this);
  }

  secured(success = true, error: Error | null = null): void {
    this.#handlers.handshake(this, success, error);
  }

  session(bytes: Uint8Array): void {
    this.#handlers.session(this, bytes);
  }

  receive(text: string): void {
    this.#handlers.data(this, latin1Bytes(text) as Uint8Array<ArrayBuffer>);
  }

  drain(room = Infinity): void {
    this.room = room;
    this.#handlers.drain(this);
  }

  peerEnds(): void {
    this.#handlers.end(this);
  }

  close(error?: Error): void {
    this.#handlers.close(this, error);
  }

  fail(error: Error): void {
    this.#handlers.error(this, error);
  }

  // What the transport calls.

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.room < 0) return -1;
    const taken = Math.min(length, this.room);
    this.room -= taken;
    if (taken > 0) this.calls.push(latin1Text(bytes.subarray(offset, offset + taken)));
    return taken;
  }

  end = (): void => void this.calls.push("FIN");
  shutdown = (): void => void this.calls.push("FIN, reads on");
  terminate = (): void => void this.calls.push("RST");
  pause = (): void => void this.calls.push("pause");
  resume = (): void => void this.calls.push("resume");
  ref = (): void => void this.calls.push("ref");
  unref = (): void => void this.calls.push("unref");
  setNoDelay = (): boolean => true;
  setKeepAlive = (): boolean => true;
  setSession = (): void => void this.calls.push("session");
  getPeerCertificate = () => ({ subject: {} }) as ReturnType<BunRawSocket<Data>["getPeerCertificate"]>;
  getTLSVersion = () => "TLSv1.3";
  getCipher = () => ({ standardName: "TLS_AES_128_GCM_SHA256" });
  isSessionReused = () => false;

  upgradeTLS<Next>(options: {
    data: Next;
    socket: BunHandlers<Next>;
  }): [raw: BunRawSocket<Data>, tls: BunRawSocket<Next>] {
    const secure = new ScriptedBunSocket(options);
    this.upgraded = secure as ScriptedBunSocket<unknown>;
    return [this, secure];
  }

  upgraded: ScriptedBunSocket<unknown> | undefined;
}

/** Has `test` run where `Bun.connect` makes these sockets. They open when the test says so. */
export async function withBun(test: (sockets: ScriptedBunSocket<unknown>[]) => Promise<void>): Promise<void> {
  const sockets: ScriptedBunSocket<unknown>[] = [];
  const scripted: Pick<BunApi, "connect"> = {
    connect<Data>(options: BunConnectOptions<Data>) {
      const socket = new ScriptedBunSocket(options);
      sockets.push(socket as ScriptedBunSocket<unknown>);
      return Promise.resolve(socket);
    },
  };
  const globals = globalThis as { Bun?: unknown };
  const own = Object.getOwnPropertyDescriptor(globals, "Bun");
  Object.defineProperty(globals, "Bun", { value: scripted, configurable: true });
  try {
    await test(sockets);
  } finally {
    if (own === undefined) Reflect.deleteProperty(globals, "Bun");
    else Object.defineProperty(globals, "Bun", own);
  }
}
