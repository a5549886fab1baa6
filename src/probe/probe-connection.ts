/**
 * Probe connection: one connection to the server under test. It sends what it is told, and remembers what the server did and
 * when. It follows no rule of the pool: a probe wants to see what happens when nobody is careful.
 */

import type { Clock } from "../contract/clock.ts";
import { ProtocolError } from "../contract/errors.ts";
import type { Origin } from "../contract/origin.ts";
import { portableText } from "../contract/text.ts";
import type { Socket, SocketHandler, Target, Transport, TransportError } from "../contract/transport.ts";
import type { ResponseHead, ResponseSink } from "../contract/wire.ts";
import { headFields } from "../http1/parse/fields.ts";
import { announcedEnd, framingEnd } from "../http1/parse/framing.ts";
import { ResponseParser } from "../http1/parse/response-parser.ts";
import { resolveOptions } from "../options/resolve.ts";

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly minorVersion: number;
  readonly connection: string | undefined;
  readonly keepAlive: string | undefined;
  /** A field, or `undefined`. */
  readonly field: (name: string) => string | undefined;
  /** From the request to the end of the answer, in ms. */
  readonly tookMs: number;
  /** Whether another request may follow by what was said (RFC 9112 §9.3). */
  readonly persists: boolean;
}

/** How a connection ended: by FIN, by RST or another failure, or by us. */
export type EndedBy = "closed" | "reset" | "us";

/** The end of a connection. */
export interface Ending {
  readonly by: EndedBy;
  /** On the clock's time. */
  readonly at: number;
  /** What came unasked before the end, such as a 408: its first line. */
  readonly said: string | undefined;
}

/** What became of a request. */
export type Outcome =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "ended"; readonly ending: Ending }
  /** Nothing came back in time. */
  | { readonly kind: "silence" }
  /** What came back is not HTTP/1. */
  | { readonly kind: "not-http"; readonly message: string };

/** What all connections of a probe have in common. */
export interface ProbePeer {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly origin: Origin;
  readonly path: string;
  readonly target: (address: string | undefined) => Target;
}

/** How a request is made. */
export interface ProbeRequest {
  readonly method: "GET" | "HEAD";
  /** 0: HTTP/1.0. @default 1 */
  readonly minorVersion?: 0 | 1;
  /** The `Connection` field, if any. */
  readonly connection?: string;
  /** How long to wait for an answer, in ms. */
  readonly timeoutMs: number;
}

/** Says what it is, so that the owner of a server who finds it in a log knows whom to ask. */
const USER_AGENT = "holdfast-probe (https://jsr.io/@holdfast/pool)";
/** What is kept of bytes that nobody asked for. */
const SAID_LENGTH = 200;

/** One connection of a probe. */
export class ProbeConnection implements SocketHandler, ResponseSink {
  /** Requests that were answered. */
  answered = 0;
  readonly openedAt: number;
  /** When the last answer was complete, or the connection was open. */
  quietSince: number;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<Ending>;
  ending: Ending | undefined;
  readonly #peer: ProbePeer;
  readonly #parser: ResponseParser;
  #socket: Socket | undefined;
  #said = "";
  #settle: ((outcome: Outcome) => void) | undefined;
  #sentAt = 0;
  #end: (ending: Ending) => void = () => {};

  private constructor(peer: ProbePeer) {
    this.#peer = peer;
    this.#parser = new ResponseParser(resolveOptions({}).limits, peer.transport.text ?? portableText);
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
  static async open(peer: ProbePeer, signal: AbortSignal, address?: string): Promise<ProbeConnection> {
    const connection = new ProbeConnection(peer);
    const socket = await peer.transport.connect(peer.target(address), connection, signal);
    connection.#socket = socket;
    Object.assign(connection, { openedAt: peer.clock.now(), quietSince: peer.clock.now() });
    return connection;
  }

  /** The socket, for what the runtime tells of it. */
  get socket(): Socket | undefined {
    return this.#socket;
  }

  /** Sends a request and waits for its whole answer. */
  request(request: ProbeRequest): Promise<Outcome> {
    if (this.ending !== undefined) return Promise.resolve({ kind: "ended", ending: this.ending });
    this.#sentAt = this.#peer.clock.now();
    this.#parser.begin(request.method, this);
    return new Promise((resolve) => {
      const timer = this.#peer.clock.schedule(request.timeoutMs, () => this.#settled({ kind: "silence" }));
      this.#settle = (outcome) => {
        timer.cancel();
        resolve(outcome);
      };
      this.#socket?.write(this.#head(request));
    });
  }

  #head({ method, minorVersion = 1, connection }: ProbeRequest): string {
    const lines = [
      `${method} ${this.#peer.path} HTTP/1.${minorVersion}`,
      `Host: ${this.#peer.origin.host}`,
      `User-Agent: ${USER_AGENT}`,
      "Accept: */*",
      ...(connection === undefined ? [] : [`Connection: ${connection}`]),
    ];
    return `${lines.join("\r\n")}\r\n\r\n`;
  }

  /** Closes the connection from this side. */
  close(): void {
    this.#socket?.close();
    this.#finish("us");
  }

  data(bytes: Uint8Array, length: number): void {
    if (this.#settle === undefined) {
      const text = (this.#peer.transport.text ?? portableText).latin1(
        bytes,
        0,
        Math.min(length, SAID_LENGTH),
      );
      this.#said = (this.#said + text).slice(0, SAID_LENGTH);
      return;
    }
    try {
      this.#parser.feed(bytes, 0, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#settled({ kind: "not-http", message: error.message });
      return;
    }
    if (this.#parser.complete) this.#gotAnswer();
  }

  #gotAnswer(): void {
    const { head, framing } = this.#parser;
    if (head === undefined || framing === undefined) return;
    const { clock } = this.#peer;
    const fields = headFields(head.text);
    this.answered += 1;
    this.quietSince = clock.now();
    const answer: Answer = {
      status: head.status,
      minorVersion: head.minorVersion,
      connection: head.connection,
      keepAlive: head.keepAlive,
      field: (name) => fields.get(name) ?? undefined,
      tookMs: clock.now() - this.#sentAt,
      persists: framingEnd(head, framing) === undefined && announcedEnd(head) === undefined,
    };
    this.#settled({ kind: "answered", answer });
  }

  closed(error: TransportError | undefined): void {
    if (this.#settle !== undefined && error === undefined && endsAnswer(this.#parser)) this.#gotAnswer();
    this.#finish(error === undefined ? "closed" : "reset");
  }

  #finish(by: EndedBy): void {
    if (this.ending !== undefined) return;
    const said = this.#said === "" ? undefined : (this.#said.split("\r\n", 1)[0] ?? "");
    this.ending = { by, at: this.#peer.clock.now(), said };
    this.#end(this.ending);
    this.#settled({ kind: "ended", ending: this.ending });
  }

  #settled(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }

  drain(): void {}
  interim(_head: ResponseHead): void {}
  head(_head: ResponseHead, _length: number | undefined): void {}
  body(_bytes: Uint8Array, _start: number, _end: number): void {}
}

/** A body without a length ends with its connection (RFC 9112 §6.3). */
function endsAnswer(parser: ResponseParser): boolean {
  return parser.head !== undefined && parser.framing?.kind === "close";
}
