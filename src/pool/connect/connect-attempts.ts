/**
 * Connect attempts: the connections of a pool that are being opened. An attempt ends when its socket is open, when it
 * fails, when `connectTimeout` is over, or when the pool gives it up. Before the socket is used, what the transport
 * applied is compared with what the options ask for.
 */

import { HoldfastError } from "../../contract/errors.ts";
import type { Origin } from "../../contract/origin.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import type { Socket, Transport } from "../../contract/transport.ts";
import type { FunctionFault } from "../../contract/user-functions.ts";
import type { PoolWire } from "../../contract/wire.ts";
import type { Settings } from "../../options/resolve.ts";
import { type Shortfall, shortfalls } from "../../rules/socket-options.ts";
import { connectTimeoutError } from "../acquire-errors.ts";
import type { Acquirer, ConnectInProgress, Connection, PooledConnection } from "../connection.ts";
import type { OriginTable } from "../core/origin-table.ts";
import type { Observers } from "../observers.ts";
import type { PoolTimer } from "../timer.ts";
import { abortQuietly, checkedSocket } from "./checked-socket.ts";
import type { Dialer } from "./dialer.ts";
import { EarlyBytes } from "./early-bytes.ts";

/** A socket that is open, and the protocol to speak on it. */
export interface OpenSocket<Wire extends PoolWire> {
  readonly socket: Socket;
  readonly wire: Wire;
}

/** Learns how each connect attempt ended: one of the two, once. An attempt that was given up fails, too, or says nothing. */
export interface ConnectAttemptOwner<Wire extends PoolWire> {
  /** `random` is for the connection's lifetime. `early` is what the peer has said already. */
  opened(
    connection: PooledConnection<Wire>,
    open: OpenSocket<Wire>,
    random: number,
    early?: EarlyBytes,
  ): void;
  /** Whether a peer may speak before it is asked anything. */
  mayHearFirst(origin: Origin): boolean;
  /** The protocol that was agreed on. Its code may have to be loaded first. */
  wireOn(socket: Socket, origin: Origin): Wire | Promise<Wire>;
  /** `endedBy`: it was open, and the peer ended it before a request could be written. */
  connectFailed(record: Connection<Wire>, error: unknown, endedBy?: RetireReason): void;
}

/** The parts of a pool that its connect attempts need. */
export interface ConnectAttemptsParts<Wire extends PoolWire> {
  readonly settings: Settings;
  readonly timer: PoolTimer;
  readonly observers: Observers;
  readonly core: { readonly origins: OriginTable<PooledConnection<Wire>, Acquirer<Wire>> };
}

/** What an attempt comes to whose connection the peer ended while the code for it was loaded. The next one need not wait for that. */
class Ended {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** One attempt, with its time limit. */
class ConnectAttempt implements ConnectInProgress {
  readonly #controller = new AbortController();
  readonly #origin: string;
  readonly #limitMs: number;
  #ended: Promise<unknown> | undefined;
  readonly startedAt: number;

  constructor(origin: string, now: number, limitMs: number) {
    this.#origin = origin;
    this.startedAt = now;
    this.#limitMs = limitMs;
  }

  /** `opened` answers, or resolves with, why the socket cannot be used after all; `undefined` if it can. */
  start(
    connect: (signal: AbortSignal) => Promise<Socket>,
    opened: (socket: Socket) => unknown,
    failed: (error: unknown) => void,
  ): void {
    this.#ended = connect(this.#controller.signal).then(opened, (error) => {
      failed(error);
      return error;
    });
  }

  /** The same result, unless the attempt ends before: then it is rejected with why. */
  within<T>(loading: Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    return new Promise((resolve, reject) => {
      const end = (): void => reject(signal.reason);
      signal.addEventListener("abort", end, { once: true });
      loading.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    });
  }

  async failure(): Promise<unknown> {
    return await this.#ended;
  }

  dueAt(): number {
    return this.#controller.signal.aborted ? Infinity : this.startedAt + this.#limitMs;
  }

  due(now: number): void {
    this.#controller.abort(connectTimeoutError(this.#origin, now - this.startedAt, this.#limitMs));
  }

  cut(fault: FunctionFault): void {
    this.#controller.abort(fault);
  }

  giveUp(reason: string): void {
    this.#controller.abort(new Error(`The connection was given up: ${reason}`));
  }
}

/** The connect attempts of one pool. Each is kept in its connection: see {@linkcode PooledConnection.attempt}. */
export class ConnectAttempts<Wire extends PoolWire> {
  readonly #parts: ConnectAttemptsParts<Wire>;
  readonly #transport: string;
  readonly #dialer: Dialer;
  readonly #owner: ConnectAttemptOwner<Wire>;
  /** The options of which observers already know that the runtime does not honour them. */
  readonly #degraded: Set<string> = new Set();

