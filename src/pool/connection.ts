/**
 * Connection: what joins a socket, the core's record of it and the exchange that uses it. While nobody uses it,
 * it watches: any byte, FIN or error on an idle connection retires it (the invariant behind CVE-2026-6733).
 */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { Socket, SocketHandler, TransportError } from "../contract/transport.ts";
import type { Rules, ServerHints } from "../rules/rules.ts";
import type { Via } from "./connect/dialer.ts";
import type { ConnectionRecord, Waiter } from "./core/records.ts";
import type { Timed } from "./timer.ts";

/** Whoever has the lease of a connection gets what arrives on it. */
export interface ConnectionUser {
  /** See {@linkcode SocketHandler.data}: valid only during the call. */
  data(bytes: Uint8Array, length: number): void;
  drain(): void;
  /** See {@linkcode SocketHandler.writeDropped}. */
  writeDropped?(): void;
  /** The socket is gone. The user must still release the connection. */
  closed(error: TransportError | undefined): void;
  /** The pool's patience is over: fail, and release the connection. */
  cut(): void;
  /** The connection on which it lingered was taken from it, and is closed: there is nothing to release. */
  evicted?(): void;
}

/** How a request wants its connection. */
export interface AcquireOptions {
  /** Not idempotent: only a connection that is proven fresh will do. */
  readonly unsafe: boolean;
  /** Only one that has carried no request. */
  readonly fresh: boolean;
}

/** Whoever waits for a connection. */
export interface Acquirer<Wire> {
  /** Its request's number, by which observers know it. */
  readonly requestId: number;
  granted(lease: Lease<Wire>): void;
  /** `error` is a HoldfastError. */
  refused(error: Error): void;
}

/** The core's records, with what this shell attaches to them. */
export type Connection<Wire> = ConnectionRecord<PooledConnection<Wire>, Acquirer<Wire>>;
/** A waiter of this shell. */
export type PoolWaiter<Wire> = Waiter<PooledConnection<Wire>, Acquirer<Wire>>;

/** The right to use one connection for one exchange, and the facts of the moment it was granted. */
export interface Lease<Wire> {
  readonly connection: PooledConnection<Wire>;
  /** 1 for the first request on the connection. */
  readonly requestNumber: number;
  readonly idleMs: number;
  readonly waitedMs: number;
  readonly grantedAt: number;
}

/** The lease of a connection that is granted at `now`. */
export function leaseOf<Wire>(
  connection: PooledConnection<Wire>,
  { idleMs, waitedMs }: Pick<Lease<Wire>, "idleMs" | "waitedMs">,
  now: number,
): Lease<Wire> {
  return { connection, requestNumber: connection.record.requests, idleMs, waitedMs, grantedAt: now };
}

/** The socket of a connection that was leased, and so has one. */
export function socketOf<Wire>({ connection }: Lease<Wire>): Socket {
  if (connection.socket === undefined)
    throw new Error("Bug in Holdfast: a connection without a socket was granted");
  return connection.socket;
}

/** How an exchange ended, as far as its connection is concerned. */
export interface ExchangeEnding {
  readonly hints: ServerHints;
  /** Why the connection must not be used again; `undefined` if it may. */
  readonly reason: RetireReason | undefined;
  /** Whether a response came; `undefined` where that proves nothing about the server. */
  readonly answered?: boolean | undefined;
  /** What was written but not sent yet must not be sent either. */
  readonly abruptly?: boolean | undefined;
  /** When it ended; by default now. */
  readonly at?: number | undefined;
}

/**
 * Whether an exchange is the last on its connection, as is known before it begins: then the server is told
 * (`Connection: close`), so that it can close first (RFC 9112 §9.6).
 */
export function isLastExchange<Wire>({ connection, requestNumber }: Lease<Wire>, rules: Rules): boolean {
  if (requestNumber >= rules.maxRequests || rules.maxIdle === 0 || rules.maxIdlePerOrigin === 0) return true;
  return connection.record.state === "draining";
}

