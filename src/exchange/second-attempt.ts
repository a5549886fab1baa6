/**
 * Second attempt: that of a request whose connection may have died without a word. `rules/doubt.ts` says which requests
 * may have one, and when.
 *
 * The exchange keeps all that the caller sees: events, deadlines, signal and promise. The second attempt only gets a fresh
 * connection and sends the request on it. If its head is the first to come, the exchange goes on with that connection.
 */

import type { RetireReason } from "../contract/reasons.ts";
import type { TransportError } from "../contract/transport.ts";
import type { ResponseHead, Wire, WireFault, WireListener, WireStream } from "../contract/wire.ts";
import { type Acquirer, isLastExchange, type Lease, type PoolWaiter } from "../pool/connection.ts";
import type { DeliveryWaiter } from "../pool/observers.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { Timed } from "../pool/timer.ts";
import { doubtAfterMs, isDoubtful, isMaybeForgotten, provesSilence, spendDoubt } from "../rules/doubt.ts";
import { giveBack, reasonToResend, returnUnused } from "./ending.ts";
import { errorContext, lostError, protocolError } from "./exchange-errors.ts";
import { firstLook, lookWaiting } from "./look.ts";
import { isKeyed, type WireRequest } from "./message.ts";
import type { RequestEvents } from "./request-events.ts";
import { Upload } from "./upload.ts";

/** The exchange, as its second attempt sees it. */
export interface DoubtingExchange extends Acquirer<Wire>, WireListener {
  readonly events: RequestEvents;
  /** How often the request was sent again. */
  readonly resendCount: number;
  /** Whether its own attempt was sent, and no byte has come since. */
  readonly unanswered: boolean;
  /** Whether something of an answer to its own attempt has come. */
  readonly isAnswering: boolean;
  /** Gives up the connection of its own attempt, whose place the second one needs. */
  yieldPlace(): void;
  /** The attempt of the exchange is another one from now on. Does nothing if the exchange ends within the call. */
  adopt(lease: Lease<Wire>, stream: WireStream): void;
  /** There is no second attempt any more. */
  secondFailed(error: Error): void;
}

/** Where a second attempt stands. It is `over` when it failed or is not needed any more. */
type State = "waiting" | "asking" | "sent" | "won" | "over";

/** Everybody whom a second attempt hears from. */
type Roles = Acquirer<Wire> & WireListener & DeliveryWaiter & Timed;

/** The second attempt of one request. */
export class SecondAttempt implements Roles {
  timerSlot: number | undefined = undefined;
  readonly requestId: number;
  readonly #exchange: DoubtingExchange;
  readonly #pool: ConnectionPool<Wire>;
  readonly #request: WireRequest;
  readonly #events: RequestEvents;
  /** What the first attempt was sent on. */
  readonly #first: Lease<Wire>;
  readonly #dueAt: number;
  /** The network was out meanwhile. Then the silence says nothing about the age of the connection. */
  readonly #wasOut: boolean;
  #state: State = "waiting";
  #waiter: PoolWaiter<Wire> | undefined = undefined;
  /** Set together with `#stream`, from the grant until the connection is given back or the exchange has it. */
  #lease: Lease<Wire> | undefined = undefined;
  #stream: WireStream | undefined = undefined;
  #yielded = false;
  #hasBegun = false;
  /** The request was written on its connection, and is not known to be unprocessed. */
  #wasSent = false;
  /** The budget has paid for it, and listeners were told, with the one before it if that got no connection. */
  #isPaid = false;
  /** When to look whether the network holds up the connection that it waits for. */
  #lookAt = Infinity;

  /**
   * Watches a request that was just sent whole, without an upload, for the time at which its connection is in doubt.
   * `undefined` if it never will be.
   */
  static of(
    exchange: DoubtingExchange,
    request: WireRequest,
    first: Lease<Wire>,
    pool: ConnectionPool<Wire>,
  ): SecondAttempt | undefined {
    if (!isMaybeForgotten(first)) return undefined;
    const setting = request.doubt ?? first.connection.settings.doubt;
    if (setting === false || !exchange.unanswered) return undefined;
    const { originRecord } = first.connection.record;
    if (unprovenMs(first) === 0) return undefined;
    const dueAt = first.grantedAt + (setting.afterMs ?? doubtAfterMs(originRecord.firstByte));
    const second = new SecondAttempt(exchange, request, first, pool, dueAt);
    pool.timer.watch(second);
    return second;
  }

  /** The second attempt of a request that waited through an outage. It is due at once. `before`: one that got no connection. */
  static afterOutage(
    exchange: DoubtingExchange,
    request: WireRequest,
    first: Lease<Wire>,
    pool: ConnectionPool<Wire>,
    before: SecondAttempt | undefined,
  ): SecondAttempt {
    const second = new SecondAttempt(exchange, request, first, pool);
    if (before !== undefined) second.#isPaid = before.#isPaid;
    return second;
  }

