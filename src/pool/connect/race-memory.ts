/** Race memory: which addresses of which names lost their races, for one pool. `rules/address-order.ts` says what follows. */

import { afterRace, type LostRaces, NO_LOST_RACES, orderByRaces } from "../../rules/address-order.ts";

/** Names of which a loss is remembered. Most names never have one. */
const MOST_NAMES = 1000;

/** The lost races of one pool's names. */
export class RaceMemory {
  readonly #names: Map<string, LostRaces> = new Map();

  /** The order in which to try the addresses of a name. */
  order(hostname: string, addresses: readonly string[], now: number): readonly string[] {
    return orderByRaces(addresses, this.#names.get(hostname) ?? NO_LOST_RACES, now);
  }

  /** Whether an address of the name has lost a race that is remembered. */
  remembers(hostname: string): boolean {
    return this.#names.has(hostname);
  }

  /** `winner` connected. The `losers` were tried before it, and had failed or not answered by then. */
  raceEnded(hostname: string, winner: string, losers: readonly string[], now: number): void {
    const before = this.#names.get(hostname) ?? NO_LOST_RACES;
    const after = afterRace(before, winner, losers, now);
    if (after === before) return;
    this.#names.delete(hostname);
    if (after.size > 0) this.#names.set(hostname, after);
    if (this.#names.size <= MOST_NAMES) return;
    for (const [oldest] of this.#names) return void this.#names.delete(oldest);
  }
}
