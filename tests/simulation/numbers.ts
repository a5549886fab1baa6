/**
 * Numbers: maps the request numbers of the pool's events to requests, and checks that each number has one start and
 * one end.
 */

import type { PoolEvent } from "../../mod.ts";
import type { Finding, Judges } from "./judges.ts";
import type { RequestRecord } from "./record.ts";

/** What it needs from its world. */
export interface NumberWorld {
  readonly judges: Judges;
}

/** The requests of one pool, by the numbers in its events. */
export class Numbers {
  readonly #world: NumberWorld;
  readonly #running: Map<number, RequestRecord | undefined> = new Map();
  #last = 0;
  #calling: RequestRecord | undefined;
  /** The first request of the current call has begun. A request that begins now belongs to another call. */
  #begun = false;
  /** The request that took a connection last. The next head that is written is its own. */
  #taker = 0;

  constructor(world: NumberWorld) {
    this.#world = world;
  }

  /** Runs the synchronous part of a call, in which its first request begins. */
  calling<T>(record: RequestRecord, act: () => T): T {
    const [outer, begun] = [this.#calling, this.#begun];
    [this.#calling, this.#begun] = [record, false];
    try {
      return act();
    } finally {
      [this.#calling, this.#begun] = [outer, begun];
    }
  }

  /** A head was written. */
  wrote(record: RequestRecord): void {
    if (this.#running.has(this.#taker))
      this.#running.set(this.#taker, this.#running.get(this.#taker) ?? record);
    record.over = false;
    this.#taker = 0;
  }

  /** The request that the event is about, if known. */
  happened(event: PoolEvent): RequestRecord | undefined {
    switch (event.type) {
      case "request.started":
        return this.#started(event.request);
      case "request.queued":
        if (this.#calling !== undefined) this.#calling.waited = true;
        return this.#calling;
      case "connection.acquired":
        this.#taker = event.request;
        return this.#running.get(event.request);
      case "request.retried":
      case "request.doubted":
        return this.#running.get(event.request);
      case "request.finished":
      case "request.failed":
        return this.#ended(event.request, event.type);
      default:
        return undefined;
    }
  }

  #started(number: number): RequestRecord | undefined {
    this.#world.judges.rules(
      "numbers of requests go up",
      true,
      number <= this.#last,
      () => `request number ${number} started after ${this.#last}`,
    );
    this.#last = Math.max(this.#last, number);
    const record = this.#begun ? undefined : this.#calling;
    this.#begun = true;
    if (record !== undefined) record.over = false;
    this.#running.set(number, record);
    return record;
  }

  #ended(number: number, how: string): RequestRecord | undefined {
    this.#world.judges.rules(
      "each request ends once",
      true,
      !this.#running.has(number),
      () => `${how} was told of request number ${number}, which was over`,
    );
    const record = this.#running.get(number);
    this.#running.delete(number);
    if (record !== undefined) record.over = true;
    return record;
  }

  unfinished(): Finding | undefined {
    const [first] = this.#running.keys();
    return this.#world.judges.finds(
      "each request ends",
      this.#last > 0,
      first !== undefined,
      `request number ${first} has started, but neither finished nor failed`,
    );
  }
}