  constructor(
    exchange: DoubtingExchange,
    request: WireRequest,
    first: Lease<Wire>,
    pool: ConnectionPool<Wire>,
    dueAt?: number,
  ) {
    this.#exchange = exchange;
    this.requestId = exchange.requestId;
    this.#pool = pool;
    this.#request = request;
    this.#events = exchange.events;
    this.#first = first;
    this.#dueAt = dueAt ?? Infinity;
    this.#wasOut = dueAt === undefined;
  }

  /** Whether the request was in doubt, and not because of a connect attempt that failed. It is so once at most. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether it was sent in vain. Then the request has been sent twice, and no third time is due to it. */
  get wasInVain(): boolean {
    return this.#wasSent && this.#state === "over";
  }

  /**
   * The first attempt is lost. Returns whether the request may still be answered this way. While this one waits for a
   * connection, part of an answer may have come in the same poll as the loss, and a request is not sent again then.
   */
  takesOver(): boolean {
    if (this.#state === "asking" && this.#exchange.isAnswering) this.cancel();
    return this.#state === "asking" || this.#state === "sent";
  }

  /** Whether it waits for a connection. */
  get isAsking(): boolean {
    return this.#state === "asking";
  }

  /** Whether it may become due: the connection is in doubt for its age. */
  get isWaiting(): boolean {
    return this.#state === "waiting";
  }

  /** The exchange is over, was answered, or sends its request again in another way. */
  cancel(): void {
    if (this.#state === "won" || this.#state === "over") return;
    this.#state = "over";
    this.#pool.timer.drop(this);
    if (this.#waiter !== undefined && this.#lease === undefined) this.#pool.cancel(this.#waiter);
    this.#giveBack("aborted");
  }

  // Called by the timer

  dueAt(): number {
    if (this.#state === "asking") return this.#lookAt;
    return this.#state === "waiting" ? this.#dueAt : Infinity;
  }

  due(now: number): void {
    if (this.#state === "asking") return this.#look(now);
    this.#pool.timer.drop(this);
    if (this.#state !== "waiting") return;
    const isSilent = this.#exchange.unanswered && this.#unprovenMs > 0;
    if (isSilent && this.#mayBegin(now)) {
      const isTold = this.#isPaid;
      [this.#state, this.#hasBegun, this.#isPaid] = ["asking", true, true];
      if (!isTold) this.#events.doubted(this.#first, now);
      return this.#pool.observers.whenDelivered(this);
    }
    this.#state = "over";
    // A warning for requests that must not be sent twice. If the server was only slow, its answer takes it back.
    if (isSilent && !this.#wasOut) this.#pool.foundSilent(this.#first.connection, false);
  }

  get #unprovenMs(): number {
    return this.#wasOut ? Infinity : unprovenMs(this.#first);
  }

  /** Whether it does no harm, and the user's rule and the budget of the origin have nothing against it. */
  #mayBegin(now: number): boolean {
    const { method } = this.#request;
    const { resendCount } = this.#exchange;
    const [keyed, idleMs] = [isKeyed(this.#request), this.#unprovenMs];
    if (!isDoubtful({ method, keyed, replayable: true, resendCount, idleMs, provenMs: 0 })) return false;
    const at = { sent: "full", resendCount: 0, unprocessedCount: 0 } as const;
    const facts = { ...at, upload: undefined, stream: undefined, status: undefined };
    // After an outage the first request on a connection is in doubt as well.
    const lease = this.#wasOut ? { ...this.#first, requestNumber: Infinity } : this.#first;
    const reason = reasonToResend(this.#request, lease, facts);
    // The user's rule may have aborted the request.
    if (reason === undefined || this.#state !== "waiting") return false;
    const { doubtBudget } = this.#first.connection.record.originRecord;
    if (this.#isPaid || spendDoubt(doubtBudget)) return true;
    this.#events.budgetUsedUp(doubtBudget, now);
    return false;
  }

  /** All listeners were called. One may have aborted the request. */
  eventsDelivered(): void {
    if (this.#state !== "asking") return;
    if (this.#lease !== undefined) this.#send(this.#lease);
    else if (this.#waiter === undefined) this.#ask();
  }

  #ask(): void {
    const { origin, alone, deadlines } = this.#request;
    const wish = { unsafe: false, fresh: true, alone, timeoutMs: deadlines.acquireTimeoutMs };
    const waiter = this.#pool.acquire(this, origin, wish);
    this.#waiter = waiter;
    if (this.#state === "over") return this.#pool.cancel(waiter);
    const { connection } = this.#first;
    this.#watchNetwork(waiter);
    if (this.#state !== "asking" || this.#lease !== undefined || connection.multiplexed) return;
    if (!this.#pool.lacksPlace(connection)) return;
    // A limit on connections is reached. What is in doubt must not keep the place of what would answer.
    this.#yielded = this.#exchange.unanswered;
    this.#exchange.yieldPlace();
  }

  /** The connect attempt that it waits for may hang, like what it is to replace. */
  #watchNetwork(waiter: PoolWaiter<Wire>): void {
    this.#lookAt = firstLook(waiter) ?? Infinity;
    if (this.#state === "asking" && this.#lease === undefined && this.#lookAt !== Infinity)
      this.#pool.timer.watch(this);
  }

  #look(now: number): void {
    this.#lookAt = lookWaiting(this.#pool, this.#waiter, now);
  }

  // Called by the pool

  granted(lease: Lease<Wire>): void {
    this.#pool.timer.drop(this);
    // The answer to the first attempt has begun meanwhile. A request is not sent again then.
    if (this.#state === "asking" && this.#exchange.isAnswering) this.#state = "over";
    if (this.#state !== "asking") return returnUnused(this.#pool, lease);
    this.#lease = lease;
    this.#stream = lease.connection.wire.open(lease.connection, this);
    if (this.#pool.observers.allDelivered) this.#send(lease);
    else this.#pool.observers.whenDelivered(this);
  }

  rejected(error: Error): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#pool.timer.drop(this);
    // Nothing was sent. The request may have another second attempt when the network is back.
    this.#hasBegun = false;
    this.#exchange.secondFailed(error);
  }

  #send(lease: Lease<Wire>): void {
    const { body } = this.#request;
    const stream = this.#stream;
    const isWhole = body === undefined || Upload.fitsWithHead(body);
    if (stream === undefined || stream.gone || !isWhole) return this.lost(undefined);
    this.#state = "sent";
    this.#wasSent = true;
    const last = isLastExchange(lease);
    stream.send(this.#request, last, lease.connection.via?.forwarding, body?.bytes);
  }

  // Called by the wire. Once this attempt has won, all is the exchange's.

  interim(head: ResponseHead): void {
    if (this.#state === "won") this.#exchange.interim(head);
  }

  head(head: ResponseHead, length: number | undefined): void {
    if (this.#state === "sent") this.#win();
    if (this.#state === "won") this.#exchange.head(head, length);
  }

  /** Answered on a fresh connection, and soon, the request is the proof: the silence of the other one was no slowness of the server. */
  #win(): void {
    const [lease, stream] = [this.#lease, this.#stream];
    if (lease === undefined || stream === undefined) return;
    const { firstByte } = this.#first.connection.record.originRecord;
    const isProven = provesSilence(firstByte, this.#pool.loopRanAt - lease.grantedAt);
    if ((this.#yielded || this.#exchange.unanswered) && !this.#isOutageOver)
      this.#pool.foundSilent(this.#first.connection, isProven);
    this.#exchange.adopt(lease, stream);
    if (this.#state !== "sent") return;
    this.#state = "won";
    [this.#lease, this.#stream] = [undefined, undefined];
  }

  /** Whether the network was out since the first attempt was sent: a live connection would have been silent, too. */
  get #isOutageOver(): boolean {
    const { connection, grantedAt } = this.#first;
    return this.#wasOut || connection.record.originRecord.reach.backAt > grantedAt;
  }

  body(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === "won") this.#exchange.body(bytes, start, end);
  }

  progress(): void {
    if (this.#state === "won") this.#exchange.progress();
  }

  complete(trailers: string): void {
    if (this.#state === "won") this.#exchange.complete(trailers);
  }

  drained(): void {
    if (this.#state === "won") this.#exchange.drained();
  }

  fault(fault: WireFault): void {
    if (this.#state === "won") return this.#exchange.fault(fault);
    this.#failed("bad-framing", protocolError(this.#context(), fault));
  }

  unprocessed(reason: RetireReason, said?: TransportError): void {
    if (this.#state === "won") return this.#exchange.unprocessed(reason, said);
    this.#wasSent = false;
    this.#failed(reason, lostError(this.#context(), undefined, said, true));
  }

  lost(error: TransportError | undefined): void {
    if (this.#state === "won") return this.#exchange.lost(error);
    this.#failed("peer-closed", lostError(this.#context(), undefined, error));
  }

  cut(): void {
    if (this.#state !== "waiting" && this.#state !== "over") this.#exchange.cut();
  }

  evicted(): void {
    if (this.#state === "won") this.#exchange.evicted();
  }

  #failed(reason: RetireReason, error: Error): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#giveBack(reason);
    this.#exchange.secondFailed(error);
  }

  #giveBack(reason: RetireReason): void {
    const [lease, stream] = [this.#lease, this.#stream];
    if (lease === undefined || stream === undefined) return;
    [this.#lease, this.#stream] = [undefined, undefined];
    const held = { lease, stream, response: undefined };
    giveBack(this.#pool, this.#request, this.#events, held, { reason, abruptly: true });
  }

  #context() {
    const attempts = this.#exchange.resendCount + 2;
    return errorContext(
      this.#request,
      "headers",
      this.#state === "sent" ? "full" : "none",
      this.#lease,
      attempts,
    );
  }
}

/**
 * How long the connection had been idle; 0 if connections to the origin are known to live as long, or if something has come
 * since on a connection that others share.
 */
function unprovenMs({ connection }: Lease<Wire>): number {
  const { leasedIdleMs, proof, originRecord } = connection.record;
  if (connection.multiplexed && proof === "alive") return 0;
  return leasedIdleMs > originRecord.aliveMs ? leasedIdleMs : 0;
}
