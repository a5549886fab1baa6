/** Simulate: how a policy does against servers of given habits. Hours pass in seconds, and a seed gives the same result everywhere. */

import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { type Duration, toMs } from "../contract/duration.ts";
import { createPool, type Pool } from "../create-pool.ts";
import { refuseUnknown, show } from "../options/checks.ts";
import type { PoolOptions } from "../options/options.ts";
import { HabitualPeer } from "./habitual-peer.ts";
import { Prng } from "./prng.ts";
import { type Habits, habitsOf, type ServerHabits } from "./server-habits.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A server of a simulation. */
export interface SimulatedServer extends ServerHabits {
  /** How many of them a balancer spreads connections over, at random. @default 1 */
  readonly replicas?: number;
}

/** The policy: options of a pool. What the simulation brings itself is left out. */
export type SimulatedPolicy = Omit<PoolOptions, "transport" | "clock" | "random" | "resolve" | "onEvent">;

/** How many requests there are, and how they come. */
export interface SimulateOptions {
  /** The same seed gives the same result. @default 1 */
  readonly seed?: number;
  /** Requests in all. @default 10000 */
  readonly requests?: number;
  /** Callers at a time, each with one request after the other. @default 20 */
  readonly callers?: number;
  /** The mean pause of a caller between two requests; one in ten is ten times as long. @default "1s" */
  readonly pause?: Duration;
  /** The share of POSTs, which are never sent twice. @default 0.2 */
  readonly posts?: number;
  /** Time there and back. @default "10ms" */
  readonly roundTrip?: Duration;
  /** A request that takes longer counts as a stall. @default "1s" */
  readonly stallAfter?: Duration;
}

/** What happened to the requests to one server. */
export interface SimulatedTraffic {
  /** Requests of the callers. */
  readonly requests: number;
  /** Requests that failed, whatever their method. */
  readonly failed: number;
  /** Requests that were written on a connection that the server had given up. */
  readonly staleHits: number;
  /** Requests that took longer than `stallAfter`, failed ones included. */
  readonly stalls: number;
  /** The longest of all, in ms. */
  readonly longestMs: number;
  /** How often a request was sent again. */
  readonly resent: number;
  /** Connections that were opened. */
  readonly connections: number;
  /** The share of requests that went over a connection which had carried one before. */
  readonly reuse: number;
  /** Answered requests by replica. */
  readonly load: readonly number[];
  /** The load of the busiest replica, as a multiple of the mean. 1: all have the same. */
  readonly skew: number;
}

const POLICY_FREE = ["transport", "clock", "random", "resolve", "onEvent"];

const KNOWN: Readonly<Record<keyof SimulateOptions, true>> = {
  seed: true,
  requests: true,
  callers: true,
  pause: true,
  posts: true,
  roundTrip: true,
  stallAfter: true,
};

/**
 * Sends requests by a pool with these options to servers with these habits, in virtual time.
 *
 * @returns what happened, by the name of the server.
 * @throws {TypeError | RangeError} for wrong options or habits, before anything is simulated.
 *
 * @example
 * ```ts
 * const { api } = await simulate({ idleTimeout: "1m", learn: false }, { api: { idleTimeout: "5s" } }, { requests: 1000 });
 * console.log(api.staleHits, api.failed, api.reuse);
 * ```
 */
export async function simulate<N extends string>(
  policy: SimulatedPolicy,
  servers: Readonly<Record<N, SimulatedServer>>,
  options: SimulateOptions = {},
): Promise<Record<N, SimulatedTraffic>> {
  const world = new World(policy, servers, options);
  return (await world.run()) as Record<N, SimulatedTraffic>;
}

/** One server and what happened to it. */
class Server {
  readonly #habits: Habits;
  readonly load: number[];
  late = 0;
  requests = 0;
  failed = 0;
  stalls = 0;
  longestMs = 0;

  constructor(name: string, { replicas = 1, ...habits }: SimulatedServer) {
    if (!Number.isInteger(replicas) || replicas < 1)
      throw new RangeError(`replicas of ${name} must be a whole number from 1: got ${show(replicas)}`);
    this.#habits = habitsOf(habits, name);
    this.load = Array.from({ length: replicas }, () => 0);
  }

  accept(peer: MemoryPeer, clock: VirtualClock, random: Prng): void {
    const replica = random.below(this.load.length);
    new HabitualPeer(peer, this.#habits, clock, {
      answered: () => {
        this.load[replica] = (this.load[replica] ?? 0) + 1;
      },
      late: () => {
        this.late += 1;
      },
    });
  }
}

