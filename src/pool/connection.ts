/**
 * Connection: joins a socket, the core's record, the wire and the exchange that uses them. While no exchange uses it, any
 * byte, FIN or error on its socket retires it (the invariant behind CVE-2026-6733).
 */

import type { Clock } from "../contract/clock.ts";
import type { ConnectionInfo } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { Socket, SocketHandler, TransportError } from "../contract/transport.ts";
import type { ConnectionUser, PoolWire } from "../contract/wire.ts";
import type { Settings } from "../options/resolve.ts";
import { earnDoubt } from "../rules/doubt.ts";
import { noteFirstByte } from "../rules/first-byte.ts";
import type { ServerHints } from "../rules/rules.ts";
import type { Via } from "./connect/dialer.ts";
import { type ConnectionRecord, OwnWaiter, Waiter } from "./core/records.ts";
import type { Pings } from "./pings.ts";
import type { Timed } from "./timer.ts";
import { closeInTime } from "./unsent.ts";

/** Which connections a request may have. */
export interface AcquireOptions {
  /** The request is not idempotent: it takes only a connection that is proven fresh. */
  readonly unsafe: boolean;
  /** It takes only a connection that has carried no request. */
  readonly fresh: boolean;
  /** How long it waits at the most. */
  readonly timeoutMs: number;
  /** It takes only a connection that was opened for it, which carries no other request. */
  readonly alone?: boolean | undefined;
}

/** Receives the answer to a call of `acquire`: one of the two, once. */
export interface Acquirer<Wire extends PoolWire> {
  /** The number of its request, which events carry. */
  readonly requestId: number;
  granted(lease: Lease<Wire>): void;
  /** `error` is a HoldfastError. */
  rejected(error: Error): void;
}

/** The core's record of a connection, with what this shell attaches to it. */
export type Connection<Wire extends PoolWire> = ConnectionRecord<PooledConnection<Wire>, Acquirer<Wire>>;
/** The core's waiter, with what this shell attaches to it. */
export type PoolWaiter<Wire extends PoolWire> = Waiter<PooledConnection<Wire>, Acquirer<Wire>>;

/** A waiter for a connection. Most have the pool's time limit. */
export function waiterOf<Wire extends PoolWire>(
  acquirer: Acquirer<Wire>,
  { unsafe, fresh, timeoutMs, alone = false }: AcquireOptions,
  ofPool: Settings,
): PoolWaiter<Wire> {
  return timeoutMs === ofPool.acquireTimeoutMs && !alone
    ? new Waiter(acquirer, unsafe, fresh)
    : new OwnWaiter(acquirer, { unsafe, fresh: fresh || alone }, { timeoutMs, alone });
}

/** The right to use one connection for one exchange, and the facts of the moment it was granted. */
export interface Lease<Wire extends PoolWire> {
  readonly connection: PooledConnection<Wire>;
  /** 1 for the first request on the connection. */
  readonly requestNumber: number;
  readonly idleMs: number;
  readonly waitedMs: number;
  readonly grantedAt: number;
}

/** The lease of a connection that is granted at `now`. */
export function leaseOf<Wire extends PoolWire>(
  connection: PooledConnection<Wire>,
  { requestNumber, idleMs, waitedMs }: Pick<Lease<Wire>, "requestNumber" | "idleMs" | "waitedMs">,
  now: number,
): Lease<Wire> {
  return { connection, requestNumber, idleMs, waitedMs, grantedAt: now };
}

/** The socket of a leased connection. */
export function socketOf<Wire extends PoolWire>({ connection }: Lease<Wire>): Socket {
  if (connection.socket === undefined)
    throw new Error("Bug in Holdfast: a connection without a socket was granted");
  return connection.socket;
}

/** How an exchange ended, as far as its connection is concerned. */
export interface ExchangeEnding {
  readonly hints: ServerHints;
  /** Why the connection must not be used again; `undefined` if it may. */
  readonly reason: RetireReason | undefined;
  /** Whether a response came; `undefined` if that proves nothing about the server. */
  readonly answered?: boolean | undefined;
  /** Abort the socket: bytes that were written but not sent yet must not be sent. */
  readonly abruptly?: boolean | undefined;
  /** When it ended; now by default. */
  readonly at?: number | undefined;
}

/**
 * Whether it is known before an exchange that it is the last on its connection. Then the request says `Connection: close`,
 * so that the server can close first (RFC 9112 §9.6).
 */
export function isLastExchange<Wire extends PoolWire>({ connection, requestNumber }: Lease<Wire>): boolean {
  const { rules } = connection.record;
  if (requestNumber >= rules.maxRequests || rules.maxIdle === 0 || rules.maxIdlePerOrigin === 0) return true;
  return connection.record.state === "draining";
}

