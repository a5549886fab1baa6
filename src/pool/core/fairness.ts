/** Fairness: which origin gets a place when the total limit keeps several out. They take turns. */

import { type Contender, yieldsTo } from "../../rules/admission.ts";
import type { OriginTable } from "./origin-table.ts";
import type { OriginRecord } from "./records.ts";

/** The order among origins that wait for room. */
export class Fairness<C, W> {
  readonly #origins: OriginTable<C, W>;

  constructor(origins: OriginTable<C, W>) {
    this.#origins = origins;
  }

  /** Lists an origin while it has waiters without a connect attempt and only the total limit is to blame. */
  updateBlocked(origin: OriginRecord<C, W>): void {
    this.#origins.setBlocked(origin, origin.counted < origin.rules.maxConnectionsPerOrigin);
  }

  /** Whether others wait for the room that the origin needs; then it gets its turn behind them. */
  mustQueue(origin: OriginRecord<C, W>): boolean {
    const others = this.#origins.blocked.size - (origin.blockedNode.listed ? 1 : 0);
    return others > 0 && origin.counted < origin.rules.maxConnectionsPerOrigin;
  }

  /** Whether another origin has the better claim to the place of a connection that has no lease any more. */
  mustYield(origin: OriginRecord<C, W>): boolean {
    if (this.#origins.blocked.size === 0) return false;
    const { askedAt = Infinity, arrival = Infinity } = origin.waiters.first ?? {};
    return this.#yields(origin, { waitingSince: askedAt, arrival });
  }

  /**
   * Whether another origin has the better claim to the place of a connection that is shared, and that would never come
   * free while requests follow one another on it. The requests that it carries want it as much as a waiter of now
   * would. Each connection that drains already is a place for one of the origins that wait.
   */
  mustDrain(origin: OriginRecord<C, W>, now: number): boolean {
    if (this.#origins.draining >= this.#origins.blocked.size) return false;
    const { askedAt = now, arrival = Infinity } = origin.waiters.first ?? {};
    return this.#yields(origin, { waitingSince: askedAt, arrival });
  }

  /** Compares the origin with one of those that wait. They take turns, so the cost does not depend on their number. */
  #yields(origin: OriginRecord<C, W>, waiting: Omit<Contender, "open">): boolean {
    const { blocked } = this.#origins;
    if (blocked.first === origin) this.#origins.moveBehind(origin);
    const other = blocked.first;
    if (other === undefined || other === origin) return false;
    const contenders = blocked.size + (origin.blockedNode.listed ? 0 : 1);
    const own: Contender = { open: origin.connections.size, ...waiting };
    const { askedAt = Infinity, arrival = Infinity } = other.waiters.first ?? {};
    const claim: Contender = { open: other.connections.size, waitingSince: askedAt, arrival };
    const yields = yieldsTo(own, claim, contenders, origin.rules);
    if (!yields) this.#origins.moveBehind(other);
    return yields;
  }
}
