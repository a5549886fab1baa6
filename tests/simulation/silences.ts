/**
 * Silences: what must hold where a box in between forgets idle connections without a word. Who knows which connections are dead is
 * the world; that the pool found one is told by its events.
 */

import type { Finding, Judges } from "./judges.ts";

/** Dead connections that are found this close together are one find: they died in one pause (law 7 of the learned limit). */
const TOGETHER_MS = 1000;

/** After so many finds within a day, the next `SPARED` requests to the origin must meet no dead connection. What is older is forgotten. */
const ENOUGH = 3;
const DAY_MS = 86_400_000;
const SPARED = 1000;

/** What was seen of one origin. */
class Seen {
  /** When dead connections were found. */
  finds: readonly number[] = [];
  /** How many requests were made to it. */
  requests = 0;
  /** The first of those that must meet no dead connection. */
  sparedFrom = Infinity;
}

/** The laws of silence in one world. */
export class Silences {
  readonly #judges: Judges;
  readonly #origins: Map<string, Seen> = new Map();
  /** Which request to its origin each one is. */
  readonly #numbers: Map<number, number> = new Map();

  constructor(judges: Judges) {
    this.#judges = judges;
  }

  #of(origin: string): Seen {
    const known = this.#origins.get(origin) ?? new Seen();
    this.#origins.set(origin, known);
    return known;
  }

  /** A request is made. */
  began(origin: string, id: number): void {
    const seen = this.#of(origin);
    const after = seen.requests - seen.sparedFrom;
    // What is wrong shows when it meets a dead connection.
    this.#judges.rules("spared after three finds", after >= 0 && after < SPARED, false, "");
    this.#numbers.set(id, seen.requests);
    seen.requests += 1;
  }

  /** The pool has found a dead connection. Answers how many it has found within a day, each at a moment of its own. */
  found(origin: string, now: number): number {
    const seen = this.#of(origin);
    seen.finds = seen.finds.filter((at) => now - at < DAY_MS);
    if (now - (seen.finds.at(-1) ?? -Infinity) > TOGETHER_MS) seen.finds = [...seen.finds, now];
    if (seen.finds.length >= ENOUGH) seen.sparedFrom = seen.requests;
    return seen.finds.length;
  }

  /** From now on the box forgets sooner or later than before: what was learned may be wrong. */
  changed(origin: string): void {
    this.#origins.set(origin, Object.assign(new Seen(), { requests: this.#of(origin).requests }));
  }

  /** A request came to a connection that the box had forgotten. Answers what is wrong. */
  met(origin: string, id: number, now: number): Finding | undefined {
    const { finds, sparedFrom } = this.#of(origin);
    if (now - (finds.at(-ENOUGH) ?? -Infinity) >= DAY_MS) return undefined;
    const after = (this.#numbers.get(id) ?? -Infinity) - sparedFrom;
    if (after < 0 || after >= SPARED) return undefined;
    return this.#judges.finds(
      "spared after three finds",
      true,
      true,
      `request ${id} met a dead connection, ${after} requests after ${finds.length} of ${origin} were found dead`,
    );
  }
}
