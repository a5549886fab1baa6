/**
 * Probe connection: one connection to the server under test. It sends what it is told, and remembers what the server did and
 * when. It follows no rule of the pool: a probe wants to see what happens when nobody is careful.
 */

import type { Socket, SocketHandler, Target, TcpKeepAlive, TransportError } from "../contract/transport.ts";
import { ProbeHttp1 } from "./probe-http1.ts";
import { type Http2Settings, ProbeHttp2 } from "./probe-http2.ts";
import type { AnswerFacts, ProbePeer, ProbeProtocol, ProbeRequest, ProtocolOwner } from "./probe-protocol.ts";
import { type Relay, TlsRecords } from "./tls-ending.ts";

/** What a server answered, and how fast. */
export interface Answer extends AnswerFacts {
  /** From the request to the end of the answer, in ms. */
  readonly tookMs: number;
}

/** How a connection ended: it was announced over HTTP/2 (GOAWAY), by FIN, by RST or another failure, or by us. */
export type EndedBy = "announced" | "closed" | "reset" | "us";

/** The end of a connection. */
export interface Ending {
  readonly by: EndedBy;
  /** On the clock's time. */
  readonly at: number;
  /** What came unasked before the end: the first line of a 408, or a GOAWAY. */
  readonly said: string | undefined;
  /** Whether close_notify came before the FIN. `undefined`: nobody looked, or there is no TLS. */
  readonly closeNotify: boolean | undefined;
}

/** What became of a request or of a PING. */
export type Outcome =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "ponged"; readonly tookMs: number }
  | { readonly kind: "ended"; readonly ending: Ending }
  /** Nothing came back in time. */
  | { readonly kind: "silence" }
  /** What came back is not an answer in this protocol. */
  | { readonly kind: "faulty"; readonly message: string };

/** How a connection is opened. */
export interface OpenOptions {
  /** One of the server's addresses. */
  readonly address?: string | undefined;
  /** Probes of the kernel. @default none */
  readonly tcpKeepAlive?: TcpKeepAlive | undefined;
  /** Looks at how TLS ends. */
  readonly watched?: boolean | undefined;
}

/** A larger answer costs the server more than what is learned from it is worth. */
const LARGEST_ANSWER = 1_048_576;

/** One connection of a probe. */
export class ProbeConnection implements SocketHandler, ProtocolOwner {
  /** Requests that were answered. */
  answers = 0;
  /** The address that it leads to, if it was chosen. */
  readonly address: string | undefined;
  readonly openedAt: number;
  /** When the last answer was complete, or the connection was open. */
  quietSince: number;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<Ending>;
  ending: Ending | undefined;
  readonly #peer: ProbePeer;
  readonly #protocol: ProbeProtocol;
  #socket: Socket | undefined;
  #relay: Relay | undefined;
  #records: TlsRecords | undefined;
  #said: string | undefined;
  /** Bytes that have come since the request was sent. */
  #heard = 0;
  #settle: ((outcome: Outcome) => void) | undefined;
  #sentAt = 0;
  #end: (ending: Ending) => void = () => {};

  private constructor(peer: ProbePeer, address: string | undefined) {
    this.#peer = peer;
    this.address = address;
    this.#protocol = peer.protocol === "h2" ? new ProbeHttp2(this, peer) : new ProbeHttp1(this, peer);
    this.openedAt = peer.clock.now();
    this.quietSince = this.openedAt;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /**
   * Opens a connection.
   *
   * @throws {TransportError} if the server cannot be reached or trusted, or the signal's reason.
   */
  static async open(
    peer: ProbePeer,
    signal: AbortSignal,
    { address, tcpKeepAlive, watched = false }: OpenOptions = {},
  ): Promise<ProbeConnection> {
    const connection = new ProbeConnection(peer, address);
    const target: Target = { ...peer.target(address), tcpKeepAlive: tcpKeepAlive ?? false };
    const relayed = watched ? await connection.#watch(target) : undefined;
    try {
      const to = relayed === undefined ? target : { ...target, address: "127.0.0.1", port: relayed };
      connection.#socket = await peer.transport.connect(to, connection, signal);
    } catch (error) {
      connection.#relay?.close();
      throw error;
    }
    Object.assign(connection, { openedAt: peer.clock.now(), quietSince: peer.clock.now() });
    connection.#records?.quiet();
    connection.#protocol.opened();
    return connection;
  }

  /** The port of a relay to the server, where there are records to look at. */
  async #watch({ hostname, address, port }: Target): Promise<number | undefined> {
    const { relay } = this.#peer;
    if (relay === undefined) return undefined;
    const records = new TlsRecords();
    this.#relay = await relay({ hostname: address ?? hostname, port }, (bytes) => records.read(bytes));
    this.#records = records;
    return this.#relay.port;
  }

