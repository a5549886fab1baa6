/**
 * Exchange: one request and its response. It asks the pool for a connection, writes, is fed by the socket's
 * callback, settles the caller's promise, and says whether the connection may be used again.
 *
 * It passes through the stages of {@linkcode ExchangePhase} in their order; `done` can follow any of them.
 */

import type { Sent } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { TransportError } from "../contract/transport.ts";
import type { FunctionFault } from "../contract/user-functions.ts";
import type { Wire } from "../http1/wire.ts";
import { isLastExchange, type Lease, type PoolWaiter, socketOf } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { unwatchSignal, watchSignal } from "./abort.ts";
import { afterResponse, giveBack, lingeredOut, returnUnused } from "./ending.ts";
import {
  cutError,
  lostError,
  protocolError,
  type Standing,
  standing,
  timeoutError,
  unneededError,
  uploadError,
} from "./exchange-errors.ts";
import { type Answer, headOf, type WireRequest } from "./message.ts";
import { dueTime, type ExchangePhase, LINGER_MS, passedDeadline, Times } from "./phase.ts";
import { ResponseReceiver } from "./receiver.ts";
import { Reply } from "./reply.ts";
import { type ExchangeFailure, RequestEvents } from "./request-events.ts";
import { reasonToResend } from "./retry-facts.ts";
import type { Roles } from "./roles.ts";
import { endUpload, Upload } from "./upload.ts";

/** One request and its response. */
export class Exchange implements Roles {
  timerSlot: number | undefined = undefined;
  signalSlot: number | undefined = undefined;
  readonly requestId: number;
  readonly #pool: ConnectionPool<Wire>;
  readonly #request: WireRequest;
  readonly #reply: Reply;
  readonly #events: RequestEvents;
  readonly #times: Times;
  #phase: ExchangePhase = "queue";
  #waiter: PoolWaiter<Wire> | undefined;
  #lease: Lease<Wire> | undefined;
  #upload: Upload | undefined;
  #receiver: ResponseReceiver | undefined;
  #sent: Sent = "none";
  #resendCount = 0;

  constructor(pool: ConnectionPool<Wire>, request: WireRequest, answer: Answer) {
    this.#pool = pool;
    this.#request = request;
    this.#reply = new Reply(answer);
    this.#events = new RequestEvents(pool, request);
    this.requestId = this.#events.id;
    this.#times = new Times(pool.now(), request.calledAt);
  }

