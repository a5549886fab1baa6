/**
 * Agent exchange: one request of `node:http` over the pool. `node:http` writes the request and parses the response. This asks for the
 * connection, passes the bytes on, sends them again where that is allowed, and tells the pool how it ended.
 */

// biome-ignore-all lint/style/noExcessiveLinesPerFile: the life of one request is one subject. What is decided on its way is elsewhere.
import type { IncomingMessage } from "node:http";
import type { ConnectionInfo } from "../contract/errors.ts";
import type { Origin } from "../contract/origin.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { TransportError } from "../contract/transport.ts";
import type { FunctionFault } from "../contract/user-functions.ts";
import type { ConnectionUser, Wire, WireHints } from "../contract/wire.ts";
import { returnUnused } from "../exchange/ending.ts";
import {
  cutError,
  type ErrorContext,
  errorContext,
  lostError,
  timeoutError,
} from "../exchange/exchange-errors.ts";
import { dueTime, type ExchangePhase, passedDeadline, Times } from "../exchange/phase.ts";
import { RequestEvents } from "../exchange/request-events.ts";
import { type Settings, settingsFor } from "../options/resolve.ts";
import {
  type Acquirer,
  connectionInfo,
  isLastExchange,
  type Lease,
  type PoolWaiter,
  socketOf,
} from "../pool/connection.ts";
import type { DeliveryWaiter } from "../pool/observers.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { Timed } from "../pool/timer.ts";
import { isIdempotent, resendReason } from "../rules/retry.ts";
import { NO_HINTS } from "../rules/rules.ts";
import { AgentSocket, copied, type SocketLink, showTls } from "./agent-socket.ts";
import { DetachedLink } from "./detached-link.ts";
import { ownBytes } from "./first-bytes.ts";
import { nodeError } from "./node-errors.ts";
import type { NodeRequest } from "./node-request.ts";
import { announcedHints, endAfter, isUntilClose } from "./response-facts.ts";
import { SentBytes } from "./sent-bytes.ts";
import { WaitingRequest } from "./waiting-request.ts";

/** What an exchange needs of its agent. */
export interface ExchangeOwner {
  readonly pool: ConnectionPool<Wire>;
  /** Its requests that wait for a connection. */
  readonly waiting: Set<AgentExchange>;
  /** `timeout` of the agent: how long a socket may be silent before it says so; 0: for ever. */
  readonly socketTimeoutMs: number;
}

type Roles = Acquirer<Wire> & ConnectionUser & SocketLink & Timed & DeliveryWaiter;

/** One request. */
export class AgentExchange implements Roles {
  timerSlot: number | undefined = undefined;
  readonly requestId: number;
  readonly request: NodeRequest;
  /** What its connection is listed under. */
  readonly groupName: string;
  readonly owner: ExchangeOwner;
  readonly #pool: ConnectionPool<Wire>;
  readonly #origin: Origin;
  /** What counts for the origin. */
  readonly #settings: Settings;
  readonly #events: RequestEvents;
  readonly #times: Times;
  #phase: "queue" | "sending" | "done" = "queue";
  #waiter: PoolWaiter<Wire> | undefined = undefined;
  #lease: Lease<Wire> | undefined = undefined;
  #socket: AgentSocket | undefined = undefined;
  /** Set while `node:http` waits for its first connection. */
  #waiting: WaitingRequest | undefined = undefined;
  readonly #sent: SentBytes = new SentBytes();
  #responded = false;
  /** Bytes came behind the end of the response. */
  #surplus = false;
  #isPaused = false;
  /** `node:http` is parsing. What it destroys meanwhile it does not understand. */
  #isDelivering = false;
  #isLast = false;
  #resendCount = 0;
  /** When the caller is to be told that its `timeout` is over, while there is no socket to tell it. */
  #timeoutAt: number;

