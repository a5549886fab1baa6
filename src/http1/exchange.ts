/**
 * Exchange: one request and its response. It asks the pool for a connection, writes, is fed by the socket's
 * callback, settles the caller's promise, and says whether the connection may be used again.
 *
 * It passes through the stages of {@linkcode Stage} in their order; `done` can follow any of them.
 */

import type { Sent } from "../errors.ts";
import type { Timed } from "../pool/alarm.ts";
import {
  type Acquirer,
  type ConnectionUser,
  isLastExchange,
  type Lease,
  type PoolWaiter,
} from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { RetireReason } from "../rules/reasons.ts";
import type { Socket, TransportError } from "../transport.ts";
import { type Abortable, unwatchSignal, watchSignal } from "./abort.ts";
import { reasonToResend } from "./attempt.ts";
import { giveBack, lingeredOut } from "./ending.ts";
import { Inbound, type InboundOwner } from "./inbound.ts";
import { Journal } from "./journal.ts";
import { type Answer, headOf, type WireRequest } from "./message.ts";
import {
  cutError,
  lostError,
  protocolError,
  type Standing,
  standing,
  timeoutError,
  uploadError,
} from "./outcome.ts";
import { Reply } from "./reply.ts";
import { dueTime, LINGER_MS, passedDeadline, type Stage, Times } from "./stage.ts";
import { endUpload, Upload, type UploadOwner } from "./upload.ts";
import type { Wire } from "./wire.ts";

type Roles = Acquirer<Wire> & ConnectionUser & InboundOwner & UploadOwner & Abortable & Timed;

/** One request and its response. */
export class Exchange implements Roles {
  alarmSlot: number | undefined = undefined;
  signalSlot: number | undefined = undefined;
  readonly requestId: number;
  readonly #pool: ConnectionPool<Wire>;
  readonly #request: WireRequest;
  readonly #reply: Reply;
  readonly #journal: Journal;
  readonly #times: Times;
  #stage: Stage = "queue";
  #waiter: PoolWaiter<Wire> | undefined;
  #lease: Lease<Wire> | undefined;
  #upload: Upload | undefined;
  #inbound: Inbound | undefined;
  #sent: Sent = "none";
  #resendCount = 0;

  constructor(pool: ConnectionPool<Wire>, request: WireRequest, answer: Answer) {
    this.#pool = pool;
    this.#request = request;
    this.#reply = new Reply(answer);
    this.#journal = new Journal(pool, request);
    this.requestId = this.#journal.id;
    this.#times = new Times(pool.now());
  }

  start(): void {
    if (this.#request.signal !== undefined) watchSignal(this.#request.signal, this);
    this.#journal.started();
    this.#pool.alarm.watch(this);
    this.#acquire(this.#times.startedAt);
  }

  #acquire(now: number): void {
    const { origin, repeatable } = this.#request;
    this.#stage = "queue";
    const fresh = this.#resendCount > 0;
    this.#waiter = this.#pool.acquire(this, origin, { unsafe: !repeatable, fresh }, now);
  }

  granted(lease: Lease<Wire>): void {
    const [connection, socket] = [lease.connection, lease.connection.socket];
    if (this.#stage !== "queue" || socket === undefined) {
      // Aborted while the connection was looked at. Put back unused it would pass for fresh, however old it is.
      return this.#pool.release(connection, { hints: connection.record.hints, reason: "aborted" });
    }
    this.#lease = lease;
    connection.user = this;
    this.#inbound = new Inbound(lease, this.#request.method, this.#resendCount, this);
    if (socket.lost === true) return this.closed(undefined);
    this.#send(socket, lease);
    this.#pool.alarm.by(this.dueAt());
  }

  refused(error: Error): void {
    this.#fail(error, "aborted");
  }

