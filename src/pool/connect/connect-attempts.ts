/** Dials: every connection that is being opened, with its time limit, and the check of what the transport applied. */

import { HoldfastError } from "../../contract/errors.ts";
import type { Origin } from "../../contract/origin.ts";
import type { Socket, Transport } from "../../contract/transport.ts";
import type { Settings } from "../../options/settings.ts";
import { type Shortfall, shortfalls } from "../../rules/tcp.ts";
import type { Connection, PooledConnection } from "../connection.ts";
import type { Observers } from "../observers.ts";
import type { PoolTimer } from "../timer.ts";
import { abortQuietly, checkedSocket } from "./checked-socket.ts";
import { ConnectAttempt } from "./connect-attempt.ts";
import type { Dialer } from "./dialer.ts";

/** What becomes of a dial; one of the two, once, unless it was given up. */
export interface AttemptOwner<Wire> {
  /** `random` is for its lifetime. */
  opened(connection: PooledConnection<Wire>, socket: Socket, random: number): void;
  dialFailed(record: Connection<Wire>, error: unknown): void;
}

/** The parts of a pool that its dials need. */
export interface AttemptsOptions {
  readonly settings: Settings;
  readonly timer: PoolTimer;
  readonly observers: Observers;
}

/** The dials of one pool. */
export class ConnectAttempts<Wire> {
  readonly #attempts: Map<Connection<Wire>, ConnectAttempt> = new Map();
  readonly #degraded: Set<string> = new Set();
  readonly #settings: Settings;
  readonly #transport: string;
  readonly #dialer: Dialer;
  readonly #timer: PoolTimer;
  readonly #observers: Observers;
  readonly #owner: AttemptOwner<Wire>;

  constructor(
    { settings, timer, observers }: AttemptsOptions,
    transport: Transport,
    dialer: Dialer,
    owner: AttemptOwner<Wire>,
  ) {
    this.#settings = settings;
    this.#transport = transport.name;
    this.#dialer = dialer;
    this.#timer = timer;
    this.#observers = observers;
    this.#owner = owner;
  }

  /** Opens a connection. */
  start(connection: PooledConnection<Wire>, now: number): void {
    const { record } = connection;
    const { origin } = record.entry;
    const dial = new ConnectAttempt(origin.key, now, this.#settings.connectTimeoutMs);
    this.#attempts.set(record, dial);
    this.#timer.watch(dial);
    dial.start((signal) => this.#dialer.connect(origin, connection, signal), {
      opened: (socket) => this.#opened(connection, socket),
      failed: (error) => {
        this.#forget(record);
        this.#owner.dialFailed(record, error);
      },
    });
  }

  /** The record is closed: what is being opened for it, if anything, is not needed. */
  giveUp(record: Connection<Wire>, reason: string): void {
    this.#attempts.get(record)?.abort(new Error(`The connection was given up: ${reason}`));
    this.#forget(record);
  }

  /**
   * Starts dials to an origin, and waits for all that are under way there. Answers why one failed; one that had begun
   * before did not have its whole time for this, so instead of it others are started.
   */
  async failure(origin: Origin, now: number, start: () => void): Promise<unknown> {
    start();
    let dials = this.#to(origin);
    for (let dial = dials.shift(); dial !== undefined; dial = dials.shift()) {
      const error = await dial.failure();
      if (error === undefined) continue;
      if (dial.startedAt >= now) return error;
      start();
      dials = this.#to(origin);
      if (dials.length === 0) return error; // the pool is closing
    }
    return undefined;
  }

  #to(origin: Origin): ConnectAttempt[] {
    return [...this.#attempts].flatMap(([record, dial]) =>
      record.entry.origin.key === origin.key ? [dial] : [],
    );
  }

  #opened(connection: PooledConnection<Wire>, given: Socket): unknown {
    const { record } = connection;
    this.#forget(record);
    let [socket, random, refused]: [Socket | undefined, number, unknown] = [undefined, 0, undefined];
    try {
      socket = this.#checked(given, connection);
      if (record.state !== "closed") refused = this.#compare(socket);
      random = this.#settings.random();
    } catch (fault) {
      refused = fault;
    }
    // A listener that was told, or `random`, may have closed the pool.
    if (refused === undefined && socket !== undefined && record.state !== "closed") {
      this.#owner.opened(connection, socket, random);
    } else {
      abortQuietly(socket ?? given);
      if (refused !== undefined) this.#owner.dialFailed(record, refused);
    }
    return refused;
  }

  /** Those of the runtime's own transport do what they should. */
  #checked(given: Socket, connection: PooledConnection<Wire>): Socket {
    return this.#settings.transport === undefined ? given : checkedSocket(given, connection);
  }

  #forget(record: Connection<Wire>): void {
    const dial = this.#attempts.get(record);
    if (dial === undefined) return;
    this.#attempts.delete(record);
    this.#timer.drop(dial);
  }

  /** Says once per option that the runtime did not honour it; under `strict`, the error to fail with. */
  #compare(socket: Socket): HoldfastError | undefined {
    const { tcpKeepAlive, noDelay, strict } = this.#settings;
    const name = this.#transport;
    for (const shortfall of shortfalls({ tcpKeepAlive, noDelay }, socket.applied)) {
      if (strict) return unsupportedError(name, shortfall);
      if (this.#degraded.has(shortfall.option)) continue;
      this.#degraded.add(shortfall.option);
      this.#observers.tell({ type: "option.degraded", transport: name, ...shortfall });
    }
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