/** The servers, the callers and the pool of one simulation. */
class World {
  readonly #clock: VirtualClock = new VirtualClock();
  readonly #random: Prng;
  readonly #servers: Map<string, Server> = new Map();
  readonly #pool: Pool;
  readonly #callers: number;
  readonly #pauseMs: number;
  readonly #posts: number;
  readonly #stallMs: number;
  #left: number;

  constructor(
    policy: SimulatedPolicy,
    servers: Readonly<Record<string, SimulatedServer>>,
    options: SimulateOptions,
  ) {
    refuseUnknown(options, KNOWN, "option of simulate()");
    const own = Object.keys(policy).find((name) => POLICY_FREE.includes(name));
    if (own !== undefined)
      throw new TypeError(`${own} is the simulation's own: it cannot be an option of the policy`);
    const { seed = 1, requests = 10_000, callers = 20, pause = "1s", posts = 0.2 } = options;
    if (!(posts >= 0 && posts <= 1))
      throw new RangeError(`posts must be a share from 0 to 1: got ${show(posts)}`);
    for (const [name, count] of Object.entries({ requests, callers }))
      if (!Number.isInteger(count) || count < 1)
        throw new RangeError(`${name} must be a whole number from 1: got ${show(count)}`);
    this.#random = new Prng(seed);
    [this.#left, this.#callers, this.#posts] = [requests, callers, posts];
    this.#pauseMs = toMs(pause, "pause");
    this.#stallMs = toMs(options.stallAfter ?? "1s", "stallAfter");
    for (const [name, habits] of Object.entries(servers)) this.#servers.set(name, new Server(name, habits));
    if (this.#servers.size === 0) throw new TypeError("simulate() needs a server");
    this.#pool = this.#poolOf(policy, toMs(options.roundTrip ?? "10ms", "roundTrip") / 2);
  }

  #poolOf(policy: SimulatedPolicy, latencyMs: number): Pool {
    const [clock, random] = [this.#clock, this.#random];
    const transport = memoryTransport({
      latencyMs,
      scheduler: clock,
      accept: (peer) =>
        this.#servers.get(peer.target.hostname.replace(/\.test$/, ""))?.accept(peer, clock, random),
    });
    return createPool({ ...policy, transport, clock, random: () => random.next() });
  }

  async run(): Promise<Record<string, SimulatedTraffic>> {
    const callers = Array.from({ length: this.#callers }, () => this.#caller());
    await this.#clock.run(Promise.all(callers));
    const found = Object.fromEntries(
      [...this.#servers].map(([name, server]) => [name, this.#traffic(name, server)]),
    );
    await this.#clock.run(this.#pool.close({ timeout: 0 }));
    return found;
  }

  async #caller(): Promise<void> {
    const names = [...this.#servers.keys()];
    while (this.#left > 0) {
      this.#left -= 1;
      const longer = this.#random.oneIn(10) ? 10 : 1;
      await this.#clock.sleep(2 * this.#pauseMs * longer * this.#random.next());
      const name = names[this.#random.below(names.length)] ?? "";
      await this.#ask(name, this.#servers.get(name) as Server);
    }
  }

  async #ask(name: string, server: Server): Promise<void> {
    const method = this.#random.next() < this.#posts ? "POST" : "GET";
    const startedAt = this.#clock.now();
    server.requests += 1;
    try {
      const response = await this.#pool.request(`http://${name}.test/`, { method });
      await response.text();
    } catch {
      server.failed += 1;
    }
    const tookMs = this.#clock.now() - startedAt;
    server.longestMs = Math.max(server.longestMs, tookMs);
    if (tookMs > this.#stallMs) server.stalls += 1;
  }

  #traffic(name: string, { requests, failed, late, stalls, longestMs, load }: Server): SimulatedTraffic {
    const stats = this.#pool.stats().origins[`http://${name}.test`];
    const { retries = 0, opened = 0, reused = 0, requests: sent = 0 } = stats ?? {};
    const mean = load.reduce((sum, one) => sum + one, 0) / load.length;
    const skew = mean === 0 ? 1 : Math.max(...load) / mean;
    const reuse = sent === 0 ? 0 : reused / sent;
    const counts = {
      requests,
      failed,
      staleHits: late,
      stalls,
      longestMs: Math.round(longestMs),
      resent: retries,
    };
    return { ...counts, connections: opened, reuse, load, skew };
  }
}
