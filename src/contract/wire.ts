/**
 * Wire: what the protocol of a connection offers an exchange, and what it reports to the exchange. HTTP/1.1 (`src/http1/`)
 * has one exchange at a time. A protocol with streams gives each exchange a stream of its own.
 *
 * `src/exchange/` knows no protocol beyond this file. A wire knows no pool, no deadline and no promise.
 */

import type { ProtocolError } from "./errors.ts";
import type { Origin } from "./origin.ts";
import type { RetireReason } from "./reasons.ts";
import type { Alloc, Socket, TextCodec, TransportError } from "./transport.ts";
import type { FunctionFault } from "./user-functions.ts";
import type { HttpVersion, WireProtocol } from "./wire-protocol.ts";

/** Header fields of a request, checked and written out. */
export interface RequestFields {
  /** `name: value CR LF` for each field that is sent as given. */
  readonly lines: string;
  /** Names of all the caller's fields in lower case, including those that are not in `lines`. */
  readonly names: ReadonlySet<string>;
  /** The caller's `Host`, instead of the origin's. */
  readonly host: string | undefined;
  readonly contentLength: number | undefined;
  /** `Connection: close` was asked for. */
  readonly close: boolean;
  /** `Expect: 100-continue` was asked for. */
  readonly expectContinue: boolean;
  /** Value of `Upgrade`: the protocols to switch to. `undefined` in requests that ask for no other protocol. */
  readonly upgrade: string | undefined;
}

/** What the head of a request is written from. */
export interface RequestMessage {
  readonly method: string;
  readonly origin: Origin;
  /** Path and query. */
  readonly target: string;
  readonly fields: RequestFields;
  /** `undefined` without a body. The wire frames a body of unknown length as it is written. */
  readonly body: { readonly length: number | undefined } | undefined;
}

