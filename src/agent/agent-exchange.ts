/**
 * Agent exchange: one request of `node:http` over the pool. `node:http` writes the request and parses the response. This asks for the
 * connection, passes the bytes on, and tells the pool how it ended. `sent-bytes.ts` and `received-bytes.ts` have what goes and comes,
 * `resend.ts` what goes twice.
 */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { Origin } from "../contract/origin.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { TransportError } from "../contract/transport.ts";
import type { FunctionFault } from "../contract/user-functions.ts";
import type { ConnectionUser, Wire } from "../contract/wire.ts";
import { returnUnused } from "../exchange/ending.ts";
import {
  cutError,
  type ErrorContext,
  errorContext,
  lostError,
  timeoutError,
} from "../exchange/exchange-errors.ts";
import type { Passed } from "../exchange/phase.ts";
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
import { AgentDeadlines, type TimedRequest } from "./agent-deadlines.ts";
import { endOfDestroyed, endOfFreed, endOfLost, JUST_READ_MS, returnConnection } from "./agent-ending.ts";
import type { AgentSocket, SocketLink } from "./agent-socket.ts";
import { socketFor } from "./connection-socket.ts";
import { DetachedLink } from "./detached-link.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { nodeError } from "./node-errors.ts";
import type { NodeRequest } from "./node-request.ts";
import { ReceivedBytes } from "./received-bytes.ts";
import { isReused, isSafeTwice, mayNeedReplay, replayReason } from "./resend.ts";
import { statusOf } from "./response-facts.ts";
import { SentBytes } from "./sent-bytes.ts";
import { WaitingRequest } from "./waiting-request.ts";

type Roles = Acquirer<Wire> & ConnectionUser & SocketLink & TimedRequest & DeliveryWaiter;

/** One request. */
export class AgentExchange implements Roles {
  readonly requestId: number;
  readonly request: NodeRequest;
  /** What its connection is listed under. */
  readonly groupName: string;
  readonly owner: ExchangeOwner<AgentExchange>;
  readonly #pool: ConnectionPool<Wire>;
  readonly origin: Origin;
  /** What counts for the origin. */
  readonly settings: Settings;
  readonly #events: RequestEvents;
  readonly #deadlines: AgentDeadlines;
  stage: "queue" | "sending" | "done" = "queue";
  #waiter: PoolWaiter<Wire> | undefined = undefined;
  #lease: Lease<Wire> | undefined = undefined;
  #socket: AgentSocket | undefined = undefined;
  /** Set while `node:http` waits for its first connection. */
  #waiting: WaitingRequest<AgentExchange> | undefined = undefined;
  readonly sent: SentBytes = new SentBytes();
  readonly #received: ReceivedBytes = new ReceivedBytes();
  #isLast = false;
  #resendCount = 0;

  constructor(owner: ExchangeOwner<AgentExchange>, request: NodeRequest, origin: Origin, groupName: string) {
    this.owner = owner;
    this.#pool = owner.pool;
    this.groupName = groupName;
    this.request = request;
    this.origin = origin;
    this.settings = settingsFor(owner.pool.settings, owner.pool.pooledAs(origin));
    this.#events = new RequestEvents(owner.pool, { origin, method: request.method });
    this.requestId = this.#events.id;
    this.#deadlines = new AgentDeadlines(this, owner.pool.now(), owner.socketTimeoutMs);
  }

  start(): void {
    this.#pool.timer.watch(this.#deadlines);
    this.#events.started();
    this.#pool.observers.whenDelivered(this);
    if (this.stage === "queue") this.#waitQueued();
  }

