/** Side: one pool of a world, and what it tells. Each keeps to its own limits and knows nothing of another. */

import type { Pool, PoolEvent, PoolOptions, PoolStats } from "../../../mod.ts";
import { HoldfastError, RETIRE_REASONS } from "../../../mod.ts";
import { Attempts } from "../attempts.ts";
import { Doubts } from "../doubts.ts";
import type { Finding, Judges } from "../judges.ts";
import { hostnameOf } from "../origin-facts.ts";
import { Silences } from "../silences.ts";
import type { Plan } from "./plan.ts";

/** What a side needs of its world. */
export interface SideWorld {
  readonly plan: Plan;
  readonly clientNow: number;
  /** How long a box in between remembers the connections of a server. */
  forgetsMs(hostname: string): number;
  /** A request may be executed twice. `undefined`: any of those that follow redirects. */
  doubted(id: number | undefined): void;
  retried(reason: string): void;
  /** An event, with a number that belongs to it. */
  note(what: string, number: number): void;
  happened(what: string): void;
  readonly judges: Judges;
}

/** One pool and its requests. */
export class Side {
  readonly attempts: Attempts;
  readonly silences: Silences;
  /** The request that is begun right now. */
  starting: number | undefined;
  /** `close()` was called, before the end of the world. */
  isClosing = false;
  isClosed = false;
  readonly #world: SideWorld;
  readonly #options: PoolOptions;
  readonly #doubts: Doubts;
  readonly #started: Set<number> = new Set();
  /** The number of the request that began last. */
  #latest = 0;
  readonly #open: Set<number> = new Set();
  /** The requests that the pool's numbers stand for. */
  readonly #ids: Map<number, number> = new Map();
  /** How long connections in doubt had been idle. */
  readonly #idleMs: Map<number, number> = new Map();
  /** The connection that each request had last. */
  readonly #connections: Map<number, number> = new Map();
  /** Connections on which a request got no answer. */
  readonly #silent: Set<number> = new Set();
  /** When a connection to each origin was last begun. */
  readonly #triedAt: Map<string, number> = new Map();
  #pool: Pool | undefined;

  constructor(world: SideWorld, options: PoolOptions) {
    this.#world = world;
    this.#options = options;
    this.attempts = new Attempts(world.judges);
    this.silences = new Silences(world.judges);
    this.#doubts = new Doubts(world.judges);
  }