/** The facts of a lease for users: numbers and addresses only. */
export function connectionInfo<Wire extends PoolWire>(lease: Lease<Wire>): ConnectionInfo {
  const { record, socket, via, wire } = lease.connection;
  const info = {
    id: record.id,
    origin: record.originRecord.origin.key,
    protocol: wire.protocol,
    reused: lease.requestNumber > 1,
    requestNumber: lease.requestNumber,
    ageMs: lease.grantedAt - record.openedAt,
    idleMs: lease.idleMs,
    remoteAddress: socket?.remoteAddress,
    remotePort: socket?.remotePort,
    localAddress: socket?.localAddress,
    localPort: socket?.localPort,
  };
  const tls = socket?.tls;
  if (via === undefined && tls === undefined) return info;
  return {
    ...info,
    ...(via === undefined ? undefined : { proxy: via.proxy }),
    ...(tls === undefined ? undefined : { tls }),
  };
}

/** A connection that is being opened: its connect attempt. */
export interface ConnectInProgress extends Timed {
  readonly startedAt: number;
  /** Resolves when the attempt is over: with why there is no connection, or with `undefined`. */
  failure(): Promise<unknown>;
  /** Nobody waits for the connection any more. */
  giveUp(reason: string): void;
}

/** What a front of the pool has made of a connection, and keeps with it from one exchange to the next: a socket of `node:http`. */
export interface ConnectionFace {
  /** The connection is closed. */
  connectionClosed(): void;
}

/** The pool, as its connections see it. */
export interface ConnectionOwner<Wire extends PoolWire> {
  /** A connection that nobody uses has lost its socket, or received bytes. With several exchanges: it is over. */
  lost(connection: PooledConnection<Wire>, reason: RetireReason, error?: unknown): void;
  /** It takes another number of exchanges at a time from now on. */
  capacityChanged(connection: PooledConnection<Wire>, capacity: number): void;
  /** It takes no further exchange. `taken`: see `WireConnection.retire`. */
  retire(connection: PooledConnection<Wire>, reason: RetireReason, taken?: number): void;
  /** The event loop has run: a socket had an event. */
  loopRan(): void;
  /** When it ran last. */
  readonly loopRanAt: number;
}

/**
 * One connection of a pool, from its connect attempt to its end. `Wire` is what the protocol keeps per connection.
 *
 * Everything about a connection is in two objects. Its state, times and counts, on which decisions depend, are in the
 * {@linkcode ConnectionRecord}, which only the core changes, save for `roundTripMs` (see `noteRoundTrip`). What acting
 * needs is here. What never changes is `readonly`; each other field says when it changes and by whom.
 */
export class PooledConnection<Wire extends PoolWire> implements SocketHandler {
  readonly record: Connection<Wire>;
  /** The proxy in between, if any. */
  readonly via: Via | undefined;
  /** What counts for its origin. What a pool has once (its clock, its transport) is not read from here. */
  readonly settings: Settings;
  /** Set while the socket is being opened: by `ConnectAttempts`, at both ends of the attempt. */
  attempt: ConnectInProgress | undefined = undefined;
  /** Set once, by the pool when the connect attempt has succeeded. It stays when the connection is closed. */
  socket: Socket | undefined = undefined;
  /**
   * Whether it carries several exchanges at a time (HTTP/2). Set once, when it is open. Such a connection has its wire as
   * its user all the time.
   */
  multiplexed = false;
  /** How many exchanges it may carry at a time. Set by `speak`, and by its wire. */
  capacity = 1;
  /** The peer has said so. */
  isCapacityKnown = false;
  /** Its pings. Set once, by the pool when it is open, if the options want any and the protocol has them. */
  pings: Pings | undefined = undefined;
  /** Liveness checks under way on a multiplexed connection. */
  checks = 0;
  /** The peer of a multiplexed connection takes no further exchange, or is gone. */
  takesNoMore = false;
  /**
   * Receives the events of the socket; `undefined` while the connection is parked. An exchange sets it when it is granted
   * the lease, and a liveness check for its turn. It is cleared by the check, by a release, and by `closeSocket`.
   */
  user: ConnectionUser | undefined = undefined;
  /** What stands for it towards a front of the pool. Set and cleared by that front. */
  face: ConnectionFace | undefined = undefined;
  /**
   * The socket was not read for a while before the last lease ended: a FIN may have lain in the kernel for long. Set by
   * `pause`, and by an exchange that ends with its upload, after the response was read. Cleared by the next grant.
   */
  wasPaused = false;
  /** More may follow the bytes that came last (see {@linkcode SocketHandler.data}). Set with every `data`. */
  more = false;
  /** Whether the socket keeps the process alive. Changed by `setLeased` and `ref`. */
  #ref = true;
  /** Whether it is leased, as of the effects performed so far. Changed by `setLeased`. */
  #isLeased = false;
  /** Whether that was said to be over, or not to begin. Changed by `setLeased`. */
  #isParked = false;
  #wire: Wire | undefined = undefined;
  /** The socket is no longer the pool's. Set by `handOver`. */
  #isHandedOver = false;
  /** The wire has said that the connection is over. */
  #isOver = false;
  readonly #owner: ConnectionOwner<Wire>;

