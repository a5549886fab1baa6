/** Grants: from the core's decision that a request gets a connection to its lease, with a liveness check if one is due. */

import type { RetireReason } from "../contract/reasons.ts";
import type { Transport } from "../contract/transport.ts";
import type { PoolWire } from "../contract/wire.ts";
import type { Settings } from "../options/resolve.ts";
import type { Closing } from "./closing.ts";
import { type Acquirer, leaseOf, type PooledConnection, type PoolWaiter } from "./connection.ts";
import { publishAcquired } from "./connection-events.ts";
import type { Effect } from "./core/effects.ts";
import {
  canSkipCheck,
  checkLiveness,
  hasJustRun,
  type LivenessOptions,
  LoopMonitor,
  needsLivenessCheck,
  SharedTurns,
  toleratedMs,
} from "./liveness-check.ts";
import { AddressWatch } from "./local-addresses.ts";
import type { Observers } from "./observers.ts";

type Grant<Wire extends PoolWire> = Effect<PooledConnection<Wire>, Acquirer<Wire>> & { type: "grant" };

/** Finds another connection for a request whose granted one is dead, or takes fewer requests by now (no reason). */
export interface GrantOwner<Wire extends PoolWire> {
  acquireAnother(
    waiter: PoolWaiter<Wire>,
    connection: PooledConnection<Wire>,
    reason: RetireReason | undefined,
  ): void;
}

/** Grants the leases of one pool. */
export class Grants<Wire extends PoolWire> {
  readonly #settings: Settings;
  readonly #observers: Observers;
  readonly #closing: Closing<Wire>;
  readonly #owner: GrantOwner<Wire>;
  readonly #loop: LoopMonitor;
  readonly #toleratedMs: number;
  readonly #turns: SharedTurns;
  readonly #addresses: AddressWatch;

  constructor(
    settings: Settings,
    observers: Observers,
    closing: Closing<Wire>,
    owner: GrantOwner<Wire>,
    localAddresses?: Transport["localAddresses"],
  ) {
    this.#addresses = new AddressWatch(localAddresses);
    this.#settings = settings;
    this.#observers = observers;
    this.#closing = closing;
    this.#owner = owner;
    this.#loop = new LoopMonitor(settings.clock);
    this.#toleratedMs = toleratedMs(settings.clock);
    this.#turns = new SharedTurns(settings.clock);
  }

  /** The event loop has run: a socket had an event, or a timer fired. */
  loopRan(now: number): void {
    this.#loop.loopRan(now);
  }

  grant(effect: Grant<Wire>, now: number): void {
    const connection = effect.connection.attachment;
    if (connection === undefined)
      throw new Error("Bug in Holdfast: a connection without a socket was granted");
    const joins = connection.isShared;
    const blind = this.#isBlind(connection, effect.waiter.unsafe);
    connection.setLeased(true);
    // The others have read what came; only a check under way may still find that it has ended.
    if (joins && connection.checks === 0) return this.#deliver(effect, connection, now);
    const { wasPaused, more } = connection;
    connection.wasPaused = false;
    const { waiter, idleMs } = effect;
    const careful = waiter.unsafe || wasPaused;
    // Opened for this request. A preconnected one was parked: it may have received something like any other.
    const isNew = effect.requestNumber <= 1 && idleMs === 0;
    if (!blind && (isNew || canSkipCheck(careful, more, idleMs)))
      return this.#deliver(effect, connection, now);
    if (this.#addresses.areWithout(connection.socket?.localAddress, idleMs, now))
      return this.#owner.acquireAnother(waiter, connection, "moved");
    const unseenMs = this.#loop.unseenMs(now);
    const needed = blind || needsLivenessCheck(careful, more, idleMs, unseenMs, this.#toleratedMs);
    if (!needed) return this.#deliver(effect, connection, now);
    const unblocked = !blind && !wasPaused && hasJustRun(unseenMs);
    this.#checkThenDeliver(effect, connection, now, { unsafe: waiter.unsafe, unblocked });
  }

  /**
   * Whether the clock cannot tell what the program computed while the connection was parked, because it stands still meanwhile.
   * Where nothing is computed for long, only a request that cannot be sent twice is worth a look.
   */
  #isBlind(connection: PooledConnection<Wire>, unsafe: boolean): boolean {
    const { stops = false } = this.#settings.clock;
    return stops !== false && connection.isParked && (unsafe || stops !== "briefly");
  }

  /** Delivers after a turn of the event loop, or asks for another connection if this one is dead by then. */
  #checkThenDeliver(
    effect: Grant<Wire>,
    connection: PooledConnection<Wire>,
    now: number,
    options: LivenessOptions,
  ): void {
    const { rules } = effect.connection;
    checkLiveness(connection, { turns: this.#turns, rules }, options, (reason) => {
      if (reason !== undefined || isOverdrawn(connection))
        return this.#owner.acquireAnother(effect.waiter, connection, reason);
      this.#loop.turnEnded(now);
      this.#deliver(effect, connection, now);
    });
  }

  #deliver(effect: Grant<Wire>, connection: PooledConnection<Wire>, now: number): void {
    // The grace of a `close()` ended between the core's decision and now.
    if (this.#closing.isCuttingOff)
      return this.#owner.acquireAnother(effect.waiter, connection, "pool-closed");
    const lease = leaseOf(connection, effect, now);
    const { counters } = connection.record.originRecord;
    counters.requests += 1;
    if (lease.requestNumber > 1) counters.reused += 1;
    const { attachment } = effect.waiter;
    publishAcquired(this.#observers, lease, attachment.requestId);
    attachment.granted(lease);
  }
}

/** Whether the peer lowered its limit while leases waited for their checks: their streams would be beyond it (RFC 9113 §5.1.2). */
function isOverdrawn<Wire extends PoolWire>({ multiplexed, record }: PooledConnection<Wire>): boolean {
  return multiplexed && record.leases > record.capacity;
}