  constructor(owner: ExchangeOwner, request: NodeRequest, origin: Origin, groupName: string) {
    this.owner = owner;
    this.#pool = owner.pool;
    this.groupName = groupName;
    this.request = request;
    this.#origin = origin;
    this.#settings = settingsFor(owner.pool.settings, owner.pool.pooledAs(origin));
    this.#events = new RequestEvents(owner.pool, { origin, method: request.method });
    this.requestId = this.#events.id;
    this.#times = new Times(owner.pool.now());
    const timeoutMs = request.timeout ?? 0;
    this.#timeoutAt = timeoutMs > 0 ? this.#times.startedAt + timeoutMs : Infinity;
  }

  start(): void {
    this.#pool.timer.watch(this);
    this.#events.started();
    this.#pool.observers.whenDelivered(this);
    if (this.#phase === "queue") this.#waitQueued();
  }

  #waitQueued(): void {
    this.owner.waiting.add(this);
    this.#waiting = new WaitingRequest(this.request, (error) => {
      if (this.#phase !== "queue") return;
      this.owner.waiting.delete(this);
      this.#fail(error ?? new Error("The request was destroyed while it waited"));
      this.request.onSocket(undefined);
    });
  }

  // The pool

  /** All listeners were called. One may have destroyed the request. */
  eventsDelivered(): void {
    if (this.#phase !== "queue") return;
    if (this.#lease !== undefined) this.#attach(this.#lease);
    else if (this.#waiter === undefined) this.#ask();
  }

  #ask(): void {
    const fresh = this.#socket !== undefined;
    const now = fresh ? this.#pool.now() : this.#times.startedAt;
    this.#waiter = this.#pool.acquire(
      this,
      this.#origin,
      { unsafe: !this.#isRepeatable, fresh, timeoutMs: this.#settings.acquireTimeoutMs },
      now,
    );
    if (this.timerSlot === undefined) this.#pool.cancel(this.#waiter);
  }

  /** The caller may set fields until the head is written. */
  get #isRepeatable(): boolean {
    const { request } = this;
    return (
      isIdempotent(request.method) ||
      request.hasHeader("idempotency-key") ||
      request.hasHeader("x-idempotency-key")
    );
  }

  granted(lease: Lease<Wire>): void {
    if (this.#phase === "done") return returnUnused(this.#pool, lease);
    this.#lease = lease;
    lease.connection.user = this;
    this.#pool.observers.whenDelivered(this);
  }

  rejected(error: Error): void {
    this.#fail(error);
    const shown = nodeError(error);
    if (this.#socket === undefined) this.#tell(undefined, shown);
    else this.#socket.destroy(shown);
  }

  /** Tells `node:http` what it waits for. */
  #tell(socket: AgentSocket | undefined, error?: Error): void {
    const { request } = this;
    if (this.#waiting === undefined) return request.onSocket(socket, error);
    this.owner.waiting.delete(this);
    this.#waiting.end(() => request.onSocket(socket, error));
    this.#waiting = undefined;
  }

  #attach(lease: Lease<Wire>): void {
    this.#phase = "sending";
    this.#waiter = undefined;
    this.#timeoutAt = Infinity;
    if (socketOf(lease).lost === true) return this.#lost("peer-closed", undefined);
    const { retry } = lease.connection.settings;
    // A fresh connection that dies has not done so because it was stale, unless the user's rule says otherwise.
    const isReused = lease.requestNumber > 1 || lease.idleMs > 0;
    if (retry !== false && (isReused || retry !== true)) this.#sent.keep();
    if (this.#socket === undefined) this.#begin(lease);
    else this.#writeAgain(lease, this.#socket);
  }

  #begin(lease: Lease<Wire>): void {
    const { request } = this;
    const { connection } = lease;
    const socket = connection.face instanceof AgentSocket ? connection.face : this.#newSocket(lease);
    this.#socket = socket;
    request.reusedSocket = lease.requestNumber > 1;
    // Known only here for a request that did not have to wait; the head of any other may be written already.
    this.#isLast = isLastExchange(lease);
    if (this.#isLast && !request._header) Object.assign(request, { shouldKeepAlive: false, _last: true });
    socket.begin(this);
    const timeoutMs = request.timeout ?? this.owner.socketTimeoutMs;
    if (timeoutMs > 0) socket.setTimeout(timeoutMs);
    this.#tell(socket);
  }

  #newSocket({ connection }: Lease<Wire>): AgentSocket {
    const { observers } = this.#pool;
    const facts = connection.socket ?? {};
    const socket = new AgentSocket(facts, this.groupName, (option, asked) => {
      observers.publish({
        type: "option.degraded",
        transport: "any",
        option: `agent.${option}`,
        asked,
        applied: false,
      });
    });
    connection.face = socket;
    return connection.record.originRecord.origin.scheme === "https"
      ? showTls(socket, this.#isVerified)
      : socket;
  }

  get #isVerified(): boolean {
    const { tls } = this.#settings;
    const own = this.#origin.route?.tls?.rejectUnauthorized;
    return own ?? (typeof tls === "function" || tls.rejectUnauthorized !== false);
  }

  // Writing

  get connection(): ConnectionInfo | undefined {
    return this.#lease === undefined ? undefined : connectionInfo(this.#lease);
  }

  write(head: string | Uint8Array, body: Uint8Array | undefined, done: () => void): void {
    const lease = this.#lease;
    if (lease === undefined) return this.#sent.hold(head, body, done);
    this.#moved(this.#pool.now());
    this.#sent.put(socketOf(lease), head, body, done);
  }

  /** Stands for a fresh connection, on which all is written that was written before. */
  #writeAgain(lease: Lease<Wire>, socket: AgentSocket): void {
    lease.connection.face = socket;
    socket.moveTo(socketOf(lease));
    this.#moved(this.#pool.now());
    this.#sent.again(socketOf(lease));
  }

  /** A part of the request goes. Whether it was the last is known later. */
  #moved(now: number): void {
    const { headersTimeoutMs, bodyIdleTimeoutMs } = this.#settings;
    this.#times.sentAt = now;
    this.#times.uploadMovedAt = now;
    this.#pool.timer.ringBy(now + Math.min(headersTimeoutMs, bodyIdleTimeoutMs));
  }

  drain(): void {
    this.#times.uploadMovedAt = this.#pool.loopRanAt;
    this.#sent.drained();
  }

  writeDropped(): void {
    this.#lost("unsolicited-data", undefined);
  }

  // Reading

  data(bytes: Uint8Array, length: number): void {
    const [lease, socket] = [this.#lease, this.#socket];
    if (lease === undefined || socket === undefined || this.#sent.writes === 0)
      return this.#lost("unsolicited-data", undefined);
    if (this.request.res?.complete === true) {
      this.#surplus = true;
      return;
    }
    const copy = copied(bytes, length);
    const own = this.#responded ? length : this.#firstBytes(lease, copy);
    this.#times.bodyMovedAt = this.#pool.loopRanAt;
    this.#isDelivering = true;
    const wantsMore = socket.receive(own === length ? copy : copy.subarray(0, own));
    this.#isDelivering = false;
    if (wantsMore || this.#lease === undefined || this.#isPaused) return;
    this.#isPaused = true;
    this.#times.paused = true;
    lease.connection.pause();
  }

  /** Answers how many of them belong to the response. */
  #firstBytes(lease: Lease<Wire>, bytes: Buffer): number {
    this.#responded = true;
    this.#sent.forget();
    if (this.#sent.writes === 1) lease.connection.noteRoundTrip(this.#pool.loopRanAt - this.#times.sentAt);
    const own = ownBytes(bytes, this.request.method);
    this.#surplus = own < bytes.length;
    return own;
  }

  readOn(): void {
    if (!this.#isPaused || this.#lease === undefined) return;
    this.#isPaused = false;
    this.#times.paused = false;
    this.#times.bodyMovedAt = this.#pool.now();
    socketOf(this.#lease).resume();
  }

  ended(): void {}

  ref(awaited: boolean): void {
    this.#lease?.connection.ref(awaited);
  }

  // The end of the connection

  closed(error: TransportError | undefined): void {
    this.#lost("peer-closed", error);
  }

  #lost(reason: RetireReason, error: TransportError | undefined): void {
    const [lease, socket] = [this.#lease, this.#socket];
    if (lease === undefined || this.#phase === "done") return;
    if (this.#resend(lease, reason)) return;
    const { res, method } = this.request;
    const isComplete = res?.complete === true;
    const announced = isComplete ? endAfter(res, method, lease, undefined) : undefined;
    const ends = error === undefined && !isComplete && isUntilClose(res, method);
    const failure = lostError(this.#context(lease), undefined, error);
    this.#release(lease, ends ? "not-persistent" : (announced ?? reason), true);
    if (ends || isComplete) this.#finish(lease);
    else this.#fail(failure);
    if (socket === undefined) this.#tell(undefined, nodeError(failure));
    else if (error === undefined) socket.push(null);
    else socket.destroy(nodeError(error));
  }

  /** Asks for a fresh connection, if the rules allow it. Returns whether it does. */
  #resend(lease: Lease<Wire>, retired: RetireReason): boolean {
    const { method } = this.request;
    const { retry } = lease.connection.settings;
    const reason = resendReason(
      {
        method,
        sent: this.#sent.sent(this.request.writableFinished),
        reused: lease.requestNumber > 1 || lease.idleMs > 0,
        responded: this.#responded,
        repeatable: this.#isRepeatable,
        replayable: this.#sent.isReplayable,
        resendCount: this.#resendCount,
      },
      retry,
    );
    if (reason === undefined || this.#lease !== lease || this.#phase === "done") return false;
    [this.#phase, this.#waiter] = ["queue", undefined];
    this.#release(lease, retired, true, retired === "peer-closed" ? false : undefined);
    if (this.#isOver) return true; // a listener destroyed the request
    this.#resendCount += 1;
    this.#events.retried(reason, this.#resendCount, lease.connection);
    this.#pool.observers.whenDelivered(this);
    return true;
  }

  cut(fault?: FunctionFault): void {
    this.#abort(cutError(this.#context(this.#lease), fault), fault === undefined ? "pool-closed" : "aborted");
  }

  // What node:http does with the socket

  freed(): void {
    const [lease, socket] = [this.#lease, this.#socket];
    if (lease === undefined || socket === undefined) return;
    socket.release();
    if (this.#sent.writes === 0) {
      // Destroyed before anything was written.
      this.#lease = undefined;
      this.#fail(new Error("The request was destroyed before it was sent"));
      return returnUnused(this.#pool, lease);
    }
    const { res, method } = this.request;
    const { persistence } = lease.connection.settings;
    const surplus = this.#surplus || socket.readableLength > 0;
    const end = surplus || !res ? "bad-framing" : endAfter(res, method, lease, persistence);
    this.#release(lease, end, false, true);
    if (end !== undefined) socket.destroy();
    this.#finish(lease);
  }

  detached(): void {
    const [lease, socket] = [this.#lease, this.#socket];
    if (lease === undefined || socket === undefined) return;
    const { connection } = lease;
    socket.begin(new DetachedLink(connection.handOver(), socket, this.#isPaused, this.#sent.whenDrained));
    this.#isPaused = false;
    this.#release(lease, "upgraded", false, true);
    this.#finish(lease);
  }

  destroyed(error: Error | null): void {
    if (this.#phase === "done") return;
    const { request } = this;
    const [lease, { res }] = [this.#lease, request];
    const isComplete = res?.complete === true && request.writableFinished;
    if (lease !== undefined && isComplete && error === null) return this.#ended(lease, res);
    const isGarbled = this.#isDelivering && !request.destroyed;
    const unfinished = res?.complete === true ? "upload-unfinished" : "aborted";
    if (lease !== undefined) this.#release(lease, isGarbled ? "bad-framing" : unfinished, true);
    this.#fail(error ?? new Error(isGarbled ? "The response is malformed" : "The request was destroyed"));
  }

  /** The response is complete, and `node:http` found that no request may follow it. */
  #ended(lease: Lease<Wire>, response: IncomingMessage): void {
    const announced = endAfter(response, this.request.method, lease, undefined);
    const end = this.#isLast ? announced : (announced ?? "not-persistent");
    this.#release(lease, this.#surplus || this.#isDelivering ? "bad-framing" : end, false, true);
    this.#finish(lease);
  }

  // Ending

  /** Ends the request with an error. */
  #abort(error: Error, reason: RetireReason): void {
    if (this.#phase === "done") return;
    const [lease, socket] = [this.#lease, this.#socket];
    if (lease !== undefined) this.#release(lease, reason, true);
    this.#fail(error);
    if (socket !== undefined) socket.destroy(nodeError(error));
    else this.#tell(undefined, nodeError(error));
  }

  /** Gives the connection back, with what the server announced. */
  #release(
    lease: Lease<Wire>,
    reason: RetireReason | undefined,
    abruptly: boolean,
    answered?: boolean,
  ): void {
    this.#lease = undefined;
    const { connection } = lease;
    const { res } = this.request;
    const hints: WireHints = res ? announcedHints(res, lease, connection.settings.hints) : NO_HINTS;
    if (hints.ignored !== undefined) this.#events.hintIgnored(connection, hints.ignored);
    const { socket } = connection;
    connection.leave(false);
    // Its end is not that of the socket: `node:http` is told why, or the socket moves to another connection.
    if (reason !== undefined) connection.face = undefined;
    // What arrives now belongs to no request, and retires the connection.
    if (this.#isPaused && reason === undefined) socket?.resume();
    const told = answered ?? (this.#responded ? true : undefined);
    const aborts = abruptly && reason !== undefined;
    this.#pool.release(connection, { hints, reason, answered: told, abruptly: aborts });
  }

  #finish(lease: Lease<Wire>): void {
    if (this.#phase === "done") return;
    this.#over();
    const { res } = this.request;
    const head = {
      status: res?.statusCode ?? 0,
      httpVersion: res?.httpVersion === "1.0" ? "1.0" : "1.1",
    } as const;
    this.#events.ended({ head, lease, resendCount: this.#resendCount }, this.#times.startedAt, 0, undefined);
  }

  #fail(error: Error): void {
    if (this.#phase === "done") return;
    const waiter = this.#lease === undefined ? this.#waiter : undefined;
    this.#over();
    if (waiter !== undefined) this.#pool.cancel(waiter);
    this.#events.ended(undefined, this.#times.startedAt, this.#resendCount, { error });
  }

  get #isOver(): boolean {
    return this.#phase === "done";
  }

  #over(): void {
    this.#phase = "done";
    this.#sent.forget();
    this.#pool.timer.drop(this);
  }

  #context(lease: Lease<Wire> | undefined): ErrorContext {
    const facts = { origin: this.#origin, method: this.request.method, repeatable: this.#isRepeatable };
    const sent = this.#sent.sent(this.request.writableFinished);
    return errorContext(facts, this.#exchangePhase, sent, lease, this.#resendCount + 1);
  }

  // Called by the timer

  get #exchangePhase(): ExchangePhase {
    const { request } = this;
    if (this.#phase !== "sending") return this.#phase;
    if (request.res) return "body";
    // While the caller produces its body slowly, nobody else is late.
    return this.#sent.isBehind || !request.writableFinished ? "send" : "headers";
  }

  dueAt(): number {
    const phase = this.#exchangePhase;
    const isCallersTurn = phase === "send" && !this.#sent.isBehind;
    const at = dueTime(isCallersTurn ? "queue" : phase, this.#times, this.#settings);
    return Math.min(at, this.#timeoutAt);
  }

  due(now: number): void {
    if (now >= this.#timeoutAt) {
      this.#timeoutAt = Infinity;
      this.request.emit("timeout");
      return;
    }
    const phase = this.#exchangePhase;
    const passed = passedDeadline(phase, this.#times, this.#settings, now);
    if (passed === undefined) return;
    const lease = this.#lease;
    if (phase === "headers" && !this.#responded && lease !== undefined)
      this.#pool.foundSilent(lease.connection, false);
    this.#abort(timeoutError(this.#context(lease), passed), "aborted");
  }
}
