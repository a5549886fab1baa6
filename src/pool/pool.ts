/**
 * Pool: the shell around the core. It turns what happens into inputs of the core, performs the effects with a transport
 * and a clock, and publishes events. It decides nothing and knows no HTTP.
 */

import type { Origin } from "../contract/origin.ts";
import type { RetireReason } from "../contract/reasons.ts";
import { type Socket, type Transport, TransportError } from "../contract/transport.ts";
import type { PoolWire } from "../contract/wire.ts";
import { type Settings, settingsFor } from "../options/resolve.ts";
import type { Rules } from "../rules/rules.ts";
import { acquireError } from "./acquire-errors.ts";
import { BodyMemory } from "./body-memory.ts";
import { Closing } from "./closing.ts";
import { type ConnectAttemptOwner, ConnectAttempts, type OpenSocket } from "./connect/connect-attempts.ts";
import { type Dialer, DirectDialer } from "./connect/dialer.ts";
import { DnsRefresh } from "./connect/dns-refresh.ts";
import type { EarlyBytes } from "./connect/early-bytes.ts";
import {
  type AcquireOptions,
  type Acquirer,
  type Connection,
  type ConnectionOwner,
  type ExchangeEnding,
  PooledConnection,
  type PoolWaiter,
  waiterOf,
} from "./connection.ts";
import {
  publishCalmed,
  publishLearned,
  publishOpened,
  publishQueued,
  publishReleased,
  publishRetired,
} from "./connection-events.ts";
import { PoolCore } from "./core/core.ts";
import type { Effect, Input } from "./core/effects.ts";
import { waitersWithoutAttempt } from "./core/origin-table.ts";
import { type EffectHandler, EffectQueue } from "./effect-queue.ts";
import { type GrantOwner, Grants } from "./grants.ts";
import { LimitKeeper } from "./limit-keeper.ts";
import type { Observers } from "./observers.ts";
import { Outages } from "./outages.ts";
import { Pings } from "./pings.ts";
import { ProcessRef } from "./process-ref.ts";
import { SleepDetector } from "./sleep-detector.ts";
import { originSnapshot } from "./stats.ts";
import { PoolTimer } from "./timer.ts";

type PoolEffect<Wire extends PoolWire> = Effect<PooledConnection<Wire>, Acquirer<Wire>>;
type PoolInput<Wire extends PoolWire> = Input<PooledConnection<Wire>, Acquirer<Wire>>;

const GONE = "the peer ended the connection at once";

/** The protocols that a pool speaks. */
export interface Protocols<Wire extends PoolWire> {
  /** How many exchanges a connection to an origin may carry at a time, while none is open to tell. */
  expected(origin: Origin): number;
  /** The wire of a connection that is open, by what ALPN chose, for one. The code of a protocol may have to be loaded first. */
  wireOn(socket: Socket, origin: Origin): Wire | Promise<Wire>;
}

