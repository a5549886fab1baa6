/**
 * Exchange: one request and its response, over any wire. It asks the pool for a connection, sends the request, receives the
 * response, settles the caller's promise, and gives the connection back.
 *
 * It passes through the phases of {@linkcode ExchangePhase} in their order; `done` can follow any of them. Many of the calls
 * below run functions of the user, which may abort the request. The code after such a call checks the phase again.
 */

// biome-ignore-all lint/style/noExcessiveLinesPerFile: the life of one request is one subject. What is decided on its way is elsewhere.
import type { Sent } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { TransportError } from "../contract/transport.ts";
import type { FunctionFault } from "../contract/user-functions.ts";
import type { ResponseHead, Wire, WireFault, WireStream } from "../contract/wire.ts";
import { isLastExchange, type Lease, type PoolWaiter } from "../pool/connection.ts";
import type { DeliveryWaiter } from "../pool/observers.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { Timed } from "../pool/timer.ts";
import { type Abortable, unwatchSignal, watchSignal } from "./abort.ts";
import { afterResponse, askAgain, connectionEnd, giveBack, reasonToResend, returnUnused } from "./ending.ts";
import {
  abortReason,
  cutError,
  type ErrorContext,
  errorContext,
  lostError,
  protocolError,
  timeoutError,
  uploadError,
} from "./exchange-errors.ts";
import { firstLook, LOOK_AGAIN_MS, look, lookTime } from "./look.ts";
import type { ResponseCallbacks, WireRequest, WireResponse } from "./message.ts";
import {
  dueTime,
  type ExchangePhase,
  LINGER_BYTES,
  LINGER_MS,
  lingerTime,
  passedDeadline,
  Times,
} from "./phase.ts";
import { Reply } from "./reply.ts";
import { type ExchangeFailure, RequestEvents } from "./request-events.ts";
import { type BodyFlow, ResponseBody } from "./response-body.ts";
import { type DoubtingExchange, SecondAttempt } from "./second-attempt.ts";
import { endUpload, Upload, type UploadOwner } from "./upload.ts";
import { type BodyAwaiter, WholeBody } from "./whole-body.ts";

