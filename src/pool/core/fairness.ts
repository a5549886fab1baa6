/** Turns: which origin gets a place when the total limit keeps several out. Each is asked in turn. */

import { type Contender, yieldsTo } from "../../rules/admission.ts";
import type { Rules } from "../../rules/rules.ts";
import type { OriginTable } from "./origin-table.ts";
import type { OriginRecord } from "./records.ts";

/** The order among origins that wait for room. */
export class Fairness<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #rules: Rules;

  constructor(origins: OriginTable<C, W>, rules: Rules) {
    this.#origins = origins;
    this.#rules = rules;
  }

  /** Lists an origin while it has waiters without a dial and only the total limit is to blame. */
  updateBlocked(entry: OriginRecord<C, W>): void {
    this.#origins.setBlocked(entry, entry.connections.size < this.#rules.maxConnectionsPerOrigin);
  }

  /** Whether others wait for the room that the origin needs; then it gets its turn behind them. */
  mustQueue(entry: OriginRecord<C, W>): boolean {
    const others = this.#origins.blocked.size - (entry.blockedNode.listed ? 1 : 0);
    return others > 0 && entry.connections.size < this.#rules.maxConnectionsPerOrigin;
  }

  /**
   * Whether another origin, kept out by the total limit, has the better claim to the place of a connection that
   * just came free. Each time one of them is asked for its claim, so that the cost does not depend on how many
   * there are.
   */
  mustYield(entry: OriginRecord<C, W>): boolean {
    const { blocked } = this.#origins;
    if (blocked.first === entry) this.#origins.moveBehind(entry);
    const other = blocked.first;
    if (other === undefined || other === entry) return false;
    const contenders = blocked.size + (entry.blockedNode.listed ? 0 : 1);
    const yields = yieldsTo(contender(entry), contender(other), contenders, this.#rules);
    if (!yields) this.#origins.moveBehind(other);
    return yields;
  }
}

function contender<C, W>(entry: OriginRecord<C, W>): Contender {
  return { open: entry.connections.size, waitingSince: entry.waiters.first?.askedAt ?? Infinity };
}