/** What a lease tells users: numbers and addresses only. */
export function connectionInfo<Wire>(lease: Lease<Wire>): ConnectionInfo {
  const { record, socket, via } = lease.connection;
  const info = {
    id: record.id,
    origin: record.originRecord.origin.key,
    reused: lease.requestNumber > 1,
    requestNumber: lease.requestNumber,
    ageMs: lease.grantedAt - record.openedAt,
    idleMs: lease.idleMs,
    remoteAddress: socket?.remoteAddress,
    remotePort: socket?.remotePort,
    localAddress: socket?.localAddress,
    localPort: socket?.localPort,
  };
  return via === undefined ? info : { ...info, proxy: via.proxy };
}

/** A connection that is being opened: its connect attempt. */
export interface ConnectInProgress extends Timed {
  readonly startedAt: number;
  /** Resolves when the attempt is over: with why there is no connection, or with `undefined`. */
  failure(): Promise<unknown>;
  /** Nobody waits for the connection any more. */
  giveUp(reason: string): void;
}

/** What a connection tells the pool. */
export interface ConnectionOwner<Wire> {
  /** The socket of a connection nobody uses is gone or cannot be trusted. */
  lost(connection: PooledConnection<Wire>, reason: RetireReason, error?: unknown): void;
  /** The event loop has come round to the sockets. */
  loopRan(): void;
}

/** One open connection of a pool. `Wire` is what the protocol keeps per connection. */
export class PooledConnection<Wire> implements SocketHandler {
  readonly record: Connection<Wire>;
  readonly wire: Wire;
  /** The proxy in between. */
  readonly via: Via | undefined;
  /** Set while it is being opened. */
  attempt: ConnectInProgress | undefined = undefined;
  /** Set once the transport has opened it. */
  socket: Socket | undefined = undefined;
  user: ConnectionUser | undefined = undefined;
  /** Its socket was paused in its last exchange: the end of it may lie in the kernel behind what was held back. */
  wasPaused = false;
  /** What arrived with the bytes that came last may follow: see {@linkcode SocketHandler.data}. */
  more = false;
  /** Whether its socket keeps the process alive. */
  #ref = true;
  readonly #owner: ConnectionOwner<Wire>;

  constructor(record: Connection<Wire>, wire: Wire, via: Via | undefined, owner: ConnectionOwner<Wire>) {
    this.record = record;
    this.wire = wire;
    this.via = via;
    this.#owner = owner;
  }

  /** Whether its requests are read by an HTTP proxy, rather than carried by a tunnel. */
  get proxied(): boolean {
    return this.via?.forwarding !== undefined;
  }

  /** It has been retired. Whoever still has it lingered, and what was not sent by then is not sent. */
  closeSocket(): void {
    const { user, socket } = this;
    if (user === undefined) return socket?.close();
    this.user = undefined;
    socket?.abort();
    user.evicted?.();
  }

  /** Stops reading: whoever has it cannot keep up. */
  pause(): void {
    this.wasPaused = true;
    this.socket?.pause();
  }

  /** Whether somebody waits for what comes on it: then its socket keeps the process alive. */
  ref(held: boolean): void {
    if (held === this.#ref) return;
    this.#ref = held;
    this.socket?.ref(held);
  }

  /** Somebody has it from now on, or nobody. */
  setLeased(taken: boolean): void {
    this.#ref = taken;
    this.socket?.ref(taken, !taken);
  }

  /** A response came `ms` after its request: the round trip is no longer than that. */
  noteRoundTrip(ms: number): void {
    if (ms < this.record.roundTripMs) this.record.roundTripMs = ms;
  }

  data(bytes: Uint8Array, length: number, more = false): void {
    this.more = more;
    this.#owner.loopRan();
    if (this.user !== undefined) this.user.data(bytes, length);
    else this.#owner.lost(this, "unsolicited-data");
  }

  writeDropped(): void {
    this.user?.writeDropped?.();
  }

  drain(): void {
    this.#owner.loopRan();
    this.user?.drain();
  }

  closed(error: TransportError | undefined): void {
    this.#owner.loopRan();
    if (this.user !== undefined) this.user.closed(error);
    else this.#owner.lost(this, "peer-closed", error);
  }
}