  start(): void {
    this.#pool.timer.watch(this);
    this.#events.started();
    if (this.#request.signal !== undefined) watchSignal(this.#request.signal, this);
    const { observers } = this.#pool;
    if (observers.allDelivered && this.#phase === "queue") this.#ask();
    else observers.whenDelivered(this);
  }

  /** Goes on when everybody has heard how far it is: a listener may have aborted it, even as it begins to wait. */
  eventsDelivered(): void {
    if (this.#phase !== "queue") return;
    if (this.#lease !== undefined) return this.#send(this.#lease);
    if (this.#waiter === undefined) this.#ask();
  }

  #ask(): void {
    const { origin, repeatable } = this.#request;
    const resent = this.#resendCount > 0;
    const now = resent ? this.#pool.now() : this.#times.startedAt;
    this.#waiter = this.#pool.acquire(this, origin, { unsafe: !repeatable, fresh: resent }, now);
    if (this.timerSlot === undefined) this.#pool.cancel(this.#waiter);
  }

  granted(lease: Lease<Wire>): void {
    // Aborted while the connection was looked at. Put back unused it would pass for fresh, however old it is.
    if (this.#phase !== "queue") return returnUnused(this.#pool, lease);
    this.#lease = lease;
    lease.connection.user = this;
    const { observers } = this.#pool;
    if (observers.allDelivered) this.#send(lease);
    else observers.whenDelivered(this);
  }

  refused(error: Error): void {
    this.#fail(error, "aborted");
  }

  #send(lease: Lease<Wire>): void {
    const { method, fields, body } = this.#request;
    const socket = socketOf(lease);
    if (socket.lost === true) return this.#lost("peer-closed");
    this.#receiver = new ResponseReceiver(lease, method, this.#resendCount, this);
    const last = isLastExchange(lease, this.#pool.settings.rules);
    const head = headOf(this.#request, last, lease.connection);
    this.#times.sentAt = lease.grantedAt;
    if (body === undefined || (Upload.fitsWithHead(body) && !fields.expectContinue)) {
      this.#sent = "full";
      this.#phase = "headers";
      socket.write(head, body?.bytes);
    } else {
      this.#sent = "partial";
      this.#upload = new Upload(socket, body, this, this.#pool.settings.clock);
      this.#phase = "continue";
      socket.write(head);
      if (!fields.expectContinue && this.#phase === "continue") this.#sendBody();
    }
    this.#pool.timer.ringBy(this.dueAt());
  }

  #sendBody(): void {
    this.#phase = "send";
    this.moved();
    this.#upload?.start();
    this.#pool.timer.ringBy(this.dueAt());
  }

  moved(): void {
    this.#times.uploadMovedAt = this.#pool.now();
  }

  uploaded(): void {
    this.#times.sentAt = this.#pool.now();
    this.#sent = "full";
    if (this.#phase === "send") this.#phase = "headers";
    if (this.#phase === "linger" && this.#receiver?.complete === true) this.#finish(undefined);
    else this.#pool.timer.ringBy(this.dueAt());
  }

  uploadFailed(error: unknown): void {
    this.#fail(uploadError(this.#standing(), error), "aborted");
  }

  drain(): void {
    this.#upload?.drained();
  }

  data(bytes: Uint8Array, length: number): void {
    const inbound = this.#receiver;
    if (this.#phase === "done") return;
    if (inbound === undefined) return this.#lost("unsolicited-data");
    const { received } = inbound;
    const fault = inbound.feed(bytes, length);
    if (inbound.received > received) this.#times.bodyMovedAt = this.#pool.loopRanAt;
    if (fault !== undefined) this.#fail(protocolError(this.#standing(), fault), "bad-framing");
    else if (inbound.response?.head.status === 408 && this.#resent("peer-close", 408)) return;
    else if (inbound.complete) this.#completed(inbound);
    else if (inbound.isTooMuch) this.#finish("unread-body");
    else if (inbound.response !== undefined && this.#reply.resolve(inbound.response))
      this.#pool.timer.ringBy(this.dueAt());
  }

  writeDropped(): void {
    if (this.#phase === "done") return;
    this.#sent = "none";
    this.#lost("unsolicited-data");
  }

  continued(): void {
    if (this.#phase === "continue") this.#sendBody();
  }

  headed(): void {
    const { loopRanAt } = this.#pool;
    if (this.#upload === undefined) this.#lease?.connection.noteRoundTrip(loopRanAt - this.#times.sentAt);
    this.#times.bodyMovedAt = loopRanAt;
    // A `100 Continue` right before may have let the body's function abort the request.
    if (this.#phase !== "done") this.#phase = "body";
  }

  closed(error: TransportError | undefined): void {
    const inbound = this.#receiver;
    if (this.#phase === "done") return;
    if (inbound === undefined) return this.#lost("peer-closed", error);
    if (this.#phase === "linger") return this.#finish("peer-closed");
    const fault = error === undefined ? inbound.end() : undefined;
    if (fault !== undefined) return this.#fail(protocolError(this.#standing(), fault), "bad-framing");
    if (inbound.complete) return this.#completed(inbound);
    if (this.#upload?.fault !== undefined) return this.uploadFailed(this.#upload.fault);
    this.#lost("peer-closed", error);
  }

  #lost(reason: RetireReason, error?: TransportError): void {
    if (!this.#resent(reason))
      this.#fail(lostError(this.#standing(), this.#receiver?.remaining, error), reason);
  }

  pause(): void {
    this.#times.paused = true;
    this.#lease?.connection.pause();
  }

  resume(): void {
    this.#times.paused = false;
    this.#times.bodyMovedAt = this.#pool.now();
    this.#lease?.connection.socket?.resume();
    this.#pool.timer.ringBy(this.dueAt());
  }

  discard(atOnce = false): void {
    if (this.#phase !== "body") return;
    const lingerMs = atOnce ? 0 : (this.#receiver?.discard(this.#pool.settings.persistence) ?? 0);
    // The user's test of persistence may have closed the pool.
    if (this.#phase !== "body") return;
    if (lingerMs === 0 || this.#request.fields.close) this.#finish("unread-body");
    else this.#linger(lingerMs);
  }

  #completed(inbound: ResponseReceiver): void {
    const { persistence } = this.#pool.settings;
    const next = afterResponse(inbound, this.#upload, persistence, this.#request.fields.close);
    // The user's test may have aborted the request; what lingers does so once.
    if (this.#phase === "done") return;
    if (next !== "linger") return this.#finish(next, this.#pool.loopRanAt);
    if (this.#phase !== "body") return this.#finish("upload-unfinished");
    this.#linger(LINGER_MS);
    this.#reply.end(inbound.response);
  }

  /** The caller has all it wants. The connection may be taken from now on, and in this call. */
  #linger(forMs: number): void {
    this.#phase = "linger";
    this.#receiver?.ref(false);
    this.#times.lingersUntil = this.#pool.now() + forMs;
    if (this.#lease !== undefined) this.#pool.linger(this.#lease.connection);
    this.#pool.timer.ringBy(this.dueAt());
  }

  evicted(): void {
    this.#lease = undefined;
    this.#finish(undefined);
  }

  #finish(reason: RetireReason | undefined, at?: number): void {
    this.#end(reason, reason === "upload-unfinished" || reason === "unread-body", undefined, at);
  }

  /** Nothing fails a caller who has all it wants: then only the connection ends. */
  #fail(error: unknown, reason: RetireReason): void {
    if (this.#phase !== "linger") return this.#end(reason, true, { error });
    this.#finish(reason === "bad-framing" ? reason : lingeredOut(this.#receiver));
  }

  /** Gives the connection back before the caller learns of it, so that its next request finds it idle. */
  #end(reason: RetireReason | undefined, abruptly: boolean, failure?: ExchangeFailure, at?: number): void {
    if (this.#phase === "done") return;
    const waiter = this.#phase === "queue" ? this.#waiter : undefined;
    this.#phase = "done";
    this.#pool.timer.drop(this);
    if (this.#request.signal !== undefined) unwatchSignal(this.#request.signal, this);
    if (waiter !== undefined) this.#pool.cancel(waiter);
    this.#giveBack(reason, abruptly, at);
    if (failure === undefined) this.#upload?.stop(unneededError());
    else endUpload(this.#upload, this.#request.body, failure.error);
    this.#events.ended(this.#receiver?.response, this.#times.startedAt, this.#resendCount, failure);
    this.#reply.over(this.#receiver?.response, failure, this.#request.signal?.aborted === true);
  }

  #giveBack(reason: RetireReason | undefined, abruptly: boolean, at?: number): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    const from = { inbound: this.#receiver, journal: this.#events, paused: this.#times.paused };
    giveBack(this.#pool, lease, from, { reason, abruptly, at });
  }

  /** Sends the request again if the rules allow it: after a lost connection, or a 408, which says that none came. */
  #resent(retired: RetireReason, status?: 408): boolean {
    const lease = this.#lease;
    if (lease === undefined || this.#reply.given) return false;
    const [upload, inbound, sent, resendCount] = [
      this.#upload,
      this.#receiver,
      this.#sent,
      this.#resendCount,
    ];
    const at = { upload, inbound, sent, status, resendCount };
    const reason = reasonToResend(this.#request, lease, at, this.#pool.settings.retry);
    if (reason !== undefined) this.#giveBack(retired, status !== undefined);
    if (reason !== undefined) upload?.stop(reason, true);
    // The rule, a listener or the body's `cancel` may have aborted the request.
    if (reason === undefined || this.#phase === "done") return this.#phase === "done";
    [this.#upload, this.#receiver, this.#sent, this.#phase] = [undefined, undefined, "none", "queue"];
    [this.#resendCount, this.#waiter] = [resendCount + 1, undefined];
    this.#events.retried(reason, this.#resendCount, lease.connection);
    this.#pool.observers.whenDelivered(this);
    return true;
  }

  cut(fault?: FunctionFault): void {
    this.#fail(cutError(this.#standing(), fault), fault === undefined ? "pool-closed" : "aborted");
  }

  abort(reason: unknown): void {
    this.#fail(reason, "aborted");
  }

  #standing(): Standing {
    return standing(this.#request, this.#phase, this.#sent, this.#lease);
  }

  dueAt(): number {
    return dueTime(this.#phase, this.#times, this.#request.deadlines);
  }

  due(now: number): void {
    const passed = passedDeadline(this.#phase, this.#times, this.#request.deadlines, now);
    if (passed === undefined) this.#sendBody();
    else this.#fail(timeoutError(this.#standing(), passed), "aborted");
  }
}