  #send(socket: Socket, lease: Lease<Wire>): void {
    const { fields, body } = this.#request;
    const last = isLastExchange(lease, this.#pool.settings.rules);
    const head = headOf(this.#request, last, lease.connection);
    this.#times.sentAt = lease.grantedAt;
    if (body === undefined || (Upload.fitsWithHead(body) && !fields.expectContinue)) {
      this.#sent = "full";
      this.#stage = "headers";
      socket.write(head, body?.bytes);
      return;
    }
    this.#sent = "partial";
    this.#upload = new Upload(socket, body, this, this.#pool.settings.clock);
    this.#stage = "continue";
    socket.write(head);
    if (!fields.expectContinue && this.#stage === "continue") this.#sendBody();
  }

  #sendBody(): void {
    this.#stage = "send";
    this.moved();
    this.#upload?.start();
    this.#pool.alarm.by(this.dueAt());
  }

  moved(): void {
    this.#times.uploadMovedAt = this.#pool.now();
  }

  uploaded(): void {
    this.#times.sentAt = this.#pool.now();
    this.#sent = "full";
    if (this.#stage === "send") this.#stage = "headers";
    if (this.#stage === "linger" && this.#inbound?.complete === true) this.#finish(undefined);
    else this.#pool.alarm.by(this.dueAt());
  }

  uploadFailed(error: unknown): void {
    this.#fail(uploadError(this.#standing(), error), "aborted");
  }

  drain(): void {
    this.#upload?.drained();
  }

  data(bytes: Uint8Array, length: number): void {
    const inbound = this.#inbound;
    if (inbound === undefined || this.#stage === "done") return;
    const { received } = inbound;
    const fault = inbound.feed(bytes, length);
    if (inbound.received > received) this.#times.bodyMovedAt = this.#pool.seenAt;
    if (fault !== undefined) this.#fail(protocolError(this.#standing(), fault), "bad-framing");
    else if (inbound.response?.head.status === 408 && this.#resent(inbound, "peer-close", 408)) return;
    else if (inbound.complete) this.#completed(inbound);
    else if (inbound.isTooMuch) this.#finish("unread-body");
    else if (inbound.response !== undefined && this.#reply.resolve(inbound.response))
      this.#pool.alarm.by(this.dueAt());
  }

  continued(): void {
    if (this.#stage === "continue") this.#sendBody();
  }

  headed(): void {
    const { seenAt } = this.#pool;
    if (this.#upload === undefined) this.#lease?.connection.tookMs(seenAt - this.#times.sentAt);
    this.#times.bodyMovedAt = seenAt;
    this.#stage = "body";
  }

  closed(error: TransportError | undefined): void {
    const inbound = this.#inbound;
    if (inbound === undefined || this.#stage === "done") return;
    if (this.#stage === "linger") return this.#finish("peer-closed");
    const fault = error === undefined ? inbound.end() : undefined;
    if (fault !== undefined) return this.#fail(protocolError(this.#standing(), fault), "bad-framing");
    if (inbound.complete) return this.#completed(inbound);
    if (this.#upload?.fault !== undefined) return this.uploadFailed(this.#upload.fault);
    if (!this.#resent(inbound, "peer-closed"))
      this.#fail(lostError(this.#standing(), inbound.remaining, error), "peer-closed");
  }

  pause(): void {
    this.#times.paused = true;
    this.#lease?.connection.holdBack();
  }

  resume(): void {
    this.#times.paused = false;
    this.#times.bodyMovedAt = this.#pool.now();
    this.#lease?.connection.socket?.resume();
    this.#pool.alarm.by(this.dueAt());
  }

  discard(): void {
    if (this.#stage !== "body") return;
    const lingerMs = this.#inbound?.discard(this.#pool.settings.persistence) ?? 0;
    if (lingerMs === 0 || this.#request.fields.close) this.#finish("unread-body");
    else this.#linger(lingerMs);
  }

  #completed(inbound: Inbound): void {
    // Having said `close`, we must not send another request, whether or not the server echoed it (RFC 9112 §9.6).
    const ends = inbound.endsConnection(this.#pool.settings.persistence);
    const reason = ends ?? (this.#request.fields.close ? "not-persistent" : undefined);
    if (reason !== undefined || this.#upload?.handedOver !== false)
      return this.#finish(reason, this.#pool.seenAt);
    if (this.#stage !== "body" || !this.#upload.isWorthFinishing) return this.#finish("upload-unfinished");
    this.#linger(LINGER_MS);
    this.#reply.end(this.#inbound?.response);
  }

  /** The caller has all it wants. The connection may be taken from now on, and in this call. */
  #linger(forMs: number): void {
    this.#stage = "linger";
    this.#inbound?.hold(false);
    this.#times.lingersUntil = this.#pool.now() + forMs;
    if (this.#lease !== undefined) this.#pool.linger(this.#lease.connection);
    this.#pool.alarm.by(this.dueAt());
  }

  evicted(): void {
    this.#lease = undefined;
    this.#finish(undefined);
  }

  /** Gives the connection back before the caller learns of it, so that its next request finds it idle. */
  #finish(reason: RetireReason | undefined, at?: number): void {
    this.#upload?.stop(new Error("The response was complete before the request body was sent"));
    this.#over();
    this.#giveBack(reason, reason === "upload-unfinished" || reason === "unread-body", at);
    this.#journal.finished(this.#inbound?.response, this.#times.startedAt);
    this.#reply.end(this.#inbound?.response);
  }

  /** Nothing fails a caller who has all it wants: then only the connection ends. */
  #fail(error: unknown, reason: RetireReason): void {
    if (this.#stage === "done") return;
    if (this.#stage === "linger")
      return this.#finish(reason === "bad-framing" ? reason : lingeredOut(this.#inbound));
    endUpload(this.#upload, this.#request.body, error);
    this.#over();
    this.#giveBack(reason, true);
    this.#journal.failed(error, this.#times.startedAt, this.#resendCount);
    this.#reply.fail(error);
  }

  #over(): void {
    if (this.#stage === "queue" && this.#waiter !== undefined) this.#pool.cancel(this.#waiter);
    this.#stage = "done";
    this.#pool.alarm.drop(this);
    if (this.#request.signal !== undefined) unwatchSignal(this.#request.signal, this);
  }

  #giveBack(reason: RetireReason | undefined, abruptly: boolean, at?: number): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    const from = { inbound: this.#inbound, journal: this.#journal, paused: this.#times.paused };
    giveBack(this.#pool, lease, from, { reason, abruptly, at });
  }

  /** Sends the request again if the rules allow it: after a lost connection, or a 408, which says that none came. */
  #resent(inbound: Inbound, retired: RetireReason, status?: 408): boolean {
    const lease = this.#lease;
    if (lease === undefined || this.#reply.given) return false;
    const [upload, sent, resendCount] = [this.#upload, this.#sent, this.#resendCount];
    const at = { upload, sent, responded: inbound.responded, status, resendCount };
    const reason = reasonToResend(this.#request, lease, at, this.#pool.settings.retry);
    if (reason === undefined) return false;
    this.#upload?.stop(reason, true);
    this.#giveBack(retired, status !== undefined);
    [this.#upload, this.#inbound, this.#sent] = [undefined, undefined, "none"];
    this.#resendCount += 1;
    this.#journal.retried(reason, this.#resendCount, lease.connection);
    this.#acquire(this.#pool.now());
    return true;
  }

  cut(): void {
    this.#fail(cutError(this.#standing()), "pool-closed");
  }

  abort(reason: unknown): void {
    this.#fail(reason, "aborted");
  }

  #standing(): Standing {
    return standing(this.#request, this.#stage, this.#sent, this.#lease);
  }

  dueAt(): number {
    return dueTime(this.#stage, this.#times, this.#request.deadlines);
  }

  due(now: number): void {
    const passed = passedDeadline(this.#stage, this.#times, this.#request.deadlines, now);
    if (passed === undefined) this.#sendBody();
    else this.#fail(timeoutError(this.#standing(), passed), "aborted");
  }
}
