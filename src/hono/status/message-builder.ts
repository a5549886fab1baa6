/** Builds the messages of the status page from a pool's events, `stats()` and `explain()`. */

import type { Clock } from "../../contract/clock.ts";
import type { PoolListener } from "../../contract/events.ts";
import type { Explanation } from "../../pool/explain.ts";
import type { OriginStats, PoolStats } from "../../pool/stats.ts";
import { busiestFirst, MAX_ORIGINS_SHOWN } from "./busiest-origins.ts";
import { History } from "./history.ts";
import { Lanes } from "./lanes.ts";
import { BUCKET_MS, HISTORY_MS, type OriginRow, type StatusMessage, type Totals } from "./protocol.ts";

/** The part of a pool that the status page needs. */
export interface StatusPool {
  /** As {@linkcode Pool.subscribe}. */
  subscribe(listener: PoolListener): () => void;
  /** As {@linkcode Pool.stats}. */
  stats(): PoolStats;
  /** As {@linkcode Pool.explain}. */
  explain(origin: string): Explanation;
}

/** Least time between two lists of origins. `explain()` reads every connection, so not every update has a list. */
const ROWS_EVERY_MS = 1000;

/** Follows one pool and builds messages for its page. */
export class StatusMessageBuilder {
  readonly #pool: StatusPool;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #lanes: Lanes = new Lanes();
  readonly #history: History = new History();
  #rowsAt = -Infinity;
  #isChanged = false;

  constructor(pool: StatusPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#addOpenConnections();
    pool.subscribe((event) => {
      const now = this.now();
      this.#isChanged = true;
      this.#lanes.record(event, now);
      this.#history.record(event, now);
    });
  }

  /** Ms since the page was mounted. */
  now(): number {
    return this.#clock.now() - this.#startedAt;
  }

  /** Whether {@linkcode update} would contain anything besides the time. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** A message with everything. */
  snapshot(): StatusMessage {
    const now = this.now();
    const stats = this.#pool.stats();
    const history = this.#history.since(now - HISTORY_MS);
    return { ...this.#facts(stats, now), ...this.#rows(stats), lanes: this.#lanes.snapshot(now), history };
  }

  /** A message with what changed since the previous update. */
  update(): StatusMessage {
    const now = this.now();
    const stats = this.#pool.stats();
    const due = now - this.#rowsAt >= ROWS_EVERY_MS;
    this.#isChanged = !due;
    if (due) this.#rowsAt = now;
    const history = this.#history.since(now - BUCKET_MS);
    const rows = due ? this.#rows(stats) : undefined;
    return { ...this.#facts(stats, now), ...rows, lanes: this.#lanes.changes(now), history };
  }

  #facts(stats: PoolStats, now: number): Pick<StatusMessage, "now" | "totals" | "hidden"> {
    return { now: Math.round(now), totals: countsOf(stats), hidden: this.#lanes.hidden };
  }

  #rows({ origins }: PoolStats): Pick<StatusMessage, "origins" | "originCount"> {
    const all = busiestFirst(origins);
    const busiest = all.slice(0, MAX_ORIGINS_SHOWN);
    return { originCount: all.length, origins: busiest.map(([origin, stats]) => this.#row(origin, stats)) };
  }

  #row(origin: string, stats: OriginStats): OriginRow {
    const { rules } = this.#explain(origin);
    const limit = (source: string) =>
      rules.find((rule) => rule.rule === "idle limit" && rule.source === source)?.value;
    const configured = rules.find(({ rule }) => rule === "idleTimeout")?.value ?? "–";
    const limits = { configured, announced: limit("server hint"), learned: limit("learned") };
    return { origin, ...countsOf(stats), ...limits };
  }

  /** Connections through a proxy that several origins share have a key that `explain()` refuses, as it is no origin. */
  #explain(origin: string): Pick<Explanation, "rules" | "connections"> {
    try {
      return this.#pool.explain(origin);
    } catch {
      return { rules: [], connections: [] };
    }
  }

  /** Adds connections that were opened before this object subscribed. */
  #addOpenConnections(): void {
    for (const origin of Object.keys(this.#pool.stats().origins)) {
      for (const connection of this.#explain(origin).connections) {
        const { id, state, ageMs, requests, streams, protocol } = connection;
        if (state === "connecting") continue;
        this.#lanes.addOpen({ id, origin, openedAt: -ageMs, requests, streams, protocol }, 0);
      }
    }
  }
}

function countsOf(stats: OriginStats): Totals {
  const {
    open,
    active,
    idle,
    connecting,
    streams,
    queued,
    opened,
    requests,
    reused,
    retries,
    failures,
    retired,
  } = stats;
  return {
    open,
    active,
    idle,
    connecting,
    streams,
    queued,
    opened,
    requests,
    reused,
    retries,
    failures,
    retired,
  };
}