  constructor(
    parts: ConnectAttemptsParts<Wire>,
    transport: Transport,
    dialer: Dialer,
    owner: ConnectAttemptOwner<Wire>,
  ) {
    this.#parts = parts;
    this.#transport = transport.name;
    this.#dialer = dialer;
    this.#owner = owner;
    dialer.reportTo((shortfall) => this.#fallsShort(shortfall));
  }

  /** Starts to open a connection. */
  start(connection: PooledConnection<Wire>, now: number): void {
    const { timer } = this.#parts;
    const { record, settings } = connection;
    const { origin } = record.originRecord;
    const attempt = new ConnectAttempt(origin.key, now, settings.connectTimeoutMs);
    connection.attempt = attempt;
    if (this.#owner.mayHearFirst(origin)) connection.user = new EarlyBytes();
    timer.watch(attempt);
    attempt.start(
      (signal) => this.#dialer.connect(origin, connection, signal),
      (socket) => this.#opened(connection, attempt, socket),
      (error) => {
        this.#end(connection);
        this.#owner.connectFailed(record, error);
      },
    );
  }

  /** The core no longer wants a connection that is being opened. Harmless if its attempt is over. */
  giveUp({ attachment }: Connection<Wire>, reason: string): void {
    const attempt = attachment?.attempt;
    if (attachment === undefined || attempt === undefined) return;
    this.#end(attachment);
    attempt.giveUp(reason);
  }

  /**
   * Calls `start`, which starts attempts to an origin, and waits for all attempts to it. Answers why one failed, or
   * `undefined` if none did. An attempt that began earlier did not have its whole time for this caller: if it fails,
   * `start` is called again, and so it is if the peer ended what was open.
   */
  async failure(origin: Origin, now: number, start: () => void): Promise<unknown> {
    start();
    let attempts = this.#attemptsTo(origin);
    for (let attempt = attempts.shift(); attempt !== undefined; attempt = attempts.shift()) {
      const outcome = await attempt.failure();
      if (outcome === undefined) continue;
      const error = outcome instanceof Ended ? outcome.error : outcome;
      if (attempt.startedAt >= now && error === outcome) return error;
      start();
      attempts = this.#attemptsTo(origin);
      // The pool is closing: `start` did nothing.
      if (attempts.length === 0) return error;
    }
    return undefined;
  }

  #attemptsTo(origin: Origin): ConnectInProgress[] {
    const connections = this.#parts.core.origins.find(origin.key)?.connections ?? [];
    return [...connections].flatMap(({ attachment }) => attachment?.attempt ?? []);
  }

  /** Answers why the socket cannot be used after all. */
  #opened(connection: PooledConnection<Wire>, attempt: ConnectAttempt, given: Socket): unknown {
    const { record } = connection;
    this.#end(connection);
    let [socket, random, error]: [Socket | undefined, number, unknown] = [undefined, 0, undefined];
    try {
      socket = this.#checked(given, connection);
      if (record.state !== "closed") error = this.#compareOptions(socket, connection.settings);
      random = this.#parts.settings.random();
    } catch (fault) {
      error = fault;
    }
    // An observer of the event, or the user's `random`, may have closed the pool.
    if (error !== undefined || socket === undefined || record.state === "closed")
      return this.#refuse(connection, socket ?? given, error);
    const wire = this.#owner.wireOn(socket, record.originRecord.origin);
    const opened = (known: Wire): unknown => this.#begin(connection, { socket, wire: known }, random);
    if (!(wire instanceof Promise)) return opened(wire);
    // Code may be slow to come, or never: the attempt goes on until it is there.
    connection.attempt = attempt;
    this.#parts.timer.watch(attempt);
    if (connection.user instanceof EarlyBytes) connection.user.readyAt = this.#parts.settings.clock.now();
    const failed = (failure: unknown): unknown => this.#refuse(connection, socket, failure);
    return attempt
      .within(wire)
      .finally(() => this.#end(connection))
      .then(opened, failed);
  }

  /** The protocol is known, and its code is there. Answers why the socket cannot be used after all. */
  #begin(connection: PooledConnection<Wire>, open: OpenSocket<Wire>, random: number): unknown {
    const { record, user } = connection;
    const early = user instanceof EarlyBytes ? user : undefined;
    if (early !== undefined) connection.user = undefined;
    const failure = early?.failureIn(open.wire.protocol);
    if (record.state === "closed" || failure !== undefined)
      return this.#refuse(connection, open.socket, failure, early?.endedBy);
    this.#owner.opened(connection, open, random, early);
    return undefined;
  }

  /** Answers why the socket cannot be used. `undefined`: the pool does not want it any more. */
  #refuse(
    { record }: PooledConnection<Wire>,
    socket: Socket,
    error: unknown,
    endedBy?: RetireReason,
  ): unknown {
    abortQuietly(socket);
    if (error !== undefined) this.#owner.connectFailed(record, error, endedBy);
    return endedBy === undefined ? error : new Ended(error);
  }

  /** Only a user's transport is distrusted. */
  #checked(given: Socket, connection: PooledConnection<Wire>): Socket {
    return this.#parts.settings.transport === undefined ? given : checkedSocket(given, connection);
  }

  #end(connection: PooledConnection<Wire>): void {
    const { attempt } = connection;
    if (attempt === undefined) return;
    connection.attempt = undefined;
    this.#parts.timer.drop(attempt);
  }

  #compareOptions(socket: Socket, settings: Settings): HoldfastError | undefined {
    const { noDelay, chosen } = settings;
    // Nobody asked for the default. `explain()` says how much of it the runtime can do.
    const { tcpKeepAlive } = chosen.has("tcpKeepAlive") ? settings : socket.applied;
    for (const shortfall of shortfalls({ tcpKeepAlive, noDelay }, socket.applied)) {
      const error = this.#fallsShort(shortfall);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  /** Publishes once per option that the runtime does not honour it. With `strict`: the error to fail with. */
  #fallsShort(shortfall: Shortfall): HoldfastError | undefined {
    const transport = this.#transport;
    if (this.#parts.settings.strict) return unsupportedError(transport, shortfall);
    if (this.#degraded.has(shortfall.option)) return undefined;
    this.#degraded.add(shortfall.option);
    this.#parts.observers.publish({ type: "option.degraded", transport, ...shortfall });
    return undefined;
  }
}

function unsupportedError(transport: string, { option, asked, applied }: Shortfall): HoldfastError {
  return new HoldfastError({
    code: "ERR_UNSUPPORTED",
    phase: "connect",
    retriable: false,
    message: `The ${transport} transport cannot honour ${option}: asked ${JSON.stringify(asked)}, got ${JSON.stringify(applied)}`,
  });
}
