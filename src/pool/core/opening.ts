/** Opening: decides whether another connection is opened, for waiters or in advance, and what is closed for it. */

import { admit } from "../../rules/admission.ts";
import { hungMs, noteProbed, overtakes, staleMs } from "../../rules/outage.ts";
import type { Effect } from "./effects.ts";
import type { Fairness } from "./fairness.ts";
import { type OriginTable, waitersWithoutAttempt } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";
import type { Retirement } from "./retirement.ts";

/** Opens the connections of one pool. */
export class Opening<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #fairness: Fairness<C, W>;
  readonly #retirement: Retirement<C, W>;
  readonly #emit: (effect: Effect<C, W>) => void;

  constructor(
    origins: OriginTable<C, W>,
    fairness: Fairness<C, W>,
    retirement: Retirement<C, W>,
    emit: (effect: Effect<C, W>) => void,
  ) {
    this.#origins = origins;
    this.#fairness = fairness;
    this.#retirement = retirement;
    this.#emit = emit;
  }

  /** Opens connections for the waiters that none is being opened for, as far as the limits allow. */
  connect(origin: OriginRecord<C, W>, now: number): void {
    while (waitersWithoutAttempt(origin) > 0 && !this.#fairness.mustQueue(origin)) {
      if (!this.#open(origin, now)) break;
    }
    this.#fairness.updateBlocked(origin);
  }

  #open(origin: OriginRecord<C, W>, now: number): boolean {
    const admission = admit(this.#origins.occupancy(origin), origin.rules);
    if (admission === "wait") return false;
    const evicted = this.#origins.firstEvictable(admission === "evict-own" ? origin : undefined);
    if (admission !== "connect" && evicted !== undefined) this.#retirement.retire(evicted, "make-room", now);
    this.#emit({ type: "connect", connection: this.#origins.startConnecting(origin, now) });
    return true;
  }

  preconnect(origin: OriginRecord<C, W>, count: number, now: number): void {
    const { maxIdle, maxIdlePerOrigin } = origin.rules;
    // Those that the present waiters do not fill.
    const coming = Math.max(0, origin.connecting - Math.floor(origin.waiters.size / origin.capacity));
    const ready = origin.idle.size + origin.room.size;
    const wanted = Math.min(count, maxIdle, maxIdlePerOrigin) - ready - coming;
    for (let opened = 0; opened < wanted; opened++) {
      if (admit(this.#origins.occupancy(origin), origin.rules) !== "connect") return;
      this.#open(origin, now);
    }
  }

  /**
   * Opens one connection in place of the last probe, if nothing else has to be closed for it. Where attempts are known to take
   * longer than the time between probes, the oldest one goes on beside them: on a slow network only that gets through.
   */
  probe(origin: OriginRecord<C, W>, now: number): void {
    noteProbed(origin.reach, now);
    for (const probe of [origin.patientProbe, origin.probe])
      if (probe?.state === "connecting" && now - probe.openedAt >= hungMs(origin.roundTripMs))
        this.#giveUp(probe, now);
    const { probe: last } = origin;
    if (last?.state === "connecting") {
      if (origin.patientProbe?.state === "connecting") this.#retirement.retire(last, "connect-failed", now);
      else origin.patientProbe = last;
    }
    origin.probe = undefined;
    if (admit(this.#origins.occupancy(origin), origin.rules) !== "connect") return;
    origin.probe = this.#origins.startConnecting(origin, now);
    this.#emit({ type: "connect", connection: origin.probe });
  }

  /** An attempt of `begunAt` says that the network is back. The kernel sends the packets of what hung some seconds later, those of a new attempt at once. */
  renew(origin: OriginRecord<C, W>, begunAt: number, now: number): void {
    for (const connection of [...origin.connections]) {
      const { state, openedAt } = connection;
      const isStale = now - openedAt >= staleMs(origin) || overtakes(begunAt, openedAt);
      if (state === "connecting" && isStale) this.#giveUp(connection, now);
    }
    this.connect(origin, now);
  }

  #giveUp(connection: ConnectionRecord<C, W>, now: number): void {
    connection.originRecord.reach.failedAt = now;
    this.#retirement.retire(connection, "connect-failed", now);
  }

  /** Connects for origins that the total limit kept out, each in turn, while there is room. */
  serveBlocked(now: number): void {
    const { blocked } = this.#origins;
    for (let origin = blocked.first; origin !== undefined; origin = blocked.first) {
      // Its waiters may have got a shared connection within this step.
      if (waitersWithoutAttempt(origin) > 0 && !this.#open(origin, now)) return;
      blocked.remove(origin.blockedNode);
      this.#fairness.updateBlocked(origin);
    }
  }
}
