/** Watch: collects what the pool reports, by origin. */

import type { PoolEvent } from "../../mod.ts";
import type { Counts } from "./tally.ts";

/** What the pool reported about one origin. */
export interface PoolView {
  readonly opened: number;
  readonly retries: number;
  readonly retired: Counts;
  /** The idle times in ms after which the server closed connections, as the pool noticed. */
  readonly serverClosedAfterMs: readonly number[];
  /** The request counts of connections that the server ended with `Connection: close`. */
  readonly serverEndedAfterRequests: readonly number[];
  /** The learned limit in ms; `undefined` if nothing was learned. */
  readonly learnedIdleMs: number | undefined;
  /** `Keep-Alive` values that could not be parsed. */
  readonly notUnderstood: readonly string[];
}

interface Notes {
  opened: number;
  retries: number;
  readonly retired: Record<string, number>;
  readonly serverClosedAfterMs: number[];
  readonly serverEndedAfterRequests: number[];
  learnedIdleMs: number | undefined;
  readonly notUnderstood: Set<string>;
}

export class Watch {
  readonly #origins = new Map<string, Notes>();
  #over = false;

  /** The listener for the pool. */
  readonly listen = (event: PoolEvent): void => {
    if (this.#over || !("origin" in event)) return;
    const notes = this.#notes(event.origin);
    if (event.type === "connection.opened") notes.opened++;
    else if (event.type === "request.retried") notes.retries++;
    else if (event.type === "limit.learned") notes.learnedIdleMs = event.idleMs;
    else if (event.type === "hint.ignored") notes.notUnderstood.add(event.value);
    else if (event.type === "connection.retired") {
      notes.retired[event.reason] = (notes.retired[event.reason] ?? 0) + 1;
      if (event.reason === "peer-close") notes.serverEndedAfterRequests.push(event.requests);
      if (event.reason === "peer-closed" && event.idleMs > 0) notes.serverClosedAfterMs.push(event.idleMs);
    }
  };

  /** Stops listening: what the closing pool does says nothing about the servers. */
  end(): void {
    this.#over = true;
  }

  view(origin: string): PoolView {
    const notes = this.#notes(origin);
    return { ...notes, notUnderstood: [...notes.notUnderstood] };
  }

  #notes(origin: string): Notes {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const notes: Notes = {
      opened: 0,
      retries: 0,
      retired: {},
      serverClosedAfterMs: [],
      serverEndedAfterRequests: [],
      learnedIdleMs: undefined,
      notUnderstood: new Set(),
    };
    this.#origins.set(origin, notes);
    return notes;
  }
}