  constructor(
    record: Connection<Wire>,
    via: Via | undefined,
    settings: Settings,
    owner: ConnectionOwner<Wire>,
  ) {
    this.record = record;
    this.via = via;
    this.settings = settings;
    this.#owner = owner;
  }

  /** The protocol spoken on it. Set once, when it is open. */
  get wire(): Wire {
    if (this.#wire === undefined)
      throw new Error("Bug in Holdfast: a connection without a socket was granted");
    return this.#wire;
  }

  /** Speaks the protocol from now on. */
  speak(wire: Wire): void {
    this.#wire = wire;
    this.multiplexed = wire.protocol === "h2";
    this.capacity = wire.start(this);
  }

  /** Whether an HTTP proxy reads and forwards its requests. Not so in a tunnel. */
  get proxied(): boolean {
    return this.via?.forwarding !== undefined;
  }

  /** Gives the socket away, before the lease ends with the reason `upgraded`. The receiver sets a handler of its own. */
  handOver(): Socket {
    if (this.socket === undefined)
      throw new Error("Bug in Holdfast: a connection without a socket was upgraded");
    this.#isHandedOver = true;
    this.user = undefined;
    return this.socket;
  }

  /** The exchange that has used it alone is over. */
  leave(abruptly: boolean | undefined): void {
    this.user = undefined;
    if (abruptly === true && !this.#isHandedOver) this.socket?.abort();
  }

  /** Called when the core has closed the record. A user that it still has was lingering: the socket is aborted. */
  closeSocket(clock: Pick<Clock, "schedule">): void {
    if (this.#isHandedOver) return;
    this.pings?.stop();
    const { user, socket } = this;
    if (this.multiplexed && !this.#isOver) this.#wire?.closing?.();
    this.user = undefined;
    if (user !== undefined && !this.multiplexed) {
      socket?.abort();
      user.evicted?.();
    } else if (socket !== undefined) closeInTime(socket, clock);
    this.face?.connectionClosed();
  }

  /** Stops reading: the reader of the body cannot keep up. */
  pause(): void {
    this.wasPaused = true;
    this.socket?.pause();
  }

  /** Says whether somebody waits for bytes: then the socket keeps the process alive. */
  ref(awaited: boolean): void {
    if (awaited === this.#ref) return;
    this.#ref = awaited;
    this.socket?.ref(awaited);
  }

  /** The connection is leased, or parked, from now on. A further lease changes nothing. */
  setLeased(leased: boolean): void {
    if (this.multiplexed && leased && this.#isLeased) return;
    this.#isLeased = leased;
    this.#isParked = !leased;
    if (leased) this.pings?.leased();
    this.#ref = leased;
    this.socket?.ref(leased, !leased);
  }

  /** Whether it waits for a request: not if it was opened for one, and not if the end of an exchange hands it on. */
  get isParked(): boolean {
    return this.#isParked;
  }

  /** Whether a lease joins others, so that the socket is read all the time. */
  get isShared(): boolean {
    return this.multiplexed && this.#isLeased;
  }

  /** Called by an exchange whose response came `ms` after its request: the round trip takes no longer. */
  noteRoundTrip(ms: number): void {
    const { originRecord: origin } = this.record;
    const { firstByte, doubtBudget, reach } = origin;
    noteFirstByte(firstByte, ms);
    earnDoubt(doubtBudget);
    reach.heardAt = this.#owner.loopRanAt;
    if (ms >= this.record.roundTripMs) return;
    this.record.roundTripMs = ms;
    if (ms < origin.answerMs) origin.answerMs = ms;
  }

  capacityChanged(capacity: number): void {
    this.capacity = capacity;
    this.isCapacityKnown = true;
    this.#owner.capacityChanged(this, capacity);
  }

  retire(reason: RetireReason, taken?: number): void {
    this.takesNoMore = true;
    this.#owner.retire(this, reason, taken);
  }

  ended(reason: RetireReason, error?: TransportError): void {
    this.#isOver = true;
    this.takesNoMore = true;
    this.user = undefined;
    this.#owner.lost(this, reason, error);
  }

  data(bytes: Uint8Array, length: number, more = false): void {
    this.more = more;
    this.#owner.loopRan();
    this.pings?.heard(this.#owner.loopRanAt);
    if (this.user !== undefined) this.user.data(bytes, length);
    else this.#owner.lost(this, "unsolicited-data");
  }

  writeDropped(ended?: boolean, error?: TransportError): void {
    this.user?.writeDropped?.(ended, error);
  }

  drain(): void {
    this.#owner.loopRan();
    this.user?.drain();
  }

  closed(error: TransportError | undefined): void {
    this.#owner.loopRan();
    if (this.user !== undefined) return this.user.closed(error);
    // Nobody closed it: the kernel's keepalive probes were not answered, or a router says that the peer is gone.
    const vanished = error?.kind === "timeout" || error?.kind === "unreachable";
    this.#owner.lost(this, vanished ? "no-answer" : "peer-closed", error);
  }
}
