/** Watch: what the pool tells of itself, by origin. */

import type { PoolEvent } from "../../mod.ts";
import type { Counts } from "./tally.ts";

/** What the pool told of one origin. */
export interface PoolView {
  readonly opened: number;
  readonly retries: number;
  readonly retired: Counts;
  /** Idle ms after which the server closed, as the pool noticed it. */
  readonly serverClosedAfterMs: readonly number[];
  /** Requests of connections that the server ended with `Connection: close`. */
  readonly serverEndedAfterRequests: readonly number[];
  /** Idle ms up to which the pool, having seen enough, keeps connections; `undefined` if it learned nothing. */
  readonly learnedIdleMs: number | undefined;
  /** `Keep-Alive` values that were not understood. */
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

  /** Give this to the pool. */
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

  /** What the closing pool does next says nothing about the servers. */
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
