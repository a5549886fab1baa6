/** HTTP/1.1 wire: one exchange at a time on a connection, and what the server has announced there so far. */

import { ProtocolError } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { Alloc, Socket, TextCodec, TransportError } from "../contract/transport.ts";
import { FunctionFault } from "../contract/user-functions.ts";
import type {
  ConnectionUser,
  ForwardedBy,
  RequestMessage,
  ResponseHead,
  Wire,
  WireBody,
  WireConnection,
  WireFault,
  WireHints,
  WireListener,
  WireStream,
} from "../contract/wire.ts";
import { type MaxSeen, NO_MAX, remainingRequests, watchMax } from "../rules/hints.ts";
import { NO_HINTS } from "../rules/rules.ts";
import type { Http1Shared } from "./http1-shared.ts";
import { linesOf, reasonOf } from "./parse/fields.ts";
import { announcedEnd, framingEnd } from "./parse/framing.ts";
import type { ResponseParser } from "./parse/response-parser.ts";
import { BodyWriter } from "./send/body-writer.ts";
import { forwarded } from "./send/request-head.ts";

/** The wire of one connection. There is only one exchange at a time, so it is also the stream of that exchange. */
export class Http1Wire implements Wire, WireStream, ConnectionUser {
  readonly protocol = "http/1.1";
  /** Whether any byte has arrived since the request was sent. */
  responded = false;
  readonly #shared: Http1Shared;
  /** Reads the response, from its first byte on. */
  #parser: ResponseParser | undefined = undefined;
  /** What the parser must know of the request. */
  #method = "";
  #mayUpgrade = false;
  #connection: WireConnection | undefined = undefined;
  #listener: WireListener | undefined = undefined;
  /** Whether the head of the request was written. */
  #isSent = false;
  /** Whether bytes have arrived after the end of the response. */
  #surplus = false;
  #isPaused = false;
  #max: MaxSeen = NO_MAX;

  constructor(shared: Http1Shared) {
    this.#shared = shared;
  }

  get text(): TextCodec {
    return this.#shared.text;
  }

  get alloc(): Alloc {
    return this.#shared.alloc;
  }

  get bodyBytes(): number {
    return this.#shared.limits.bodyBytes;
  }

  /** Nothing is said before the first request. */
  start(): number {
    return 1;
  }

  reasonOf(head: ResponseHead): string {
    return reasonOf(head.text);
  }

  linesOf(head: ResponseHead): (name: string) => readonly string[] {
    return linesOf(head.text);
  }

  open(connection: WireConnection, listener: WireListener): WireStream {
    this.#connection = connection;
    this.#listener = listener;
    this.#isSent = false;
    this.#surplus = false;
    this.#isPaused = false;
    this.responded = false;
    connection.user = this;
    return this;
  }

  // WireStream: the exchange calls

  get gone(): boolean {
    return this.#socket().lost === true;
  }

  send(request: RequestMessage, last: boolean, by: ForwardedBy | undefined, body?: Uint8Array): void {
    if (this.#listener === undefined)
      throw new Error("Bug in Holdfast: a request was sent that no exchange opened");
    this.#isSent = true;
    this.#method = request.method;
    this.#mayUpgrade = request.fields.upgrade !== undefined;
    const head = this.#shared.lastHead.of(by === undefined ? request : forwarded(request, by), last);
    if (hasChunks(request)) this.#socket().write(head, undefined, undefined, true);
    else this.#socket().write(head, body);
  }

  openBody(length: number | undefined): WireBody {
    return new BodyWriter(this.#socket(), length);
  }

  get remaining(): number | undefined {
    return this.#parser?.remaining;
  }

  get framingEnd(): RetireReason | undefined {
    const parser = this.#parser;
    if (this.#surplus || parser?.head === undefined || parser.framing === undefined) return "bad-framing";
    return framingEnd(parser.head, parser.framing);
  }

  get announcedEnd(): RetireReason | undefined {
    const head = this.#parser?.head;
    return head === undefined ? undefined : announcedEnd(head);
  }

  hints(requests: number): WireHints {
    const head = this.#parser?.head;
    return head === undefined ? NO_HINTS : this.announced(head.keepAlive, requests);
  }

  /** What `Keep-Alive` announced with the `requests`-th response, which need not have been parsed here. Called once for each. */
  announced(keepAlive: string | undefined, requests: number): WireHints {
    // Without the header an earlier `max` stays in force, and this request counts towards it.
    if (keepAlive === undefined && this.#max.max === undefined) return NO_HINTS;
    const hint = keepAlive === undefined ? undefined : this.#shared.hintOf(keepAlive);
    this.#max = watchMax(this.#max, hint?.max);
    const remaining = remainingRequests(this.#max, requests);
    const ignored = hint?.flawed === true ? keepAlive : undefined;
    return { close: false, timeoutMs: hint?.timeoutMs, remaining, ignored };
  }

  pause(): void {
    this.#isPaused = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket().resume();
  }

  ref(awaited: boolean): void {
    this.#connection?.ref(awaited);
  }

  close(reason: RetireReason | undefined): RetireReason | undefined {
    this.#listener = undefined;
    const parser = this.#parser;
    this.#parser = undefined;
    if (parser !== undefined) this.#shared.giveParser(parser);
    if (this.#connection !== undefined) this.#connection.user = undefined;
    // After the user is cleared: bytes that arrive now belong to no exchange and retire the connection.
    if (this.#isPaused) this.resume();
    return reason;
  }

  // ConnectionUser: the connection calls

  data(bytes: Uint8Array, length: number): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    if (!this.#isSent) return listener.unprocessed("unsolicited-data");
    this.responded = true;
    const parser = this.#parser ?? this.#begin(listener);
    let end: number;
    try {
      end = parser.feed(bytes, 0, length);
      this.#surplus = end < length;
    } catch (thrown) {
      return listener.fault(faultOf(thrown));
    }
    if (!parser.complete) return listener.progress();
    if (parser.switched) listener.switched?.(new Uint8Array(bytes.subarray(end, length)));
    else listener.complete(parser.trailers);
  }

  #begin(listener: WireListener): ResponseParser {
    const parser = this.#shared.takeParser();
    parser.begin(this.#method, listener, this.#mayUpgrade);
    this.#parser = parser;
    return parser;
  }

  drain(): void {
    this.#listener?.drained();
  }

  writeDropped(ended = false, error?: TransportError): void {
    this.#listener?.unprocessed(ended ? "peer-closed" : "unsolicited-data", error);
  }

  closed(error: TransportError | undefined): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    const parser = this.#parser;
    let completes = false;
    try {
      if (error === undefined && parser !== undefined && !parser.complete) completes = parser.end();
    } catch (thrown) {
      return listener.fault(faultOf(thrown));
    }
    if (completes) listener.complete(parser?.trailers ?? "");
    else listener.lost(error);
  }

  cut(): void {
    this.#listener?.cut();
  }

  evicted(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.evicted();
  }

  /** Not a getter: see `#deadline` of the exchange. */
  #socket(): Socket {
    const socket = this.#connection?.socket;
    if (socket === undefined) throw new Error("Bug in Holdfast: a connection without a socket was granted");
    return socket;
  }
}

/** Whether the chunks of a body follow the head without an answer in between. */
function hasChunks({ body, fields }: RequestMessage): boolean {
  return body !== undefined && body.length === undefined && !fields.expectContinue;
}

/** Throws anything that is no fault of the peer or of a user's function: that is a bug in Holdfast. */
function faultOf(thrown: unknown): WireFault {
  if (thrown instanceof ProtocolError || thrown instanceof FunctionFault) return thrown;
  throw thrown;
}