/** What a request must say if a proxy reads and forwards it (RFC 9112 §3.2.2). */
export interface ForwardedBy {
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** The head of a response, as every protocol has it. */
export interface ResponseHead {
  readonly status: number;
  readonly httpVersion: HttpVersion;
  /**
   * The status line and the fields, each line ended by CR LF, with one character per byte. A protocol without a status line
   * makes one, so that all heads can be parsed in the same way.
   */
  readonly text: string;
  /** The `Transfer-Encoding` value, if there is one. */
  readonly transferEncoding: string | undefined;
  /** Whether there is a `Content-Encoding`. */
  readonly coded: boolean;
}

/** What a server announced with a response. */
export interface WireHints {
  /** This was the last response on the connection. */
  readonly close: boolean;
  /** How long the server keeps an idle connection, in ms. */
  readonly timeoutMs?: number | undefined;
  /** The number of further requests that it accepts on the connection. */
  readonly remaining?: number | undefined;
  /** The announcement as text, if it was not understood. */
  readonly ignored?: string | undefined;
}

/** What makes a response fail: the peer sent something malformed, or a user's function that reads it failed. */
export type WireFault = ProtocolError | FunctionFault;

/** Receives the parts of a response, in the order `interim*`, `head`, `body*`. */
export interface ResponseSink {
  /** A 1xx response; the final one follows. */
  interim(head: ResponseHead): void;
  /** The final head, with the length of the body: 0 without a body, `undefined` if the head does not announce it. */
  head(head: ResponseHead, length: number | undefined): void;
  /** Body data with its framing removed; valid only during the call. */
  body(bytes: Uint8Array, start: number, end: number): void;
}

/** Callbacks of an exchange, called from {@linkcode Wire.open} to {@linkcode WireStream.close}. They must not throw. */
export interface WireListener extends ResponseSink {
  /** Called after everything that arrived at once was passed on, while the response is not complete. */
  progress(): void;
  /** The same, when the response is complete. Called again if more bytes arrive, which makes the connection unusable. */
  complete(trailers: string): void;
  /** After {@linkcode WireBody.write} returned `false`: more of the request's body can be written. */
  drained(): void;
  /**
   * Instead of `complete`, to an exchange that asked for it: the peer speaks another protocol from now on. `early`: a copy of
   * what came behind the head.
   */
  switched?(early: Uint8Array): void;
  /** The response is malformed, or a user's function that reads it failed. */
  fault(fault: WireFault): void;
  /** The peer has not processed the request. `reason` says why the connection ends, `said` how the peer told that, if it did. */
  unprocessed(reason: RetireReason, said?: TransportError): void;
  /** The connection has ended before the response was complete. `error` is `undefined` after an orderly end. */
  lost(error: TransportError | undefined): void;
  /** The pool closes and its grace is over: the exchange must fail and release the connection. */
  cut(): void;
  /** The connection was taken from an exchange that lingered. It is closed: there is nothing to release. */
  evicted(): void;
}

/** Writes a request body that follows its head. */
export interface WireBody {
  /** Bytes not yet counted; `undefined` for a body of unknown length; 0 after {@linkcode end}. */
  readonly left: number | undefined;
  /**
   * Counts bytes that will be written next, in one piece or several.
   *
   * @throws {TypeError} if the body becomes longer than its length.
   */
  count(bytes: number): void;
  /** Writes a piece. Returns `false` if the peer is behind; {@linkcode WireListener.drained} follows then. */
  write(piece: Uint8Array): boolean;
  /**
   * Ends the body. `trailers`: `name: value CR LF` for each trailer field.
   *
   * @throws {TypeError} if it is shorter than its length.
   */
  end(trailers?: string): void;
}

/** One exchange on a wire. */
export interface WireStream {
  /** Whether the connection is known to have ended, so that a request would be lost. */
  readonly gone: boolean;
  /** What the peer said when it took no more requests, if the protocol can tell. */
  readonly farewell?: TransportError | undefined;
  /**
   * Writes the head of the request, and a small body with it in the same write. `last`: the request says that no other
   * follows, if the protocol can.
   */
  send(request: RequestMessage, last: boolean, by: ForwardedBy | undefined, body?: Uint8Array): void;
  /** Prepares a body that follows the head. `length` is the one in the head. */
  openBody(length: number | undefined): WireBody;
  /** Whether any byte of a response has arrived. */
  readonly responded: boolean;
  /** Nothing at all has come on the connection since the request was sent, where the connection is shared. */
  readonly unheard?: boolean;
  /** Bytes of the response body still to come; `undefined` if the head did not announce its length. */
  readonly remaining: number | undefined;
  /** Why the connection cannot be reused whatever was announced: the end of the response is open to doubt. */
  readonly framingEnd: RetireReason | undefined;
  /** Why the connection ends by what the peer announced. */
  readonly announcedEnd: RetireReason | undefined;
  /** What the peer announced with this response, the `requests`-th on the connection. Must be called once per response. */
  hints(requests: number): WireHints;
  /** Stops reading for this exchange, which applies backpressure to the peer. */
  pause(): void;
  resume(): void;
  /** Whether a reader waits for the response: only then is the process kept alive. */
  ref(awaited: boolean): void;
  /**
   * The exchange is over and gets no more callbacks. `reason` says why its connection should end, if it should. Returns why
   * the connection must end: with streams, an exchange that was cancelled need not end its connection.
   */
  close(reason: RetireReason | undefined): RetireReason | undefined;
}

/**
 * Receives the events of a connection's socket: the wire while an exchange has the connection, or a liveness check. A
 * protocol with streams receives them from {@linkcode PoolWire.start} to the end of the connection.
 */
export interface ConnectionUser {
  /** `bytes` are valid only during the call: see {@linkcode SocketHandler.data}. */
  data(bytes: Uint8Array, length: number): void;
  drain(): void;
  /** See {@linkcode SocketHandler.writeDropped}. */
  writeDropped?(ended?: boolean, error?: TransportError): void;
  /** The socket is gone. The lease must still be released. */
  closed(error: TransportError | undefined): void;
  /** See {@linkcode WireListener.cut}. */
  cut(): void;
  /** See {@linkcode WireListener.evicted}. */
  evicted?(): void;
}

/** The connection, as its wire sees it. */
export interface WireConnection {
  readonly socket: Socket | undefined;
  user: ConnectionUser | undefined;
  /** Stops reading the socket. */
  pause(): void;
  /** Whether the socket keeps the process alive. */
  ref(awaited: boolean): void;
  /** The number of exchanges that may be open at a time changed: at least 1. May begin exchanges within the call. */
  capacityChanged(capacity: number): void;
  /**
   * No further exchange may begin; present ones go on. May be called again. `taken`: how many exchanges the peer took on this
   * connection, if it stopped of its own accord and said how many (GOAWAY with NO_ERROR, RFC 9113 §6.8).
   */
  retire(reason: RetireReason, taken?: number): void;
  /** The connection is over: every listener was told, and the socket was closed or aborted if need be. */
  ended(reason: RetireReason, error?: TransportError): void;
}

/** What a pool needs of the protocol of a connection. */
export interface PoolWire {
  readonly protocol: WireProtocol;
  /**
   * The socket is open, and no exchange has begun. Called once. Returns how many exchanges may be open at a time. A protocol
   * with streams makes itself the connection's user.
   */
  start(connection: WireConnection): number;
  /** The pool is about to close the socket, on which no exchange is open: says so to the peer, if the protocol can. */
  closing?(): void;
  /** Asks the peer for a sign of life. */
  ping?(): void;
  /** The connection is given up: each exchange is lost, as if the socket had failed with `error`. */
  giveUp?(reason: RetireReason, error: TransportError): void;
}

/** The protocol of one connection. */
export interface Wire extends PoolWire {
  readonly text: TextCodec;
  readonly alloc: Alloc;
  /** The most bytes of a body that are collected. */
  readonly bodyBytes: number;
  /** Begins an exchange. Bytes that arrive before its request is sent are reported by {@linkcode WireListener.unprocessed}. */
  open(connection: WireConnection, listener: WireListener): WireStream;
  /** The reason phrase of a head; empty if the protocol has none. */
  reasonOf(head: ResponseHead): string;
  /** Looks up the lines of a field in a head. The head is parsed on the first call. */
  linesOf(head: ResponseHead): (name: string) => readonly string[];
}