  #waitQueued(): void {
    this.#waiting = new WaitingRequest(this, this.owner.waiting, (error) => {
      if (this.stage !== "queue") return;
      this.#fail(error ?? new Error("The request was destroyed while it waited"));
      this.request.onSocket(undefined);
    });
  }

  // The pool

  /** All listeners were called. One may have destroyed the request. */
  eventsDelivered(): void {
    if (this.stage !== "queue") return;
    if (this.#lease !== undefined) this.#attach(this.#lease);
    else if (this.#waiter === undefined) this.#ask();
  }

  #ask(): void {
    const fresh = this.#socket !== undefined;
    const now = fresh ? this.#pool.now() : this.#deadlines.startedAt;
    this.#waiter = this.#pool.acquire(
      this,
      this.origin,
      { unsafe: !isSafeTwice(this.request), fresh, timeoutMs: this.settings.acquireTimeoutMs },
      now,
    );
    if (this.#isOver) this.#pool.cancel(this.#waiter);
  }

  granted(lease: Lease<Wire>): void {
    if (this.stage === "done") return returnUnused(this.#pool, lease);
    this.#lease = lease;
    lease.connection.user = this;
    this.#pool.observers.whenDelivered(this);
  }

  rejected(error: Error): void {
    this.#abort(error, "aborted");
  }

  /** Tells `node:http` what it waits for. */
  #tell(socket: AgentSocket | undefined, error?: Error): void {
    const { request } = this;
    if (this.#waiting === undefined) return request.onSocket(socket, error);
    this.#waiting.end(() => request.onSocket(socket, error));
    this.#waiting = undefined;
  }

  #attach(lease: Lease<Wire>): void {
    this.stage = "sending";
    this.#waiter = undefined;
    this.#deadlines.hasSocket();
    if (socketOf(lease).lost === true) return this.#lost("peer-closed", undefined);
    if (mayNeedReplay(lease)) this.sent.keep();
    if (this.#socket === undefined) this.#begin(lease);
    else this.#writeAgain(lease, this.#socket);
  }

  #begin(lease: Lease<Wire>): void {
    const { request } = this;
    const socket = socketFor(this.#pool, lease.connection, this);
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

  // Writing

  get connection(): ConnectionInfo | undefined {
    return this.#lease === undefined ? undefined : connectionInfo(this.#lease);
  }

  write(head: string | Uint8Array, body: Uint8Array | undefined, done: () => void): void {
    const lease = this.#lease;
    if (lease === undefined) return this.sent.hold(head, body, done);
    const now = this.#pool.now();
    if (this.sent.writes === 0 && isReused(lease) && now - lease.grantedAt > JUST_READ_MS) {
      this.sent.hold(head, body, done);
      return this.#lookAgain(lease);
    }
    this.#moved(now);
    this.sent.put(socketOf(lease), head, body, done);
  }

  /** `node:http` took its time after the grant. What came meanwhile would pass for the answer, so the loop turns once before. */
  #lookAgain(lease: Lease<Wire>): void {
    this.#pool.settings.clock.turn(() => {
      if (this.#lease !== lease) return;
      this.#moved(this.#pool.now());
      this.sent.again(socketOf(lease));
    });
  }

  /** Stands for a fresh connection, on which all is written that was written before. */
  #writeAgain(lease: Lease<Wire>, socket: AgentSocket): void {
    lease.connection.face = socket;
    socket.moveTo(socketOf(lease));
    this.#moved(this.#pool.now());
    this.sent.again(socketOf(lease));
  }

  #moved(now: number): void {
    this.#pool.timer.ringBy(this.#deadlines.moved(now));
  }

  drain(): void {
    this.#deadlines.uploadMovedAt = this.#pool.loopRanAt;
    this.sent.drained();
  }

  writeDropped(ended = false): void {
    // The end itself follows.
    if (!ended) this.#lost("unsolicited-data", undefined);
  }

  // Reading

  data(bytes: Uint8Array, length: number): void {
    const [lease, socket] = [this.#lease, this.#socket];
    if (lease === undefined || socket === undefined || this.sent.writes === 0)
      return this.#lost("unsolicited-data", undefined);
    const received = this.#received;
    if (this.request.res?.complete === true) {
      received.surplus = true;
      return;
    }
    if (!received.responded) this.#firstByte(lease);
    this.#deadlines.bodyMovedAt = this.#pool.loopRanAt;
    const wantsMore = received.pass(socket, bytes, length, this.request.method);
    if (wantsMore || this.#lease === undefined || received.paused) return;
    received.paused = true;
    this.#deadlines.paused = true;
    lease.connection.pause();
  }

  #firstByte({ connection }: Lease<Wire>): void {
    this.sent.forget();
    if (this.sent.writes === 1) connection.noteRoundTrip(this.#pool.loopRanAt - this.#deadlines.sentAt);
  }

  readOn(): void {
    if (!this.#received.paused || this.#lease === undefined) return;
    this.#received.paused = false;
    this.#deadlines.paused = false;
    this.#deadlines.bodyMovedAt = this.#pool.now();
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
    if (lease === undefined || this.stage === "done") return;
    if (this.#resend(lease, reason)) return;
    const isComplete = this.request.res?.complete === true;
    const announced = endOfLost(this.request, lease, error === undefined);
    const failure = lostError(this.#context(lease), undefined, error);
    this.#release(lease, announced ?? reason, true);
    if (isComplete || announced !== undefined) this.#finish(lease);
    else this.#fail(failure);
    if (socket === undefined) this.#tell(undefined, nodeError(failure));
    // A response may be complete that `node:http` has not told of. Then it does not matter how the connection ended.
    else if (error === undefined || isComplete) socket.push(null);
    else socket.destroy(nodeError(error));
  }

  /** Asks for a fresh connection, if the rules allow it. Returns whether it does. */
  #resend(lease: Lease<Wire>, retired: RetireReason): boolean {
    const { responded } = this.#received;
    const before = { responded, resendCount: this.#resendCount };
    const reason = replayReason(this.request, lease, this.sent, before);
    if (reason === undefined || this.#lease !== lease || this.stage === "done") return false;
    [this.stage, this.#waiter] = ["queue", undefined];
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
    if (this.sent.writes === 0) {
      // Destroyed before anything was written.
      this.#lease = undefined;
      this.#fail(new Error("The request was destroyed before it was sent"));
      return returnUnused(this.#pool, lease);
    }
    const surplus = this.#received.surplus || socket.readableLength > 0;
    const end = endOfFreed(this.request, lease, surplus);
    this.#release(lease, end, false, true);
    if (end !== undefined) socket.destroy();
    this.#finish(lease);
  }

  detached(): void {
    const [lease, socket] = [this.#lease, this.#socket];
    if (lease === undefined || socket === undefined) return;
    const { paused } = this.#received;
    socket.begin(new DetachedLink(lease.connection.handOver(), socket, paused, this.sent.whenDrained));
    this.#received.paused = false;
    this.#release(lease, "upgraded", false, true);
    this.#finish(lease);
  }

  destroyed(error: Error | null): void {
    if (this.stage === "done") return;
    const { request } = this;
    const [lease, { res }] = [this.#lease, request];
    const isComplete = res?.complete === true && request.writableFinished;
    if (lease !== undefined && isComplete && error === null) {
      this.#release(lease, endOfDestroyed(request, lease, this.#received, this.#isLast), false, true);
      return this.#finish(lease);
    }
    const isGarbled = this.#received.delivering && !request.destroyed;
    const unfinished = res?.complete === true ? "upload-unfinished" : "aborted";
    if (lease !== undefined) this.#release(lease, isGarbled ? "bad-framing" : unfinished, true);
    this.#fail(error ?? new Error(isGarbled ? "The response is malformed" : "The request was destroyed"));
  }

  // Ending

  /** Ends the request with an error. */
  #abort(error: Error, reason: RetireReason): void {
    if (this.stage === "done") return;
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
    const [{ res: response }, received] = [this.request, this.#received];
    const at = reason === undefined ? this.#deadlines.bodyMovedAt : undefined;
    const how = { response, received, reason, abruptly, answered, at };
    returnConnection(this.#pool, this.#events, lease, how);
  }

  #finish(lease: Lease<Wire>): void {
    if (this.stage === "done") return;
    this.#over();
    const response = { head: statusOf(this.request), lease, resendCount: this.#resendCount };
    this.#events.ended(response, this.#deadlines.startedAt, 0, undefined);
  }

  #fail(error: Error): void {
    if (this.stage === "done") return;
    const waiter = this.#lease === undefined ? this.#waiter : undefined;
    this.#over();
    if (waiter !== undefined) this.#pool.cancel(waiter);
    this.#events.ended(undefined, this.#deadlines.startedAt, this.#resendCount, { error });
  }

  get #isOver(): boolean {
    return this.stage === "done";
  }

  #over(): void {
    this.stage = "done";
    this.sent.forget();
    this.#pool.timer.drop(this.#deadlines);
  }

  #context(lease: Lease<Wire> | undefined): ErrorContext {
    const facts = { origin: this.origin, method: this.request.method, repeatable: isSafeTwice(this.request) };
    const sent = this.sent.sent(this.request.writableFinished);
    return errorContext(facts, this.#deadlines.phase, sent, lease, this.#resendCount + 1);
  }

  // Called by the deadlines

  overdue(passed: Passed): void {
    const lease = this.#lease;
    if (this.#deadlines.phase === "headers" && !this.#received.responded && lease !== undefined)
      this.#pool.foundSilent(lease.connection, false);
    this.#abort(timeoutError(this.#context(lease), passed), "aborted");
  }
}
