/** Dials: every connection that is being opened, with its time limit, and the check of what the transport applied. */

import { HoldfastError } from "../errors.ts";
import type { Origin } from "../origin.ts";
import { type Shortfall, shortfalls } from "../rules/tcp.ts";
import type { Settings } from "../settings.ts";
import type { Socket, Target, Transport } from "../transport.ts";
import type { Alarm } from "./alarm.ts";
import type { Connection, PooledConnection } from "./connection.ts";
import { Dial, targetOf } from "./dial.ts";
import type { Observers } from "./observers.ts";

/** What becomes of a dial; one of the two, once, unless it was given up. */
export interface DialOwner<Wire> {
  opened(connection: PooledConnection<Wire>, socket: Socket): void;
  dialFailed(record: Connection<Wire>, error: unknown): void;
}

/** The dials of one pool. */
export class Dials<Wire> {
  readonly #dials: Map<Connection<Wire>, Dial> = new Map();
  readonly #targets: WeakMap<Origin, Target> = new WeakMap();
  readonly #degraded: Set<string> = new Set();
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #alarm: Alarm;
  readonly #observers: Observers;
  readonly #owner: DialOwner<Wire>;

  constructor(
    settings: Settings,
    transport: Transport,
    alarm: Alarm,
    observers: Observers,
    owner: DialOwner<Wire>,
  ) {
    this.#settings = settings;
    this.#transport = transport;
    this.#alarm = alarm;
    this.#observers = observers;
    this.#owner = owner;
  }

  /** Opens a connection. */
  start(connection: PooledConnection<Wire>, now: number): void {
    const { record } = connection;
    const { origin } = record.entry;
    const dial = new Dial(origin.key, now, this.#settings.connectTimeoutMs);
    this.#dials.set(record, dial);
    this.#alarm.watch(dial);
    dial.start(this.#transport, this.#target(origin), connection, {
      opened: (socket) => this.#opened(connection, socket),
      failed: (error) => {
        this.#forget(record);
        this.#owner.dialFailed(record, error);
      },
    });
  }

  /** The same object for the same origin: a transport keeps its TLS context with it. */
  #target(origin: Origin): Target {
    let target = this.#targets.get(origin);
    if (target === undefined) {
      target = targetOf(origin, this.#settings);
      this.#targets.set(origin, target);
    }
    return target;
  }

  /** The record is closed: what is being opened for it, if anything, is not needed. */
  giveUp(record: Connection<Wire>, reason: string): void {
    this.#dials.get(record)?.abort(new Error(`The connection was given up: ${reason}`));
    this.#forget(record);
  }

  /** Those under way to an origin. */
  to(origin: Origin): Dial[] {
    return [...this.#dials].flatMap(([record, dial]) =>
      record.entry.origin.key === origin.key ? [dial] : [],
    );
  }

  #opened(connection: PooledConnection<Wire>, socket: Socket): HoldfastError | undefined {
    const { record } = connection;
    this.#forget(record);
    const refused = record.state === "closed" ? undefined : this.#compare(socket);
    if (refused !== undefined) {
      socket.abort();
      this.#owner.dialFailed(record, refused);
    } else if (record.state === "closed") {
      socket.abort();
    } else {
      this.#owner.opened(connection, socket);
    }
    return refused;
  }

  #forget(record: Connection<Wire>): void {
    const dial = this.#dials.get(record);
    if (dial === undefined) return;
    this.#dials.delete(record);
    this.#alarm.drop(dial);
  }

  /** Says once per option that the runtime did not honour it; under `strict`, the error to fail with. */
  #compare(socket: Socket): HoldfastError | undefined {
    const { tcpKeepAlive, noDelay, strict } = this.#settings;
    const { name } = this.#transport;
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