/** The connections of one transport, and the requests that share them. */
export class ConnectionPool<Wire extends PoolWire>
  implements
    ConnectionOwner<Wire>,
    ConnectAttemptOwner<Wire>,
    GrantOwner<Wire>,
    EffectHandler<PoolEffect<Wire>>
{
  readonly settings: Settings;
  readonly observers: Observers;
  readonly core: PoolCore<PooledConnection<Wire>, Acquirer<Wire>>;
  readonly timer: PoolTimer;
  readonly outages: Outages<PooledConnection<Wire>, Acquirer<Wire>>;
  /** Keeps learned limits in the user's store, if there is one. */
  readonly limitKeeper: LimitKeeper | undefined;
  /** What short bodies are put together in, on a runtime that reads Blobs within a call. */
  readonly bodyMemory: BodyMemory | undefined;
  readonly #protocols: Protocols<Wire>;
  readonly #sleepDetector: SleepDetector;
  readonly #dialer: Dialer;
  readonly #connectAttempts: ConnectAttempts<Wire>;
  readonly #dnsRefresh: DnsRefresh<Wire> | undefined;
  readonly #closing: Closing<Wire>;
  readonly #processRef: ProcessRef;
  readonly #effectQueue: EffectQueue<PoolEffect<Wire>>;
  /** See {@linkcode loopRanAt}. */
  #loopRanAt: number;
  readonly #grants: Grants<Wire>;

  constructor(
    settings: Settings,
    transport: Transport,
    observers: Observers,
    protocols: Protocols<Wire>,
    dialer: Dialer = new DirectDialer(settings, transport),
  ) {
    const { rules, acquireTimeoutMs, clock } = settings;
    const expected = (origin: Origin): number => protocols.expected(origin);
    const rulesOf = (origin: Origin): Rules => settingsFor(settings, origin).rules;
    this.settings = settings;
    this.observers = observers;
    this.bodyMemory = transport.readBlob === undefined ? undefined : new BodyMemory(transport.readBlob);
    this.#protocols = protocols;
    this.core = new PoolCore({ rules, rulesOf, acquireTimeoutMs, expected });
    this.#loopRanAt = clock.now();
    this.#sleepDetector = new SleepDetector(clock, (now) => this.#step({ type: "slept" }, now));
    this.limitKeeper = LimitKeeper.of(settings, (origin, memory) => {
      this.#step({ type: "restore", origin, memory }, this.now());
    });
    this.timer = new PoolTimer(clock, (now) => {
      this.loopRan();
      this.#sleepDetector.notice(now);
      this.#step({ type: "tick" }, now);
    });
    this.outages = new Outages(this.core, this.timer, (input, now) => this.#step(input, now));
    this.#closing = new Closing(this.timer, this.core.origins);
    this.#processRef = new ProcessRef(clock);
    this.#grants = new Grants(settings, observers, this.#closing, this, transport.localAddresses);
    this.#effectQueue = new EffectQueue(observers, this);
    this.#dialer = dialer;
    this.#connectAttempts = new ConnectAttempts(this, transport, dialer, this);
    this.#dnsRefresh = DnsRefresh.of(dialer, settings.dnsRefreshMs, this.timer, (connections) => {
      this.#step({ type: "retire", connections, reason: "address-gone" }, this.now());
    });
  }

  now(): number {
    return this.settings.clock.now();
  }

  /** When a socket of this pool last had an event, or the timer fired: a time that costs no call of the clock. */
  get loopRanAt(): number {
    return this.#loopRanAt;
  }

  /** The origin whose connections carry the requests of `origin`: another one if origins share those to a proxy. */
  pooledAs(origin: Origin): Origin {
    return this.#dialer.pooledAs?.(origin) ?? origin;
  }

  // Requests

  /** Asks for a connection. `acquirer` is answered once: within this call, or later. */
  acquire(
    acquirer: Acquirer<Wire>,
    to: Origin,
    options: AcquireOptions,
    now: number = this.now(),
  ): PoolWaiter<Wire> {
    const origin = this.pooledAs(to);
    this.limitKeeper?.used(origin);
    this.#sleepDetector.noticeOften(now);
    const waiter = waiterOf(acquirer, options, this.settings);
    // With a failed clock nothing begins: the timer is about to tell the request.
    if (this.timer.fault === undefined) this.#step({ type: "acquire", waiter, origin }, now);
    return waiter;
  }

  /** Whether requests to the origin of a connection wait, and limits allow no connect attempt for them. */
  lacksPlace({ record }: PooledConnection<Wire>): boolean {
    return waitersWithoutAttempt(record.originRecord) > 0;
  }

  /** The request no longer wants a connection. Harmless if it was answered. */
  cancel(waiter: PoolWaiter<Wire>): void {
    waiter.abandoned = true;
    this.#step({ type: "cancel", waiter }, this.now());
  }

  /** The exchange is over. */
  release(connection: PooledConnection<Wire>, ending: ExchangeEnding): void {
    const { hints, reason, abruptly } = ending;
    if (!connection.multiplexed) connection.leave(abruptly);
    // A request that began to wait in this turn, after the socket was read, is not served before.
    const now = this.core.origins.waiting > 0 ? this.now() : (ending.at ?? this.now());
    const { record } = connection;
    const unknown = ending.answered === false && this.#sleepDetector.duringLease(record, now);
    const answered = unknown ? undefined : ending.answered;
    // It was lingering, and a user's function that was called on the way here had the connection closed.
    if (record.state === "closed") return;
    const input = { type: "release", connection: record, hints, reason, answered } as const;
    if (this.observers.topics["connection.released"].wanted) this.#releaseAndPublish(input, now);
    else this.#step(input, now);
  }

  /** The event tells how the connection came back, even if the same step leases it again. */
  #releaseAndPublish(input: PoolInput<Wire> & { type: "release" }, now: number): void {
    const { observers } = this;
    const { requests, leases } = input.connection;
    observers.beginStep();
    try {
      const effects = this.core.step(input, now);
      publishReleased(observers, input.connection, { requests, streams: leases - 1 }, now);
      this.#perform(effects, now);
    } finally {
      observers.endStep();
    }
  }

  /** A request got no answer on a connection that had been idle. `proven`: a fresh connection gave it one. */
  foundSilent({ record }: PooledConnection<Wire>, proven: boolean): void {
    const now = this.now();
    if (this.#sleepDetector.duringLease(record, now)) return;
    this.#step({ type: "silent", connection: record, proven }, now);
  }

  /** The exchange goes on for the connection's sake alone. From now on the connection may be taken from it. */
  linger({ record }: PooledConnection<Wire>): void {
    this.#step({ type: "linger", connection: record }, this.now());
  }

  /** Gives a granted connection back, which ends if a check found a reason, and asks for another for the same request. */
  acquireAnother(
    waiter: PoolWaiter<Wire>,
    connection: PooledConnection<Wire>,
    reason: RetireReason | undefined,
  ): void {
    const { record } = connection;
    const answered = reason === "peer-closed" ? false : undefined;
    this.release(connection, { hints: record.hints, reason, answered });
    const { origin } = record.originRecord;
    if (!waiter.abandoned) this.#step({ type: "acquire", waiter, origin, again: true }, this.now());
  }

  // Connecting

  /** Opens connections until `count` are idle or being opened, and waits for them. */
  async preconnect(to: Origin, count: number): Promise<void> {
    const origin = this.pooledAs(to);
    const snapshot = originSnapshot(this.core.origins, origin.key);
    const facts = { origin: origin.key, waitedMs: 0, snapshot };
    if (this.core.closing) throw acquireError({ ...facts, why: "pool-closed" });
    const start = (): void => this.#step({ type: "preconnect", origin, count }, this.now());
    const error = await this.#processRef.until(this.#connectAttempts.failure(origin, this.now(), start));
    if (error !== undefined) throw acquireError({ ...facts, why: "connect-failed", error });
  }

  #connect(record: Connection<Wire>, now: number): void {
    if (record.state !== "connecting") return;
    const via = this.#dialer.viaTo(record.originRecord.origin);
    const own = settingsFor(this.settings, record.originRecord.origin);
    record.attachment = new PooledConnection<Wire>(record, via, own, this);
    this.#connectAttempts.start(record.attachment, now);
  }

  mayHearFirst(origin: Origin): boolean {
    return this.#protocols.expected(origin) > 1;
  }

  wireOn(socket: Socket, origin: Origin): Wire | Promise<Wire> {
    return this.#protocols.wireOn(socket, origin);
  }

  opened(
    connection: PooledConnection<Wire>,
    { socket, wire }: OpenSocket<Wire>,
    random: number,
    early?: EarlyBytes,
  ): void {
    const { record } = connection;
    // First: the user's clock, called next, may close the pool, which must then close this socket.
    connection.socket = socket;
    const now = this.now();
    const elapsedMs = now - record.openedAt;
    const isClosed = (): boolean => record.state === "closed";
    this.loopRan();
    if (isClosed()) return;
    this.#dnsRefresh?.opened(record, now);
    connection.speak(wire);
    // Before any request begins: the peer may have said how many it takes, or that it takes none.
    early?.passTo(connection);
    if (isClosed()) return;
    const { ping } = connection.settings;
    if (ping !== undefined && wire.ping !== undefined)
      connection.pings = new Pings(connection, ping, this.timer, now);
    const { isCapacityKnown, capacity: own } = connection;
    const { origin, capacity: last } = record.originRecord;
    // Until the peer speaks, what it said last is the best guess: it refuses what is beyond its limit.
    const capacity = isCapacityKnown ? own : Math.min(own, last);
    const [protocol, negotiated, readyAt] = [wire.protocol, this.mayHearFirst(origin), early?.readyAt];
    this.observers.beginStep();
    try {
      const effects = this.core.step(
        { type: "connected", connection: record, random, capacity, protocol, negotiated, readyAt },
        now,
      );
      publishOpened(this.observers, record, elapsedMs);
      this.#perform(effects, now);
      if (!isClosed()) this.outages.reached(record, now - elapsedMs, now);
    } finally {
      this.observers.endStep();
    }
  }

  connectFailed(record: Connection<Wire>, error: unknown, endedBy?: RetireReason): void {
    this.#step({ type: "connect-failed", connection: record, error, endedBy }, this.now());
  }

  // What sockets report

  loopRan(): void {
    this.#loopRanAt = this.now();
    this.#grants.loopRan(this.#loopRanAt);
  }

  lost(connection: PooledConnection<Wire>, reason: RetireReason, error?: unknown): void {
    const { record } = connection;
    if (record.state === "closed") return;
    if (record.state === "connecting") return this.connectFailed(record, error);
    const now = this.now();
    this.#sleepDetector.notice(now);
    this.#step({ type: "lost", connection: record, reason, late: this.timer.isLate }, now);
  }

  capacityChanged({ record }: PooledConnection<Wire>, capacity: number): void {
    if (record.state === "connecting") return;
    this.#step({ type: "capacity", connection: record, capacity }, this.now());
  }

  retire({ record }: PooledConnection<Wire>, reason: RetireReason, taken?: number): void {
    const now = this.now();
    if (record.state === "closed") return;
    if (record.state === "connecting")
      return this.connectFailed(record, new TransportError("refused", GONE), reason);
    if (reason === "goaway") {
      this.#sleepDetector.notice(now);
      this.#step({ type: "goaway", connection: record, taken, late: this.timer.isLate }, now);
    } else if (reason === "calm") this.#step({ type: "calm", connection: record }, now);
    else this.#step({ type: "retire", connections: [record], reason }, now);
  }

  // Ending

  /** Retires the connections of one origin or of all: idle ones now, active ones after their exchange. */
  drain(origin: string | undefined, reason: RetireReason): void {
    this.#step({ type: "drain", origin, reason }, this.now());
  }

  /** Refuses new requests. Running ones may go on for `graceMs`, then they are cut off. */
  close(graceMs: number): Promise<void> {
    const now = this.now();
    this.#step({ type: "close" }, now);
    return this.#processRef.until(this.#closing.wait(now, graceMs));
  }

  // Steps of the core and their effects

  #step(input: PoolInput<Wire>, now: number): void {
    this.#perform(this.core.step(input, now), now);
  }

  #perform(effects: readonly PoolEffect<Wire>[], now: number): void {
    this.#effectQueue.perform(effects, now);
    this.timer.ringBy(this.core.wakeAt());
    this.#processRef.whileQueued(this.core.origins.waiting > 0);
  }

  /** Performs one effect. Called by the effect queue, in the order in which the core decided. */
  handle(effect: PoolEffect<Wire>, now: number): void {
    switch (effect.type) {
      case "connect":
        return this.#connect(effect.connection, now);
      case "grant":
        return this.#grants.grant(effect, now);
      case "queue":
        return publishQueued(this.observers, effect);
      case "reject":
        return this.#reject(effect);
      case "park": // An earlier effect may have had it leased again.
        return effect.connection.state === "idle"
          ? effect.connection.attachment?.setLeased(false)
          : undefined;
      case "close":
        return this.#close(effect, now);
      case "learned":
        return this.#learned(effect);
      case "calmed":
        return publishCalmed(this.observers, effect.connection);
    }
  }

  #reject(effect: PoolEffect<Wire> & { type: "reject" }): void {
    const snapshot = originSnapshot(this.core.origins, effect.origin);
    effect.waiter.attachment.rejected(acquireError({ ...effect, snapshot }));
  }

  #close(effect: PoolEffect<Wire> & { type: "close" }, now: number): void {
    const { connection: record, reason, from } = effect;
    if (from === "connecting") this.#connectAttempts.giveUp(record, reason);
    this.#dnsRefresh?.closed(record);
    record.attachment?.closeSocket(this.settings.clock);
    publishRetired(this.observers, effect, now);
    if (this.core.closing) this.#closing.check();
  }

  #learned(effect: PoolEffect<Wire> & { type: "learned" }): void {
    this.limitKeeper?.learned(effect.originRecord.origin.key, effect.originRecord.memory);
    publishLearned(this.observers, effect);
  }
}
