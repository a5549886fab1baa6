/**
 * Exchange: one request and its response. It asks the pool for a connection, writes, is fed by the socket's
 * callback, settles the caller's promise, and says whether the connection may be used again.
 *
 * It passes through the stages of {@linkcode Stage} in their order; `done` can follow any of them.
 */

import type { ProtocolError, Sent } from "../errors.ts";
import type { Timed } from "../pool/alarm.ts";
import type { Acquirer, ConnectionUser, Lease, PooledConnection, PoolWaiter } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { RetireReason } from "../rules/reasons.ts";
import { retryReason } from "../rules/retry.ts";
import { NO_HINTS } from "../rules/rules.ts";
import type { Socket, TransportError } from "../transport.ts";
import { type Abortable, unwatchSignal, watchSignal } from "./abort.ts";
import { type BodySource, ResponseBody } from "./body.ts";
import { endsConnection, type Framing } from "./framing.ts";
import type { ResponseHead } from "./head.ts";
import { Journal } from "./journal.ts";
import type { Answer, WireRequest, WireResponse } from "./message.ts";
import { cutError, lostError, protocolError, type Standing, timeoutError, uploadError } from "./outcome.ts";
import { writeHead } from "./request.ts";
import type { ResponseSink } from "./response.ts";
import { requestFraming, Upload, type UploadOwner } from "./upload.ts";
import type { Wire } from "./wire.ts";

/**
 * - `queue`: waits for a connection.
 * - `continue`: the head is sent, and a `100 Continue` awaited.
 * - `send`: the body is being sent.
 * - `headers`: all is sent, and the response head awaited.
 * - `body`: the response is arriving.
 * - `linger`: the caller has all it wants; the rest of a body is read or sent, so that the connection can be kept.
 */
type Stage = "queue" | "continue" | "send" | "headers" | "body" | "linger" | "done";

/** How long a server may take to answer `Expect: 100-continue` before the body is sent anyway (Go: 1 s). */
const CONTINUE_MS = 1000;

/** What is read or sent, for the sake of the connection, of a body that nobody needs (Chrome: 16 KiB or 5 s). */
const LINGER_BYTES = 65_536;
const LINGER_MS = 1000;

