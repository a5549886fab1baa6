/**
 * Inbound: the receiving half of one attempt at an exchange. It feeds the connection's parser, makes the response
 * of what comes, and knows whether anything may follow on the connection.
 */

import { ProtocolError } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import { FunctionFault } from "../contract/user-functions.ts";
import { linesOf } from "../http1/parse/fields.ts";
import { announcedEnd, type Framing, framingEnd } from "../http1/parse/framing.ts";
import type { ResponseHead } from "../http1/parse/head.ts";
import type { ResponseParser, ResponseSink } from "../http1/parse/response-parser.ts";
import type { Wire, WireHints } from "../http1/wire.ts";
import type { Settings } from "../options/resolve.ts";
import type { Lease } from "../pool/connection.ts";
import { endByTest, type PersistenceTest } from "../rules/persistence.ts";
import { NO_HINTS } from "../rules/rules.ts";
import type { BodyFlow, BodyRef } from "./body-roles.ts";
import type { Fault } from "./exchange-errors.ts";
import type { WireResponse } from "./message.ts";
import { LINGER_BYTES, LINGER_MS, LINGER_UNKNOWN_MS } from "./phase.ts";
import { ResponseBody } from "./response-body.ts";

/** Whoever the response is for. */
export interface ReceiverOwner extends BodyFlow {
  /** `100 Continue` came. */
  continued(): void;
  /** The final head came; the body follows. */
  headed(): void;
}

/** Receives one response. */
export class ResponseReceiver implements ResponseSink, BodyRef {
  /** Whether any byte of a response came. */
  responded = false;
  response: WireResponse | undefined = undefined;
  /** Bytes of the body that have come. */
  received = 0;
  readonly #lease: Lease<Wire>;
  readonly #owner: ReceiverOwner;
  readonly #parser: ResponseParser;
  readonly #method: string;
  readonly #resendCount: number;
  #framing: Framing | undefined;
  #surplus = false;
  /** How many had come when nobody wanted more; -1 while somebody does. */
  #wanted = -1;

  constructor(lease: Lease<Wire>, method: string, resendCount: number, owner: ReceiverOwner) {
    this.#lease = lease;
    this.#owner = owner;
    this.#method = method;
    this.#resendCount = resendCount;
    this.#parser = lease.connection.wire.parser;
    this.#parser.begin(method, this);
  }

  /** Whether the response has come to its end. */
  get complete(): boolean {
    return this.#parser.complete;
  }

  /** Bytes of the body still to come, where the head said how many. */
  get remaining(): number | undefined {
    return this.#parser.remaining;
  }

  /** Whether more came than is worth reading of a body that nobody wants. */
  get isTooMuch(): boolean {
    return this.#wanted >= 0 && this.received - this.#wanted > LINGER_BYTES;
  }

  /** Whether somebody waits for more. Without the lease there is nothing to hold. */
  ref(awaited: boolean): void {
    const { connection } = this.#lease;
    const user: unknown = connection.user;
    if (user === this.#owner) connection.ref(awaited);
  }

  /** Takes what arrived. Answers what is wrong with it. */
  feed(bytes: Uint8Array, length: number): Fault | undefined {
    this.responded = true;
    try {
      this.#surplus = this.#parser.feed(bytes, 0, length) < length;
    } catch (fault) {
      return faultOf(fault);
    }
    this.response?.body.pushed();
    // Copied: the parser goes on to other responses.
    if (this.#parser.complete && this.response !== undefined) this.response.trailers = this.#parser.trailers;
    return undefined;
  }

  /** The connection ended, which may complete the response. Answers what is wrong with what had come. */
  end(): Fault | undefined {
    try {
      this.#parser.end();
    } catch (fault) {
      return faultOf(fault);
    }
    return undefined;
  }

  /**
   * Nobody wants the rest of the body. Answers for how many ms it is worth reading, so that the connection can be kept:
   * not at all if it is known to be much, or nothing may follow it.
   */
  discard(test: PersistenceTest | undefined): number {
    this.#wanted = this.received;
    if (this.endsConnection(test) !== undefined) return 0;
    const { remaining } = this;
    if (remaining === undefined) return LINGER_UNKNOWN_MS;
    return remaining <= LINGER_BYTES ? LINGER_MS : 0;
  }

  /** Why nothing may follow this response on its connection, or `undefined`; `test` is the user's, if there is one. */
  endsConnection(test: PersistenceTest | undefined): RetireReason | undefined {
    if (this.#surplus) return "bad-framing";
    const { response } = this;
    if (response === undefined || this.#framing === undefined) return "bad-framing";
    const { head } = response;
    const reason = framingEnd(head, this.#framing);
    if (reason !== undefined) return reason;
    const announced = announcedEnd(head);
    if (test === undefined) return announced;
    const { proxied } = this.#lease.connection;
    const { status, minorVersion, text } = head;
    const facts = { method: this.#method, proxied, status, minorVersion, lines: linesOf(text) };
    return endByTest(test, facts, announced);
  }

  /** What the server announced with the response. */
  hints(mode: Settings["hints"]): WireHints {
    const { response } = this;
    if (response === undefined) return NO_HINTS;
    const { connection, requestNumber } = this.#lease;
    return connection.wire.hints(response.head, requestNumber, mode, connection.proxied);
  }

  // ResponseSink

  informational(head: ResponseHead): void {
    if (head.status === 100) this.#owner.continued();
  }

  head(head: ResponseHead, framing: Framing): void {
    this.#framing = framing;
    const length = framing.kind === "length" ? framing.length : undefined;
    const source = framing.kind === "none" ? undefined : this.#owner;
    const body = new ResponseBody(source, length, this.#lease.connection.wire, this);
    body.lease = this.#lease;
    const resendCount = this.#resendCount;
    this.response = { head, body, lease: this.#lease, resendCount, trailers: "" };
    this.#owner.headed();
  }

  body(bytes: Uint8Array, start: number, end: number): void {
    this.received += end - start;
    this.response?.body.push(bytes, start, end);
  }
}

/** Anything but a fault of the peer, or of a function of the user's, is a bug, and must not pass for one. */
function faultOf(thrown: unknown): Fault {
  if (thrown instanceof ProtocolError || thrown instanceof FunctionFault) return thrown;
  throw thrown;
}