  /** The socket, for what the runtime tells of it. */
  get socket(): Socket | undefined {
    return this.#socket;
  }

  /** What the server announced over HTTP/2. */
  get settings(): Http2Settings | undefined {
    return this.#protocol instanceof ProbeHttp2 ? this.#protocol.settings : undefined;
  }

  /** Sends a request and waits for its whole answer. */
  request(request: ProbeRequest): Promise<Outcome> {
    return this.#await(request.timeoutMs, () => this.#protocol.request(request));
  }

  /** Sends a PING and waits for its answer. */
  ping(timeoutMs: number): Promise<Outcome> {
    return this.#await(timeoutMs, () => this.#protocol.ping());
  }

  #await(timeoutMs: number, send: () => void): Promise<Outcome> {
    if (this.ending !== undefined) return Promise.resolve({ kind: "ended", ending: this.ending });
    this.#sentAt = this.#peer.clock.now();
    this.#heard = 0;
    return new Promise((resolve) => {
      const timer = this.#peer.clock.schedule(timeoutMs, () => this.#settled(this.#late(timeoutMs)));
      this.#settle = (outcome) => {
        timer.cancel();
        resolve(outcome);
      };
      send();
    });
  }

  /** An answer that began and does not end is no silence. */
  #late(timeoutMs: number): Outcome {
    if (this.#heard === 0) return { kind: "silence" };
    return { kind: "faulty", message: `its answer did not end within ${Math.round(timeoutMs / 1000)} s` };
  }

  /** Closes the connection from this side. */
  close(): void {
    this.#socket?.close();
    this.#finish("us");
  }

  // SocketHandler

  data(bytes: Uint8Array, length: number): void {
    if (this.ending !== undefined) return;
    this.#heard += length;
    if (this.#heard > LARGEST_ANSWER) return this.#refuseAnswer();
    this.#protocol.receive(bytes, length);
  }

  #refuseAnswer(): void {
    this.faulty("its answer is larger than 1 MiB: ask for another path, or by HEAD");
    this.close();
  }

  closed(error: TransportError | undefined): void {
    if (error === undefined) this.#protocol.closed();
    this.#finish(error === undefined ? "closed" : "reset");
  }

  drain(): void {}

  // ProtocolOwner

  get awaits(): boolean {
    return this.#settle !== undefined;
  }

  write(bytes: string | Uint8Array): void {
    this.#socket?.write(bytes);
  }

  answered(head: AnswerFacts): void {
    const now = this.#peer.clock.now();
    this.answers += 1;
    this.quietSince = now;
    this.#records?.quiet();
    const answer: Answer = { ...head, tookMs: now - this.#sentAt };
    this.#settled({ kind: "answered", answer });
  }

  ponged(): void {
    this.#settled({ kind: "ponged", tookMs: this.#peer.clock.now() - this.#sentAt });
  }

  faulty(message: string): void {
    this.#settled({ kind: "faulty", message });
  }

  said(text: string): void {
    this.#said = text;
  }

  leaving(said: string, isLost: boolean): void {
    this.#said = said;
    if (!isLost) return;
    this.#finish("announced");
    this.#socket?.close();
  }

  #finish(by: EndedBy): void {
    if (this.ending !== undefined) return;
    const closeNotify = by === "closed" ? this.#records?.saidGoodbye : undefined;
    this.ending = { by, at: this.#peer.clock.now(), said: this.#said, closeNotify };
    this.#relay?.close();
    this.#end(this.ending);
    this.#settled({ kind: "ended", ending: this.ending });
  }

  #settled(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }
}
