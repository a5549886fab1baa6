/**
 * Wire: what a protocol offers an exchange on one connection, and what it tells the exchange. HTTP/1.1 (`src/http1/`)
 * implements it with one exchange at a time; a protocol with streams gives each exchange a stream of its own.
 *
 * `src/exchange/` knows nothing of a protocol but this file. A wire knows nothing of pools, rules and deadlines.
 */

import type { ProtocolError } from "./errors.ts";
import type { Origin } from "./origin.ts";
import type { RetireReason } from "./reasons.ts";
import type { Alloc, Socket, TextCodec, TransportError } from "./transport.ts";
import type { FunctionFault } from "./user-functions.ts";

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
}

/** What the head of a request is written from. */
export interface RequestMessage {
  readonly method: string;
  readonly origin: Origin;
  /** Path and query. */
  readonly target: string;
  readonly fields: RequestFields;
  /** `undefined` where there is no body. A body whose length is `undefined` is framed as it comes. */
  readonly body: { readonly length: number | undefined } | undefined;
}

/** What a request must say because a proxy reads it (RFC 9112 §3.2.2). */
export interface ForwardedBy {
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** The head of a response, as far as everybody must know it. */
export interface ResponseHead {
  readonly status: number;
  readonly httpVersion: "1.0" | "1.1";
  /**
   * The status line and the fields, each line ended by CR LF, one character per byte. A wire without a status line writes
   * one, so that all heads are taken apart in the same way.
   */
  readonly text: string;
  /** The `Transfer-Encoding` value, where the protocol has one. */
  readonly transferEncoding: string | undefined;
  /** Whether there is a `Content-Encoding`. */
  readonly coded: boolean;
}

/** What a server announced with one response. */
export interface WireHints {
  /** It said that this was the last response. */
  readonly close: boolean;
  /** How long it keeps the connection without a request, in ms. */
  readonly timeoutMs?: number | undefined;
  /** Further requests that it will take on the connection. */
  readonly remaining?: number | undefined;
  /** What the server said, where it was not understood. */
  readonly ignored?: string | undefined;
}

/** What ends a response: what the peer sent, or a function of the user's that reads it. */
export type WireFault = ProtocolError | FunctionFault;

/** Gets the messages of a response, in order: `interim*`, `head`, `body*`. */
export interface ResponseSink {
  /** A 1xx response; the final one follows. */
  interim(head: ResponseHead): void;
  /** The final head. `length` of the body: 0 where there is none, `undefined` where the head does not say. */
  head(head: ResponseHead, length: number | undefined): void;
  /** Body data with its framing removed; valid only during the call. */
  body(bytes: Uint8Array, start: number, end: number): void;
}

/** What a wire tells an exchange, from {@linkcode Wire.open} to {@linkcode WireStream.close}. Nothing may throw. */
export interface WireListener extends ResponseSink {
  /** All that arrived at once has been told, and the response is not complete. */
  progress(): void;
  /** All that arrived at once has been told, and the response is complete. May be called again if more arrives. */
  complete(trailers: string): void;
  /** After {@linkcode WireBody.write} returned `false`: more of the request's body can be written. */
  drained(): void;
  /** The response is malformed, or a function of the user's that reads it failed. */
  fault(fault: WireFault): void;
  /** The peer has processed nothing of the request, and the connection ends for `reason`. */
  unprocessed(reason: RetireReason): void;
  /** The connection is gone. `error` is `undefined` for an orderly end. */
  lost(error: TransportError | undefined): void;
  /** The pool closes and its grace is over: the exchange must fail and release the connection. */
  cut(): void;
  /** The connection was taken from an exchange that lingered. It is closed: there is nothing to release. */
  evicted(): void;
}

/** The way of a request's body to the peer, behind the head. */
export interface WireBody {
  /** Bytes still to be announced by {@linkcode count}; `undefined` where nobody knows; 0 after {@linkcode end}. */
  readonly left: number | undefined;
  /**
   * Counts bytes that are about to be written, in one piece or several.
   *
   * @throws {TypeError} where the body becomes longer than its length.
   */
  count(bytes: number): void;
  /** Writes a piece. Returns whether it was taken: after `false`, {@linkcode WireListener.drained} follows. */
  write(piece: Uint8Array): boolean;
  /** The body is complete. @throws {TypeError} where it is shorter than its length. */
  end(): void;
}

/** What a wire offers one exchange. */
export interface WireStream {
  /** Whether the connection is known to be gone: nothing that is written now would leave. */
  readonly gone: boolean;
  /**
   * Writes the head of the request, with all of a small body in the same write. `last`: the peer is told that no other
   * request follows, where the protocol can say so.
   */
  send(request: RequestMessage, last: boolean, by: ForwardedBy | undefined, body?: Uint8Array): void;
  /** The way for a body that follows the head; `length` as the head said it. */
  openBody(length: number | undefined): WireBody;
  /** Whether any byte of a response came. */
  readonly responded: boolean;
  /** Bytes of the response's body still to come, where the head said how many. */
  readonly remaining: number | undefined;
  /** Why the connection cannot be used again whatever the peer announced: where the response ends is open to doubt. */
  readonly framingEnd: RetireReason | undefined;
  /** Why the connection ends by what the peer announced with the response. */
  readonly announcedEnd: RetireReason | undefined;
  /** What the peer announced with the response, the `requests`-th on the connection. To be called once per response. */
  hints(requests: number): WireHints;
  /** Reads no more for this exchange, so that the peer feels backpressure. */
  pause(): void;
  resume(): void;
  /** Whether somebody waits for what comes: then the process is kept alive. */
  ref(awaited: boolean): void;
  /**
   * The exchange leaves the connection and is told no more. It ended well, or for `reason`. Returns why the connection
   * must end: `undefined` where it can carry others.
   */
  close(reason: RetireReason | undefined): RetireReason | undefined;
}

/** Receives the events of a connection's socket: the wire while an exchange has the connection, or a liveness check. */
export interface ConnectionUser {
  /** `bytes` are valid only during the call: see {@linkcode SocketHandler.data}. */
  data(bytes: Uint8Array, length: number): void;
  drain(): void;
  /** See {@linkcode SocketHandler.writeDropped}. */
  writeDropped?(): void;
  /** The socket is gone. The lease must still be released. */
  closed(error: TransportError | undefined): void;
  /** See {@linkcode WireListener.cut}. */
  cut(): void;
  /** See {@linkcode WireListener.evicted}. */
  evicted?(): void;
}

/** What a wire needs of the connection it speaks on. */
export interface WireConnection {
  readonly socket: Socket | undefined;
  user: ConnectionUser | undefined;
  /** Stops reading the socket. */
  pause(): void;
  /** Whether somebody waits for what comes on it. */
  ref(awaited: boolean): void;
}

/** What a protocol keeps per connection. */
export interface Wire {
  readonly text: TextCodec;
  readonly alloc: Alloc;
  /** Bytes of a body that are collected at most. */
  readonly bodyBytes: number;
  /** Begins an exchange. What arrives before the request is sent is told as {@linkcode WireListener.unprocessed}. */
  open(connection: WireConnection, listener: WireListener): WireStream;
  /** The reason phrase of a head; empty where the protocol has none. */
  reasonOf(head: ResponseHead): string;
  /** The lines of a field of a head, taken apart with the first question. */
  linesOf(head: ResponseHead): (name: string) => readonly string[];
}