  get pool(): Pool {
    if (this.#pool === undefined) throw new Error("The pool is being made");
    return this.#pool;
  }

  set pool(pool: Pool) {
    this.#pool = pool;
  }

  /** Requests that have begun and not ended. */
  get running(): number {
    return this.#started.size;
  }

  event(event: PoolEvent): void {
    const world = this.#world;
    world.note(event.type, "connection" in event ? event.connection : 0);
    const { judges } = world;
    judges.rules(
      "h2: no connection after close",
      this.isClosing,
      this.isClosed && event.type.startsWith("connection."),
      () => `${event.type} after the pool was closed`,
    );
    judges.blames(this.#doubts.problem(event, false));
    switch (event.type) {
      case "connection.opened":
        this.#open.add(event.connection);
        return;
      case "connection.acquired":
        return this.#acquired(event);
      case "connection.retired":
        this.#open.delete(event.connection);
        return this.#retired(event);
      case "limit.learned":
        return judges.rules(
          "slowness teaches nothing",
          false,
          world.plan.silence === "slow" && event.idleMs < Infinity,
          () => `a limit of ${event.idleMs} ms was learned of ${event.origin}, which is only slow`,
        );
      case "request.started":
        this.attempts.began();
        this.#started.add(event.request);
        this.#latest = Math.max(this.#latest, event.request);
        if (this.starting !== undefined) this.#ids.set(event.request, this.starting);
        return;
      case "request.doubted":
        this.#idleMs.set(event.connection, event.idleMs);
        return world.doubted(this.#ids.get(event.request));
      case "request.retried":
        world.retried(event.reason);
        return judges.rules(
          "h2: sent seven times at most",
          true,
          event.resendCount > 7,
          () => `request ${event.request} was sent ${event.resendCount + 1} times`,
        );
      case "request.finished":
      case "request.failed":
        return this.#ended(event);
      default:
    }
  }

  #retired({ reason, error, connection, origin }: PoolEvent & { type: "connection.retired" }): void {
    const { judges, plan } = this.#world;
    judges.rules(
      "h2: reasons are known",
      true,
      !RETIRE_REASONS.includes(reason),
      `the reason ${reason} is new`,
    );
    judges.rules(
      "h2: what was open did not fail to open",
      reason === "connect-failed",
      reason === "connect-failed" && String(error).endsWith("at once"),
      `${connection} was open, and ended as one that could not be opened`,
    );
    if (reason !== "no-answer") return;
    judges.rules("slowness teaches nothing", plan.silence === "slow", false, "");
    this.#found(origin, connection);
  }

  #acquired({ request, connection }: PoolEvent & { type: "connection.acquired" }): void {
    const { judges } = this.#world;
    judges.rules(
      "h2: connections are given to requests",
      true,
      request > this.#latest,
      "a connection was given to a request of nobody",
    );
    judges.rules(
      "h2: no request on a silent connection",
      this.#silent.size > 0,
      this.#silent.has(connection),
      `${connection} was used again, on which a request had got no answer`,
    );
    this.#connections.set(request, connection);
  }

  #ended(event: PoolEvent & { type: "request.finished" | "request.failed" }): void {
    const { request } = event;
    this.#world.judges.rules(
      "h2: each request ends once",
      true,
      !this.#started.delete(request),
      `request ${request} ended twice, or never began`,
    );
    if (event.type === "request.failed") this.#gaveUp(request, event.error);
    this.attempts.ended();
    this.#connections.delete(request);
    this.#ids.delete(request);
  }

  /** Where boxes in between forget, only a dead connection keeps a request waiting for so long. */
  #gaveUp(request: number, error: unknown): void {
    const connection = this.#connections.get(request);
    const isTimeout = error instanceof HoldfastError && error.code === "ERR_HEADERS_TIMEOUT";
    if (this.#world.plan.silence !== "forgets" || !isTimeout || connection === undefined) return;
    this.#silent.add(connection);
    this.#world.happened("request given up on a dead connection");
  }

  /** Where a POST has timed out before on the dead connection, its idle time counts from then, and says nothing. */
  #found(origin: string, connection: number): void {
    const { plan, clientNow } = this.#world;
    const forgetsMs = this.#world.forgetsMs(hostnameOf(origin));
    const idleMs = this.#idleMs.get(connection) ?? 0;
    if (plan.silence !== "forgets" || idleMs < forgetsMs - 2 * plan.latencyMs) return;
    const finds = this.silences.found(origin, clientNow);
    this.#world.happened(
      finds < 3 ? "dead connection found" : "dead connection found, the third or later of an origin",
    );
  }

  /** A connection is being opened. */
  tried(origin: string): void {
    this.#triedAt.set(origin, this.#world.clientNow);
  }

  /** An attempt that should have run out of time. Every event loop, timer and clock of the world is punctual. */
  overdue(limitMs: number): Finding | undefined {
    for (const [origin, { connecting }] of Object.entries(this.pool.stats().origins)) {
      const ms = this.#world.clientNow - (this.#triedAt.get(origin) ?? Infinity);
      const problem = this.#world.judges.finds(
        "h2: connectTimeout",
        connecting > 0 && ms > limitMs / 4,
        connecting > 0 && ms > limitMs,
        () => `a connection to ${origin} has been opening for ${ms} ms`,
      );
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** What is wrong with its counts. */
  audit(): Finding | undefined {
    const { maxConnections = Infinity, maxConnectionsPerOrigin = Infinity } = this.#options;
    const { judges } = this.#world;
    const stats = this.pool.stats();
    let problem = judges.finds(
      "h2: maxConnections",
      stats.open >= maxConnections,
      stats.open > maxConnections,
      `${stats.open} connections are open`,
    );
    for (const [origin, { open, active, idle, connecting, streams }] of Object.entries(stats.origins)) {
      problem ??=
        judges.finds(
          "h2: maxConnectionsPerOrigin",
          open >= maxConnectionsPerOrigin,
          open > maxConnectionsPerOrigin + 1,
          () => `${open} connections to ${origin} are open`,
        ) ??
        judges.finds(
          "h2: states",
          open > 0,
          open !== active + idle + connecting,
          () => `${open} is not ${active} + ${idle} + ${connecting}`,
        ) ??
        judges.finds(
          "h2: streams",
          active > 0,
          streams < active,
          () => `${active} connections carry ${streams} requests`,
        );
    }
    return problem;
  }

  /** What is left of it after `close()`. */
  left(): Finding | undefined {
    const { judges } = this.#world;
    const stats = this.pool.stats();
    const retired = Object.values(stats.retired).reduce((sum, count) => sum + count, 0);
    const { open, active, idle, connecting, queued, streams } = stats;
    const counts = { open, active, idle, connecting, queued, streams };
    const left = { ...counts, requests: this.#started.size, opened: this.#open.size };
    const [[what, count] = ["", 0]] = Object.entries(left).filter(([, each]) => each !== 0);
    return (
      judges.finds("h2: nothing is left after close", true, count !== 0, `${count} ${what} are left`) ??
      judges.finds(
        "h2: opened and retired",
        stats.opened > 0,
        stats.opened > retired,
        `${stats.opened} were opened and ${retired} retired`,
      )
    );
  }
}

/** The sum of what several pools count. */
export function sumOf(all: readonly PoolStats[]): { opened: number; retired: Record<string, number> } {
  const retired: Record<string, number> = {};
  for (const stats of all)
    for (const [reason, count] of Object.entries(stats.retired))
      retired[reason] = (retired[reason] ?? 0) + count;
  return { opened: all.reduce((sum, { opened }) => sum + opened, 0), retired };
}