/** One request and its response. */
export class Exchange
  implements Acquirer<Wire>, ConnectionUser, ResponseSink, BodySource, UploadOwner, Abortable, Timed
{
  readonly #pool: ConnectionPool<Wire>;
  readonly #request: WireRequest;
  readonly #answer: Answer;
  readonly #startedAt: number;
  readonly #journal: Journal;
  #stage: Stage = "queue";
  #waiter: PoolWaiter<Wire> | undefined;
  #lease: Lease<Wire> | undefined;
  #upload: Upload | undefined;
  #response: WireResponse | undefined;
  #framing: Framing = { kind: "none" };
  #sent: Sent = "none";
  /** Whether the caller's promise is settled. */
  #answered = false;
  /** Whether any byte of a response came. */
  #responded = false;
  #resendCount = 0;
  /** When the stage began to wait for the peer, or the last byte moved. */
  #since = 0;
  #sentAt = 0;
  /** The reader is behind; the peer is not to blame for the silence. */
  #paused = false;
  #lingerBytes = LINGER_BYTES;
  #trailers = "";

  constructor(pool: ConnectionPool<Wire>, request: WireRequest, answer: Answer) {
    this.#pool = pool;
    this.#request = request;
    this.#answer = answer;
    this.#startedAt = pool.now();
    this.#journal = new Journal(pool, request);
  }

  start(): void {
    const { signal } = this.#request;
    if (signal !== undefined) watchSignal(signal, this);
    this.#journal.started();
    this.#pool.alarm.watch(this);
    this.#acquire();
  }

  // Acquirer

  #acquire(): void {
    const { origin, repeatable } = this.#request;
    this.#stage = "queue";
    this.#waiter = this.#pool.acquire(this, origin, { unsafe: !repeatable, fresh: this.#resendCount > 0 });
  }

  granted(lease: Lease<Wire>): void {
    const { connection } = lease;
    const { socket } = connection;
    if (this.#stage !== "queue" || socket === undefined) {
      this.#pool.release(connection, connection.record.hints, undefined);
      return;
    }
    this.#lease = lease;
    connection.user = this;
    connection.wire.parser.begin(this.#request.method, this);
    this.#send(socket, lease);
    this.#pool.alarm.by(this.dueAt());
  }

  refused(error: Error): void {
    this.#fail(error, undefined);
  }

  // Sending

  #send(socket: Socket, lease: Lease<Wire>): void {
    const { method, target, origin, fields, body } = this.#request;
    const framing = requestFraming(body);
    const close = fields.close || this.#pool.endsWith(lease);
    const head = writeHead({ method, target, host: fields.host ?? origin.host, fields, framing, close });
    this.#since = this.#pool.now();
    this.#sentAt = this.#since;
    if (body === undefined || (Upload.fitsWithHead(body) && !fields.expectContinue)) {
      this.#sent = "full";
      this.#stage = "headers";
      socket.write(head, body?.kind === "bytes" ? body.bytes : undefined);
      return;
    }
    this.#sent = "partial";
    this.#upload = new Upload(socket, body, this);
    this.#stage = fields.expectContinue ? "continue" : "send";
    socket.write(head);
    if (this.#stage === "send") this.#upload.start();
  }

  #sendBody(): void {
    this.#stage = "send";
    this.moved();
    this.#upload?.start();
    this.#pool.alarm.by(this.dueAt());
  }

  moved(): void {
    this.#since = this.#pool.now();
  }

  uploaded(): void {
    this.moved();
    this.#sent = "full";
    this.#sentAt = this.#since;
    if (this.#stage === "send") this.#stage = "headers";
    if (this.#stage === "linger" && this.#isComplete()) this.#finish(undefined);
    else this.#pool.alarm.by(this.dueAt());
  }

  uploadFailed(error: unknown): void {
    if (this.#stage === "linger") this.#finish("upload-unfinished");
    else this.#fail(uploadError(this.#standing(), error), "aborted");
  }

  // Receiving

  data(bytes: Uint8Array, length: number): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    const { parser } = lease.connection.wire;
    this.#responded = true;
    this.#since = this.#pool.seenAt;
    let end: number;
    try {
      end = parser.feed(bytes, 0, length);
    } catch (fault) {
      return this.#fail(protocolError(this.#standing(), fault as ProtocolError), "bad-framing");
    }
    if (parser.complete) this.#completed(end < length);
    else if (this.#lingerBytes < 0) this.#finish("unread-body");
    else this.#resolve();
  }

  drain(): void {
    this.#upload?.drained();
  }

  closed(error: TransportError | undefined): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    const { parser } = lease.connection.wire;
    if (this.#stage === "linger") return this.#finish("peer-closed");
    try {
      if (error === undefined && parser.end()) return this.#completed(false);
    } catch (fault) {
      return this.#fail(protocolError(this.#standing(), fault as ProtocolError), "bad-framing");
    }
    const reason = this.#pool.settings.retry ? retryReason(this.#attempt(lease)) : undefined;
    if (reason === undefined) return this.#fail(lostError(this.#standing(), parser, error), "peer-closed");
    this.#resend(lease, reason);
  }

  informational(head: ResponseHead): void {
    if (head.status === 100 && this.#stage === "continue") this.#sendBody();
  }

  head(head: ResponseHead, framing: Framing): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    const { connection } = lease;
    if (this.#upload === undefined)
      connection.record.roundTripMs = Math.min(connection.record.roundTripMs, this.#since - this.#sentAt);
    this.#stage = "body";
    this.#framing = framing;
    const length = framing.kind === "length" ? framing.length : undefined;
    const body = new ResponseBody(framing.kind === "none" ? undefined : this, length);
    this.#response = { head, body, lease, resendCount: this.#resendCount, trailers: () => this.#trailers };
  }

  body(bytes: Uint8Array, start: number, end: number): void {
    if (this.#stage === "linger") this.#lingerBytes -= end - start;
    this.#response?.body.push(bytes, start, end);
  }

  #resolve(): void {
    if (this.#answered || this.#response === undefined) return;
    this.#answered = true;
    this.#answer.resolve(this.#response);
    this.#pool.alarm.by(this.dueAt());
  }

  // The reader of the body

  pause(): void {
    this.#paused = true;
    this.#lease?.connection.socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.moved();
    this.#lease?.connection.socket?.resume();
    this.#pool.alarm.by(this.dueAt());
  }

  discard(): void {
    const lease = this.#lease;
    if (lease === undefined || this.#stage !== "body") return;
    const { remaining } = lease.connection.wire.parser;
    if (this.#framing.kind === "close" || (remaining ?? 0) > LINGER_BYTES) return this.#finish("unread-body");
    this.#linger();
  }

  // Ending

  #isComplete(): boolean {
    return this.#lease?.connection.wire.parser.complete === true;
  }

  /** The response is complete; `surplus` bytes came behind it. */
  #completed(surplus: boolean): void {
    const response = this.#response;
    if (response === undefined) return;
    this.#trailers = response.lease.connection.wire.parser.trailers;
    if (surplus) return this.#finish("bad-framing");
    const reason = endsConnection(response.head, this.#framing);
    const left = this.#upload?.done === false ? (this.#upload.left ?? Infinity) : 0;
    if (left === 0 || reason !== undefined)
      return this.#finish(reason ?? (left > 0 ? "upload-unfinished" : undefined));
    if (left > LINGER_BYTES || this.#stage !== "body" || this.#sent === "none")
      return this.#finish("upload-unfinished");
    this.#linger();
    this.#settleBody();
  }

  #linger(): void {
    this.#stage = "linger";
    this.#since = this.#pool.now();
    this.#pool.alarm.by(this.dueAt());
  }

  /** Gives the connection back before the caller learns of it, so that its next request finds it idle. */
  #finish(reason: RetireReason | undefined): void {
    const cutShort = reason === "upload-unfinished" || reason === "unread-body";
    this.#upload?.stop(new Error("The response was complete before the request body was sent"));
    this.#over();
    this.#giveBack(reason, cutShort);
    this.#settleBody();
    if (this.#response !== undefined) this.#journal.finished(this.#response, this.#startedAt);
  }

  #settleBody(): void {
    this.#resolve();
    this.#response?.body.end();
  }

  #fail(error: unknown, reason: RetireReason | undefined): void {
    if (this.#stage === "done") return;
    this.#upload?.stop(error);
    this.#over();
    this.#giveBack(reason ?? "aborted", true);
    this.#journal.failed(error, this.#startedAt, this.#resendCount);
    if (this.#answered) return this.#response?.body.fail(error);
    this.#answered = true;
    this.#answer.reject(error);
  }

  #over(): void {
    this.#stage = "done";
    this.#pool.alarm.drop(this);
    if (this.#request.signal !== undefined) unwatchSignal(this.#request.signal, this);
  }

  #giveBack(reason: RetireReason | undefined, abruptly: boolean): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    const { connection, requestNumber } = lease;
    const head = this.#response?.head;
    const { hints: mode } = this.#pool.settings;
    const hints =
      head === undefined || reason !== undefined
        ? NO_HINTS
        : connection.wire.hints(head, requestNumber, mode, (value) =>
            this.#journal.hintIgnored(connection, value),
          );
    if (this.#paused) connection.socket?.resume();
    this.#pool.release(connection, hints, reason, abruptly);
  }

  #attempt(lease: Lease<Wire>) {
    const { body, repeatable } = this.#request;
    const untouched = this.#upload === undefined || this.#stage === "continue";
    const replayable = body === undefined || body.kind === "bytes" || body.replayable || untouched;
    const reused = lease.requestNumber > 1;
    return {
      sent: this.#sent,
      reused,
      responded: this.#responded,
      repeatable,
      replayable,
      resendCount: this.#resendCount,
    };
  }

  #resend(lease: Lease<Wire>, reason: "not-sent" | "stale-connection"): void {
    this.#upload?.stop(reason);
    this.#upload = undefined;
    this.#giveBack("peer-closed", false);
    this.#sent = "none";
    this.#resendCount += 1;
    this.#journal.retried(reason, this.#resendCount, lease.connection);
    this.#acquire();
  }

  cut(): void {
    this.#fail(cutError(this.#standing()), "pool-closed");
  }

  abort(reason: unknown): void {
    if (this.#stage === "linger")
      return this.#finish(this.#isComplete() ? "upload-unfinished" : "unread-body");
    if (this.#stage === "queue" && this.#waiter !== undefined) this.#pool.cancel(this.#waiter);
    this.#fail(reason, "aborted");
  }

  #standing(): Standing {
    const { origin, method, repeatable } = this.#request;
    const phase = STAGE_PHASES[this.#stage];
    return { origin: origin.key, method, phase, sent: this.#sent, repeatable, lease: this.#lease };
  }

  // Deadlines

  dueAt(): number {
    const { deadlines } = this.#request;
    const total = this.#startedAt + deadlines.requestTimeoutMs;
    switch (this.#stage) {
      case "continue":
        return Math.min(total, this.#since + CONTINUE_MS);
      case "send":
        return Math.min(total, this.#since + deadlines.bodyIdleTimeoutMs);
      case "headers":
        return Math.min(total, this.#sentAt + deadlines.headersTimeoutMs);
      case "body":
        return this.#paused ? total : Math.min(total, this.#since + deadlines.bodyIdleTimeoutMs);
      case "linger":
        return this.#since + LINGER_MS;
      case "queue":
        return total;
      case "done":
        return Infinity;
    }
  }

  due(now: number): void {
    const { requestTimeoutMs, headersTimeoutMs, bodyIdleTimeoutMs } = this.#request.deadlines;
    const at = this.#standing();
    if (this.#stage === "linger") return this.abort(undefined);
    if (now >= this.#startedAt + requestTimeoutMs) {
      if (this.#stage === "queue" && this.#waiter !== undefined) this.#pool.cancel(this.#waiter);
      return this.#fail(timeoutError(at, "total", now - this.#startedAt, requestTimeoutMs), "aborted");
    }
    if (this.#stage === "continue") return this.#sendBody();
    if (this.#stage === "headers") {
      return this.#fail(timeoutError(at, "headers", now - this.#sentAt, headersTimeoutMs), "aborted");
    }
    this.#fail(timeoutError(at, "body", now - this.#since, bodyIdleTimeoutMs), "aborted");
  }
}

/** The stages by the names that errors use. */
const STAGE_PHASES = {
  queue: "queue",
  continue: "send",
  send: "send",
  headers: "headers",
  body: "body",
  linger: "body",
  done: "body",
} as const;