/** One request and its response. */
export class Exchange
  implements DoubtingExchange, BodyFlow, BodyAwaiter, UploadOwner, Abortable, Timed, DeliveryWaiter
{
  timerSlot: number | undefined = undefined;
  signalSlot: number | undefined = undefined;
  readonly requestId: number;
  readonly #pool: ConnectionPool<Wire>;
  readonly #request: WireRequest;
  readonly #reply: Reply;
  readonly events: RequestEvents;
  readonly #times: Times;
  #phase: ExchangePhase = "queue";
  #waiter: PoolWaiter<Wire> | undefined = undefined;
  /** Set together with `#stream`, from the grant until the connection is given back. */
  #lease: Lease<Wire> | undefined = undefined;
  #stream: WireStream | undefined = undefined;
  #upload: Upload | undefined = undefined;
  /** Its body, if that was read before a connection was asked for. */
  #whole: WholeBody | undefined = undefined;
  #second: SecondAttempt | undefined = undefined;
  #sent: Sent = "none";
  resendCount = 0;
  /** How many of the resends were because the peer had not processed the request. */
  #unprocessedCount = 0;
  #response: WireResponse | undefined = undefined;
  #isComplete = false;
  /** Bytes of the response body that have arrived, and how many had when the caller discarded it; -1 before. */
  #received = 0;
  #discardedAt = -1;

  constructor(pool: ConnectionPool<Wire>, request: WireRequest, callbacks: ResponseCallbacks) {
    this.#pool = pool;
    this.#request = request;
    this.#reply = new Reply(callbacks);
    this.events = new RequestEvents(pool, request);
    this.requestId = this.events.id;
    this.#times = new Times(pool.now(), request.calledAt);
  }

  start(): void {
    this.#pool.timer.watch(this);
    this.events.started();
    if (this.#request.signal !== undefined) watchSignal(this.#request.signal, this);
    if (this.#pool.observers.allDelivered && this.#phase === "queue") this.#begin();
    else this.#pool.observers.whenDelivered(this);
  }

  /** All listeners were called. One may have aborted the request, even while it joined the queue. */
  eventsDelivered(): void {
    if (this.#phase !== "queue") return;
    if (this.#lease !== undefined) return this.#send(this.#lease);
    if (this.#waiter === undefined) this.#begin();
  }

  #begin(): void {
    const body = WholeBody.of(this.#request, this.#pool.bodyMemory);
    if (body !== undefined) this.#whole = body;
    if (body === undefined || body.read(this))
      this.#ask(this.resendCount > 0 ? this.#pool.now() : this.#times.startedAt);
  }

  bodyRead(bytes: Uint8Array): void {
    if (this.#phase !== "queue") return;
    this.#whole?.becomes(bytes);
    this.#ask(this.#pool.now());
  }

  #ask(now: number): void {
    const { origin, repeatable, alone, deadlines } = this.#request;
    const resent = this.resendCount > this.#unprocessedCount;
    const wish = { unsafe: !repeatable, fresh: resent, alone, timeoutMs: deadlines.acquireTimeoutMs };
    this.#waiter = this.#pool.acquire(this, origin, wish, now);
    if (this.timerSlot === undefined) return this.#pool.cancel(this.#waiter);
    const lookAt = firstLook(this.#waiter);
    this.#times.lookAt = lookAt;
    if (lookAt !== undefined) this.#pool.timer.ringBy(lookAt);
  }

  granted(lease: Lease<Wire>): void {
    // Aborted during the liveness check. A release as unused would make the connection look fresh, however old it is.
    if (this.#phase !== "queue") return returnUnused(this.#pool, lease);
    this.#lease = lease;
    this.#stream = lease.connection.wire.open(lease.connection, this);
    if (this.#pool.observers.allDelivered) this.#send(lease);
    else this.#pool.observers.whenDelivered(this);
  }

  rejected(error: Error): void {
    this.#fail(error, "aborted");
  }

  cut(fault?: FunctionFault): void {
    this.#fail(cutError(this.#context(), fault), fault === undefined ? "pool-closed" : "aborted");
  }

  evicted(): void {
    this.#lease = undefined;
    this.#stream = undefined;
    this.#finish(undefined);
  }

  // The request and its upload

  #send(lease: Lease<Wire>): void {
    const { fields, body } = this.#request;
    const stream = this.#stream;
    if (stream === undefined || stream.gone) return this.#resendOrFail("peer-closed", stream?.farewell, true);
    const last = isLastExchange(lease);
    const by = lease.connection.via?.forwarding;
    this.#times.sentAt = lease.grantedAt;
    this.#times.lookAt = undefined;
    if (body === undefined || (Upload.fitsWithHead(body) && !fields.expectContinue)) {
      this.#sent = "full";
      this.#phase = "headers";
      stream.send(this.#request, last, by, body?.bytes);
      this.#second = SecondAttempt.of(this, this.#request, lease, this.#pool);
    } else {
      this.#sent = "partial";
      this.#upload = new Upload(stream.openBody(body.length), body, this, this.#pool.settings.clock);
      this.#phase = "continue";
      stream.send(this.#request, last, by);
      if (!fields.expectContinue && this.#phase === "continue") this.#sendBody();
    }
    this.#pool.timer.ringBy(this.dueAt());
  }

  get unanswered(): boolean {
    return this.#phase === "headers" && this.#stream?.responded === false;
  }

  get isAnswering(): boolean {
    return this.#stream?.responded === true;
  }

  yieldPlace(): void {
    this.#giveBack("no-answer", true);
  }

  adopt(lease: Lease<Wire>, stream: WireStream): void {
    this.#giveBack(this.unanswered ? "no-answer" : "aborted", true);
    if (this.#phase === "done") return; // a listener did that
    [this.#lease, this.#stream] = [lease, stream];
    this.resendCount += 1;
    this.#times.sentAt = lease.grantedAt;
  }

  /** The first attempt goes on, if it has not failed. */
  secondFailed(error: Error): void {
    if (this.#lease === undefined) this.#fail(error, "aborted");
  }

  #sendBody(): void {
    this.#phase = "send";
    this.uploadMoved();
    this.#upload?.start();
    this.#pool.timer.ringBy(this.dueAt());
  }

  uploadMoved(): void {
    this.#times.uploadMovedAt = this.#pool.now();
  }

  uploadDone(): void {
    this.#times.sentAt = this.#pool.now();
    this.#sent = "full";
    if (this.#phase === "send") this.#phase = "headers";
    if (this.#phase === "linger" && this.#isComplete) this.#finish(undefined);
    else this.#pool.timer.ringBy(this.dueAt());
  }

  uploadFailed(error: unknown): void {
    this.#fail(uploadError(this.#context(), error), "aborted");
  }

  // Called by the wire

  drained(): void {
    this.#upload?.drained();
  }

  interim(head: ResponseHead): void {
    if (head.status !== 100) this.#request.interim?.interim(head);
    else if (this.#phase === "continue") this.#sendBody();
  }

  head(head: ResponseHead, length: number | undefined): void {
    this.#second?.cancel();
    const lease = this.#lease;
    // A `100 Continue` just before may have called a function of the body, which aborted the request.
    if (lease === undefined) return;
    const body = new ResponseBody(length === 0 ? undefined : this, length, lease.connection.wire);
    body.lease = lease;
    body.copiedBytes = this.#reply.copiedBytes;
    this.#response = { head, body, lease, resendCount: this.resendCount, trailers: "" };
    if (this.#upload === undefined) lease.connection.noteRoundTrip(this.#pool.loopRanAt - this.#times.sentAt);
    this.#times.bodyMovedAt = this.#pool.loopRanAt;
    // With streams a server may answer before it reads the body, although it did not say 100.
    if (this.#phase === "continue" && lease.connection.multiplexed && head.status < 300) this.#sendBody();
    this.#phase = "body";
  }

  body(bytes: Uint8Array, start: number, end: number): void {
    this.#received += end - start;
    this.#response?.body.push(bytes, start, end);
    this.#times.bodyMovedAt = this.#pool.loopRanAt;
  }

  progress(): void {
    const response = this.#response;
    response?.body.pushed();
    if (response === undefined || this.#phase === "done") return;
    if (response.head.status === 408 && this.#resend("peer-close", 408)) return;
    if (this.#discardedAt >= 0 && this.#received - this.#discardedAt > LINGER_BYTES)
      this.#finish("unread-body");
    else if (this.#reply.resolve(response)) this.#pool.timer.ringBy(this.dueAt());
  }

  complete(trailers: string): void {
    const response = this.#response;
    if (response === undefined) return;
    this.#isComplete = true;
    response.body.pushed();
    response.trailers = trailers;
    if (this.#phase === "done") return;
    if (response.head.status !== 408 || !this.#resend("peer-close", 408)) this.#completed(response);
  }

  /** The connection ends for the pool, and its socket is the caller's. */
  switched(early: Uint8Array): void {
    if (this.#lease !== undefined) this.#reply.switched(this.#lease.connection, early);
    this.#finish("upgraded", this.#pool.loopRanAt);
  }

  #completed(response: WireResponse): void {
    const next = afterResponse(this.#connectionEnd(), this.#upload, this.#request.fields.close);
    // The user's persistence test may have aborted the request. An exchange lingers only once.
    if (this.#phase === "done") return;
    if (next !== "linger") return this.#finish(next, this.#pool.loopRanAt);
    if (this.#phase !== "body" || response.lease.connection.multiplexed)
      return this.#finish("upload-unfinished");
    this.#linger(LINGER_MS);
    this.#reply.end(response);
  }

  fault(fault: WireFault): void {
    if (this.#phase !== "done") this.#fail(protocolError(this.#context(), fault), "bad-framing");
  }

  unprocessed(reason: RetireReason, said?: TransportError): void {
    if (this.#phase === "done") return;
    this.#sent = "none";
    this.#resendOrFail(reason, said, true);
  }

  lost(error: TransportError | undefined): void {
    if (this.#phase === "done") return;
    if (this.#phase === "linger") return this.#finish("peer-closed");
    if (this.#upload?.fault !== undefined) return this.uploadFailed(this.#upload.fault);
    this.#resendOrFail("peer-closed", error);
  }

  #resendOrFail(reason: RetireReason, error?: TransportError, isUnprocessed = false): void {
    if (this.#second?.takesOver() === true) return this.#giveBack(reason, false);
    if (this.#resend(reason)) return;
    this.#fail(lostError(this.#context(), this.#stream?.remaining, error, isUnprocessed), reason);
  }

  #connectionEnd(): RetireReason | undefined {
    return connectionEnd(this.#stream, this.#response, this.#request.method);
  }

  // Called by the body and the signal

  pause(): void {
    this.#times.paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#times.paused = false;
    this.#times.bodyMovedAt = this.#pool.now();
    this.#stream?.resume();
    this.#pool.timer.ringBy(this.dueAt());
  }

  /** A body may outlive its exchange. Then there is no stream, and another exchange may have the connection. */
  ref(awaited: boolean): void {
    this.#stream?.ref(awaited);
  }

  discard(atOnce = false): void {
    if (this.#phase !== "body") return;
    this.#discardedAt = this.#received;
    const forMs = atOnce || this.#connectionEnd() !== undefined ? 0 : lingerTime(this.#stream?.remaining);
    // The user's persistence test may have closed the pool.
    if (this.#phase !== "body") return;
    const ends = this.#request.fields.close || this.#lease?.connection.multiplexed === true;
    if (forMs === 0 || ends) this.#finish("unread-body");
    else this.#linger(forMs);
  }

  abort(reason: unknown): void {
    this.#fail(abortReason(this.#context(), reason), "aborted");
  }

  /** The caller has all it wants. From now on the connection can be taken from this exchange, even within this call. */
  #linger(forMs: number): void {
    this.#phase = "linger";
    this.ref(false);
    this.#times.lingersUntil = this.#pool.now() + forMs;
    if (this.#lease !== undefined) this.#pool.linger(this.#lease.connection);
    this.#pool.timer.ringBy(this.dueAt());
  }

  #finish(reason: RetireReason | undefined, at?: number): void {
    this.#end(reason, reason === "upload-unfinished" || reason === "unread-body", undefined, at);
  }

  /** Fails the request. While lingering only the connection ends, because the caller has all it wants. */
  #fail(error: unknown, reason: RetireReason): void {
    if (this.#phase !== "linger") return this.#end(reason, true, { error });
    const unfinished = this.#isComplete ? "upload-unfinished" : "unread-body";
    this.#finish(reason === "bad-framing" ? reason : unfinished);
  }

  /** Gives the connection back before it settles the promise, so that the caller's next request finds it idle. */
  #end(reason: RetireReason | undefined, abruptly: boolean, failure?: ExchangeFailure, at?: number): void {
    if (this.#phase === "done") return;
    const waiter = this.#phase === "queue" ? this.#waiter : undefined;
    this.#phase = "done";
    this.#pool.timer.drop(this);
    this.#second?.cancel();
    if (this.#request.signal !== undefined) unwatchSignal(this.#request.signal, this);
    if (waiter !== undefined) this.#pool.cancel(waiter);
    if (this.#whole !== undefined && failure === undefined) this.#giveBodyBack(this.#whole);
    this.#giveBack(reason, abruptly, at);
    endUpload(this.#upload, this.#request.body, failure);
    this.events.ended(this.#response, this.#times.startedAt, this.resendCount, failure);
    this.#reply.finish(this.#response, failure, this.#request.signal?.aborted === true);
  }

  #giveBodyBack(body: WholeBody): void {
    const wasOnly = this.resendCount === 0 && this.#second === undefined;
    if (wasOnly && this.#lease !== undefined) body.giveBack(this.#lease);
  }

  /** Gives the connection back, with what the server announced. */
  #giveBack(reason: RetireReason | undefined, abruptly: boolean, at?: number): void {
    // Not by lists: until the code is compiled by the last of its compilers, V8 makes iterators for them.
    const lease = this.#lease;
    const stream = this.#stream;
    const response = this.#response;
    if (lease === undefined || stream === undefined) return;
    this.#lease = undefined;
    this.#stream = undefined;
    giveBack(this.#pool, this.#request, this.events, { lease, stream, response }, { reason, abruptly, at });
  }

  /**
   * Resends the request if the rules allow it: after a lost connection, or a 408, which says that no request was received.
   * Returns whether nothing is left to do for this attempt.
   */
  #resend(retired: RetireReason, status?: 408): boolean {
    const lease = this.#lease;
    if (lease === undefined || this.#reply.settled) return false;
    const [upload, resendCount] = [this.#upload, this.resendCount];
    const [stream, sent, unprocessedCount] = [this.#stream, this.#sent, this.#unprocessedCount];
    const attempts = this.#second?.wasInVain === true ? resendCount + 1 : resendCount;
    const at = { upload, stream, sent, status, resendCount: attempts, unprocessedCount };
    const reason = reasonToResend(this.#request, lease, at);
    if (reason === undefined) return this.#phase === "done"; // the rule may have aborted the request
    this.#second?.cancel();
    this.#giveBack(retired, status !== undefined);
    upload?.stop(reason, true);
    if (this.#phase === "done") return true; // a listener or the body's `cancel` did
    [this.#upload, this.#response, this.#sent, this.#phase] = [undefined, undefined, "none", "queue"];
    [this.#isComplete, this.#received, this.#waiter] = [false, 0, undefined];
    this.resendCount = resendCount + 1;
    if (reason === "unprocessed") this.#unprocessedCount += 1;
    this.events.retried(reason, this.resendCount, lease.connection);
    askAgain(this.#pool, this, this.#unprocessedCount);
    return true;
  }

  #context(): ErrorContext {
    return errorContext(this.#request, this.#phase, this.#sent, this.#lease, this.resendCount + 1);
  }

  // Called by the timer

  dueAt(): number {
    return Math.min(this.#deadline(), lookTime(this.#phase, this.#times, this.#lease));
  }

  /** Not a getter: V8 13.6 calls its runtime for a private one, which takes 10 ns and more. */
  #deadline(): number {
    return dueTime(this.#phase, this.#times, this.#request.deadlines);
  }

  due(now: number): void {
    if (now < this.#deadline()) return this.#look(now);
    const passed = passedDeadline(this.#phase, this.#times, this.#request.deadlines, now);
    if (passed === undefined) return this.#sendBody();
    if (this.unanswered && this.#lease !== undefined) this.#pool.foundSilent(this.#lease.connection, false);
    this.#fail(timeoutError(this.#context(), passed), "aborted");
  }

  /** Nothing has come for a while. */
  #look(now: number): void {
    const [phase, times, lease] = [this.#phase, this.#times, this.#lease];
    const [waiter, second] = [this.#waiter, this.#second];
    const isWhole = this.unanswered && this.#upload === undefined && this.resendCount === 0;
    const next = look(this.#pool, this.#request, { phase, times, lease, waiter, second, isWhole }, now);
    if (this.#phase === phase) times.lookAt = next ?? now + LOOK_AGAIN_MS;
    if (next !== undefined || lease === undefined) return;
    this.#second = SecondAttempt.afterOutage(this, this.#request, lease, this.#pool, second);
    this.#second.due(now);
  }
}
