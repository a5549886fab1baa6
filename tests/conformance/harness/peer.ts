/** Peer: the server's end of one connection, as the script of a scenario uses it. */

import { once } from "node:events";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ByteQueue } from "./byte-queue.ts";
import { pem } from "./certs.ts";
import type { Mailbox } from "./mailbox.ts";

/** The client has closed the connection. A script that waits for it ends here, without a failure. */
export class Gone extends Error {}

/** A received request. */
export interface PeerRequest {
  readonly method: string;
  readonly path: string;
  /** The head as text, without the empty line. */
  readonly head: string;
  /** The value of a header field. */
  header(name: string): string | undefined;
}

/** Bytes that a peer reads ahead of its script. They are few, so that the client feels backpressure. */
const READ_AHEAD = 65_536;

/** One accepted connection. */
export class Peer {
  /** 1 for the first connection of the scenario. */
  readonly n: number;
  /** The index of its origin in the scenario, from 0. */
  readonly origin: number;
  readonly #socket: Socket;
  readonly #mailbox: Mailbox;
  readonly #tell: (name: string, data: string) => void;
  readonly #bytes = new ByteQueue();
  readonly #gone: Promise<void>;
  #setGone: () => void = () => {};
  #ended = false;
  #stalled = false;
  /** Discards what arrives, to see the end of the connection behind it. */
  #forgets = false;
  #wake: (() => void) | undefined;

  constructor(
    socket: Socket,
    facts: { readonly n: number; readonly origin: number },
    mailbox: Mailbox,
    tell: (name: string, data: string) => void,
  ) {
    this.n = facts.n;
    this.origin = facts.origin;
    this.#socket = socket;
    this.#mailbox = mailbox;
    this.#tell = tell;
    this.#gone = new Promise((resolve) => {
      this.#setGone = resolve;
    });
    socket.on("data", (chunk: Buffer) => this.#arrived(chunk));
    socket.on("end", () => this.#lost());
    socket.on("error", () => this.#lost());
    socket.on("close", () => this.#lost());
  }

  /** The server name in the client's TLS handshake. */
  get serverName(): string {
    return String((this.#socket as TLSSocket).servername);
  }

  /** The protocol that TLS has chosen by ALPN. */
  get alpn(): string {
    return String((this.#socket as TLSSocket).alpnProtocol);
  }

  /** The port at the client's end. */
  get clientPort(): number {
    return this.#socket.remotePort ?? 0;
  }

  /** The port at the server's end. */
  get serverPort(): number {
    return this.#socket.localPort ?? 0;
  }

  // Reading

  /** The next request up to the end of its head. */
  async head(): Promise<PeerRequest> {
    const head = (await this.#through("\r\n\r\n")).toString("latin1").slice(0, -4);
    const [method = "", path = ""] = head.split(" ");
    const header = (name: string): string | undefined =>
      new RegExp(`^${name}:[ \t]*(.*)$`, "im").exec(head)?.[1]?.trim();
    return { method, path, head, header };
  }

  /** The next `count` bytes. */
  async read(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) await this.#more();
    return this.#bytes.take(count);
  }

  /** The next request. Its body is read and discarded. */
  async request(): Promise<PeerRequest> {
    const request = await this.head();
    await this.body(request);
    return request;
  }

  /** Reads the body of a request by the framing in its head. Returns its length. */
  async body(request: PeerRequest, take: (piece: Buffer) => void = () => {}): Promise<number> {
    if (request.header("transfer-encoding") === undefined) {
      return this.#pass(Number(request.header("content-length") ?? 0), take);
    }
    let total = 0;
    for (;;) {
      const size = Number.parseInt((await this.#through("\r\n")).toString(), 16);
      total += await this.#pass(size, take);
      await this.#through("\r\n");
      if (size === 0) return total;
    }
  }

  /** Passes on that many bytes as they arrive. */
  async #pass(count: number, take: (piece: Buffer) => void): Promise<number> {
    for (let left = count; left > 0; ) {
      if (this.#bytes.length === 0) await this.#more();
      const piece = this.#bytes.take(left);
      left -= piece.length;
      take(piece);
    }
    return count;
  }

  async #through(mark: string): Promise<Buffer> {
    for (;;) {
      const found = this.#bytes.takeThrough(mark);
      if (found !== undefined) return found;
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Gone();
    this.#flow();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  #arrived(chunk: Buffer): void {
    if (this.#forgets) return;
    this.#bytes.push(chunk);
    if (this.#stalled || this.#bytes.length >= READ_AHEAD) this.#socket.pause();
    this.#wake?.();
  }

  #flow(): void {
    this.#stalled = false;
    this.#socket.resume();
  }

  /** Stops reading until the script reads again. */
  stall(): void {
    this.#stalled = true;
    this.#socket.pause();
  }

  /** Starts TLS, like the origin at the end of a tunnel. Returns the peer to use from then on. */
  startTls(alpn?: readonly string[]): Peer {
    this.#socket.removeAllListeners("data").removeAllListeners("end");
    const options = { isServer: true, cert: pem("server.pem"), key: pem("server.key") };
    const secure = new TLSSocket(this.#socket, { ...options, ...alpnOption(alpn) });
    return new Peer(secure, this, this.#mailbox, this.#tell);
  }

  // Writing

  /** Writes text (one byte per character) or bytes. Resolves once the kernel has accepted everything. */
  async send(data: string | Uint8Array): Promise<void> {
    const taken = typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data);
    if (taken || this.#socket.destroyed) return;
    await Promise.race([once(this.#socket, "drain"), this.#gone]);
    if (this.#ended) throw new Gone();
  }

  /** Sends FIN, after everything written. */
  end(): void {
    this.#socket.end();
  }

  /** Sends FIN. Resolves once the kernel has it. */
  async ended(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end(resolve));
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Drops the connection at the end of the scenario. */
  destroy(): void {
    this.#socket.destroy();
  }

  // Signals

  /** Waits until the client has ended the connection, by FIN or RST. */
  async gone(): Promise<void> {
    this.#forgets = true;
    if (!this.#ended) this.#flow();
    await this.#gone;
  }

  #lost(): void {
    this.#ended = true;
    this.#setGone();
    this.#wake?.();
  }

  /** Sends a signal to the scenario's client. */
  signal(name: string, data: string | number = ""): void {
    this.#tell(name, String(data));
  }

  /** Waits for a signal of the scenario's client. */
  wait(name: string): Promise<string> {
    return this.#mailbox.wait(name);
  }
}

/** What a TLS server takes in ALPN. */
export function alpnOption(alpn: readonly string[] | undefined): { readonly ALPNProtocols?: string[] } {
  return alpn === undefined ? {} : { ALPNProtocols: [...alpn] };
}
