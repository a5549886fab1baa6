/** Peer: the server's end of one connection, in the words of a scenario's script. */

import { once } from "node:events";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ByteQueue } from "./byte-queue.ts";
import { pem } from "./certs.ts";
import type { Mailbox } from "./mailbox.ts";

/** The client is gone: a script that waited for it ends here, without a failure. */
export class Gone extends Error {}

/** A request as it came. */
export interface PeerRequest {
  readonly method: string;
  readonly path: string;
  /** The head as text, without the empty line. */
  readonly head: string;
  /** The value of a header field. */
  header(name: string): string | undefined;
}

/** What a peer reads ahead of its script before it stops reading: little, so that the client feels it. */
const READ_AHEAD = 65_536;

/** One accepted connection. */
export class Peer {
  /** 1 for the first connection of the scenario. */
  readonly n: number;
  /** Which of the scenario's origins it was made to, from 0. */
  readonly origin: number;
  readonly #socket: Socket;
  readonly #mailbox: Mailbox;
  readonly #tell: (name: string, data: string) => void;
  readonly #bytes = new ByteQueue();
  readonly #gone: Promise<void>;
  #setGone: () => void = () => {};
  #ended = false;
  #stalled = false;
  /** Only the end is of interest any more: it shows behind everything that was sent. */
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

  /** The name the client asked for in its TLS handshake. */
  get serverName(): string {
    return String((this.#socket as TLSSocket).servername);
  }

  /** The port at the client's end. */
  get clientPort(): number {
    return this.#socket.remotePort ?? 0;
  }

  /** The port it was made to. */
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

  /** The next request, its body read and forgotten. */
  async request(): Promise<PeerRequest> {
    const request = await this.head();
    await this.body(request);
    return request;
  }

  /** Reads the body of a request as its head frames it; answers how long it was. */
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

  /** Hands on so many bytes as they come. */
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

  /** Reads nothing until the script reads again. */
  stall(): void {
    this.#stalled = true;
    this.#socket.pause();
  }

  /** Speaks TLS from here on, as the origin at the end of a tunnel does: the peer to go on with. */
  startTls(): Peer {
    this.#socket.removeAllListeners("data").removeAllListeners("end");
    const options = { isServer: true, cert: pem("server.pem"), key: pem("server.key") };
    const secure = new TLSSocket(this.#socket, options);
    return new Peer(secure, this, this.#mailbox, this.#tell);
  }

  // Writing

  /** Writes text (one byte per character) or bytes; resolves once the kernel has taken it. */
  async send(data: string | Uint8Array): Promise<void> {
    const taken = typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data);
    if (taken || this.#socket.destroyed) return;
    await Promise.race([once(this.#socket, "drain"), this.#gone]);
    if (this.#ended) throw new Gone();
  }

  /** FIN, after what was written. */
  end(): void {
    this.#socket.end();
  }

  /** The same; resolves once the kernel has the FIN. */
  async ended(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end(resolve));
  }

  /** RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Drops what is left when the scenario is over. */
  destroy(): void {
    this.#socket.destroy();
  }

  // Together

  /** Until the client has ended the connection, in whichever way its runtime has. */
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

  /** Tells the scenario's client. */
  signal(name: string, data: string | number = ""): void {
    this.#tell(name, String(data));
  }

  /** Waits for the scenario's client to say so. */
  wait(name: string): Promise<string> {
    return this.#mailbox.wait(name);
  }
}
