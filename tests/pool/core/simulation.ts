/**
 * Simulation: a seeded random life of the pool's core. What happens is drawn from the seed; after every step the
 * driver audits the books, so that the first step that breaks an invariant is the one that fails.
 */

import { assert, assertEquals } from "@std/assert";
import type { RetireReason } from "../../../src/contract/reasons.ts";
import type { WireProtocol } from "../../../src/contract/wire-protocol.ts";
import { NO_HINTS, type Rules, type ServerHints } from "../../../src/rules/rules.ts";
import { CoreDriver } from "../../support/core-driver.ts";
import { Prng } from "../../support/prng.ts";

/** What a life was made of. */
export interface Life {
  readonly steps: number;
  readonly grants: number;
  readonly reused: number;
  /** Grants of a connection that others had as well. */
  readonly shared: number;
  readonly rejects: number;
  readonly retired: number;
}

/**
 * - `"harsh"`: any rules; few connections live long enough to be used twice.
 * - `"kind"`: rules under which most requests are served by an idle connection.
 */
export type Climate = "harsh" | "kind";

/**
 * How many leases connections take:
 *
 * - `"one"`: one, as over HTTP/1.1;
 * - `"three"`: three, always;
 * - `"changing"`: any number, which the peer changes as it likes.
 */
export type Capacity = "one" | "three" | "changing";

/** Lives `steps` steps from `seed`. `apart`: some origins have rules of their own, and some requests. @throws when an invariant breaks, with the seed, the step and what led to it. */
export function simulate(
  seed: number,
  steps: number,
  climate: Climate = "harsh",
  capacity: Capacity = "one",
  apart = false,
): Life {
  const own = apart ? new Prng(Math.imul(seed, 0x9e37_79b1) ^ 0xa9a7) : undefined;
  const world = new World(new Prng(seed), climate, capacity, own);
  try {
    for (let step = 0; step < steps; step++) world.step();
    world.end();
  } catch (cause) {
    const replay = `node --import tsx tests/pool/core/simulate.ts --seed ${seed} --steps ${steps} --climate ${climate} --capacity ${capacity}${apart ? " --apart" : ""}`;
    const told = `Seed ${seed} failed after\n${world.recent.join("\n")}\nAgain: ${replay}`;
    throw new Error(`${told}\n${String(cause)}`, { cause });
  }
  return world.life;
}

const WEIGHTS = {
  acquire: 40,
  opened: 25,
  release: 35,
  pass: 12,
  wake: 6,
  cancel: 4,
  failed: 3,
  lost: 5,
  again: 2,
  preconnect: 1,
  drain: 0.5,
  slept: 0.3,
} as const;

/** What happens only to connections that take several leases. */
const SHARING_WEIGHTS = {
  linger: 4,
  expect: 1,
  goaway: 4,
  calm: 0.5,
  restore: 0.3,
  capacity: 0,
  endedUnused: 2,
} as const;

type Operation = keyof typeof WEIGHTS | keyof typeof SHARING_WEIGHTS;

const REASONS: readonly RetireReason[] = [
  "peer-close",
  "peer-closed",
  "not-persistent",
  "bad-framing",
  "unread-body",
  "aborted",
];

/** One core and the requests that use it. */
class World {
  readonly #prng: Prng;
  /** Draws what single origins and requests have of their own; older seeds keep their meaning. */
  readonly #own: Prng | undefined;
  readonly #pool: CoreDriver;
  readonly #origins: readonly string[];
  readonly #weights: Readonly<Record<Operation, number>>;
  readonly #capacity: Capacity;
  /** Requests by the connection they have a lease of. */
  readonly #holders: Map<number, { name: string; origin: string }[]> = new Map();
  readonly #originOf: Map<string, string> = new Map();
  readonly #recent: string[] = [];
  #named = 0;
  #life = { steps: 0, grants: 0, reused: 0, shared: 0, rejects: 0, retired: 0 };

  constructor(prng: Prng, climate: Climate, capacity: Capacity, own: Prng | undefined) {
    this.#prng = prng;
    this.#own = own;
    this.#capacity = capacity;
    const kind = climate === "kind";
    const rules = someRules(prng);
    const timeoutMs = prng.among(Infinity, 50, 5000, 60_000);
    const ofOrigins = own === undefined ? undefined : rulesByOrigin(own, kind);
    this.#pool = new CoreDriver(kind ? { ...rules, ...KIND } : rules, timeoutMs, undefined, ofOrigins);
    this.#origins = "abcdefghijkl".slice(0, 1 + prng.below(kind ? 2 : 12)).split("");
    // In each life some operations are rare and some are frequent.
    const weights = Object.entries(weightsFor(capacity)).map(([name, weight]) => [
      name,
      weight * prng.among(0.2, 1, 1, 3),
    ]);
    this.#weights = Object.fromEntries(weights) as Record<Operation, number>;
  }

  get life(): Life {
    return this.#life;
  }

  /** What happened last, the newest at the end. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  step(): void {
    this[this.#prng.weighted(this.#weights)]();
    const holding = [...this.#holders.values()].flat().map(({ name }) => name);
    this.#pool.forgetAnswered(new Set(holding));
    this.#life.steps += 1;
  }

  /** Serves the waiters that are left, then closes the pool: nothing may remain. */
  end(): void {
    this.#settle();
    this.#happened("close", this.#pool.close());
    for (let ids = this.#ids("active", "draining"); ids.length > 0; ids = this.#ids("active", "draining"))
      for (const id of ids) this.#giveBack(id, undefined, NO_HINTS);
    const { core, connections } = this.#pool;
    const { open, waiting, idle, deadlines } = core.origins;
    assertEquals([open, waiting, idle.size, deadlines.size, connections.size], [0, 0, 0, 0, 0]);
    assertEquals(core.wakeAt(), Infinity);
  }

  /** Nothing new comes, and all connections open and are released: every waiter gets an answer. */
  #settle(): void {
    const { origins } = this.#pool.core;
    for (let turns = 0; origins.waiting > 0; turns++) {
      assert(turns < 10_000, `${origins.waiting} requests starve`);
      const [id] = this.#ids(turns % 2 === 0 ? "connecting" : "active", "draining");
      if (id === undefined) continue;
      if (this.#pool.connection(id).state === "connecting")
        this.#happened(`opened ${id}`, this.#pool.connected(id, 0, this.#someCapacity()));
      else this.#giveBack(id, undefined, NO_HINTS);
    }
  }

  #ids(...states: readonly string[]): number[] {
    const found = [...this.#pool.connections.values()].filter(({ state }) => states.includes(state));
    return found.map(({ id }) => id);
  }

  #happened(what: string, effects: readonly string[]): void {
    this.#recent.push(`  ${this.#pool.now}: ${what} → ${effects.join(", ")}`);
    if (this.#recent.length > 40) this.#recent.shift();
    for (const effect of effects) this.#note(effect.split(/[ :]+/));
  }

  #note([what, subject = "", object]: readonly string[]): void {
    if (what === "reject") this.#life.rejects += 1;
    if (what === "close") {
      this.#life.retired += 1;
      this.#holders.delete(Number(subject));
    }
    if (what !== "grant") return;
    const id = Number(object);
    this.#life.grants += 1;
    if (this.#pool.connection(id).requests > 1) this.#life.reused += 1;
    const holders = this.#holders.get(id) ?? [];
    if (holders.length > 0) this.#life.shared += 1;
    this.#holders.set(id, [...holders, { name: subject, origin: this.#originOf.get(subject) ?? "" }]);
    this.#originOf.delete(subject);
  }

  // What can happen

  acquire(): void {
    this.#named += 1;
    const name = `r${this.#named}`;
    const origin = this.#prng.pick(this.#origins) ?? "a";
    const common = { unsafe: this.#prng.oneIn(4), fresh: this.#prng.oneIn(20) };
    const timeoutMs = this.#own?.oneIn(2) === true ? this.#own.among(1, 10, 100, 3000, Infinity) : undefined;
    const own = this.#own?.oneIn(12) === true ? { alone: true } : {};
    const wish = { ...common, ...own, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    this.#originOf.set(name, origin);
    this.#happened(
      `acquire ${origin} ${name} ${JSON.stringify(wish)}`,
      this.#pool.acquire(origin, name, wish),
    );
  }

  opened(): void {
    const id = this.#prng.pick(this.#ids("connecting"));
    if (id === undefined) return;
    const random = this.#prng.next();
    const capacity = this.#someCapacity();
    this.#happened(`opened ${id} for ${capacity}`, this.#pool.connected(id, random, capacity));
  }

  #someCapacity(): number | undefined {
    if (this.#capacity === "one") return undefined;
    return this.#capacity === "three" ? 3 : this.#prng.among(1, 2, 3, 5, Infinity);
  }

  /** The peer changes its limit. */
  capacity(): void {
    const id = this.#prng.pick(this.#ids("connecting", "idle", "active", "active", "draining"));
    const capacity = this.#prng.among(1, 2, 3, 8, Infinity);
    if (id !== undefined) this.#happened(`capacity ${id} ${capacity}`, this.#pool.capacity(id, capacity));
  }

  /** The peer takes no further request on a connection. Some say so when they have taken three, some at any time. */
  goaway(): void {
    const id = this.#prng.pick(this.#ids("idle", "active", "active", "draining"));
    if (id === undefined) return;
    const { requests } = this.#pool.connection(id);
    const taken = this.#prng.among(
      undefined,
      Math.min(requests, 3),
      requests,
      this.#prng.below(requests + 1),
    );
    this.#happened(`goaway ${id} ${taken}`, this.#pool.goaway(id, taken));
  }

  calm(): void {
    const id = this.#prng.pick(this.#ids("idle", "active", "draining"));
    if (id !== undefined) this.#happened(`calm ${id}`, this.#pool.calm(id));
  }

  restore(): void {
    const origin = this.#prng.pick(this.#origins) ?? "a";
    const at = this.#pool.now - 1000;
    const goaways = [{ requests: 1 + this.#prng.below(8), at, times: 2, missed: 0 }];
    const memory = {
      goaways,
      protocol: this.#prng.among<WireProtocol | undefined>("http/1.1", "h2", undefined),
    };
    this.#happened(`restore ${origin} ${JSON.stringify(memory)}`, this.#pool.restore(origin, memory));
  }

  expect(): void {
    const origin = this.#prng.pick(this.#origins) ?? "a";
    const capacity = this.#prng.among(1, 3, Infinity);
    this.#happened(`expect ${origin} ${capacity}`, this.#pool.expect(origin, capacity));
  }

  linger(): void {
    const id = this.#prng.pick(this.#ids("active", "draining"));
    if (id === undefined || this.#pool.connection(id).lingers) return;
    this.#happened(`linger ${id}`, this.#pool.linger(id));
  }

  failed(): void {
    const id = this.#prng.pick(this.#ids("connecting"));
    if (id !== undefined) this.#happened(`failed ${id}`, this.#pool.failed(id));
  }

  endedUnused(): void {
    const id = this.#prng.pick(this.#ids("connecting"));
    const reason = this.#prng.among("peer-closed", "goaway", "no-answer");
    if (id !== undefined) this.#happened(`ended ${id}`, this.#pool.endedUnused(id, reason));
  }

  release(): void {
    const id = this.#prng.pick(this.#ids("active", "draining"));
    const reason = this.#prng.oneIn(16) ? this.#prng.pick(REASONS) : undefined;
    if (id !== undefined) this.#giveBack(id, reason, this.#hints());
  }

  #giveBack(id: number, reason: RetireReason | undefined, hints: ServerHints): void {
    this.#takeHolder(id);
    const isCancelled = this.#capacity !== "one" && this.#prng.oneIn(3);
    const answered = reason === undefined ? true : reason !== "peer-closed" && undefined;
    const told = `release ${id} ${reason ?? ""} ${JSON.stringify(hints)}${isCancelled ? " cancelled" : ""}`;
    this.#happened(told, this.#pool.release(id, reason, hints, isCancelled ? undefined : answered));
  }

  /** One of the requests that have a lease of the connection; it has it no more. */
  #takeHolder(id: number): { name: string; origin: string } | undefined {
    const holders = this.#holders.get(id) ?? [];
    const taken = holders.length > 1 ? this.#prng.pick(holders) : holders[0];
    this.#holders.set(
      id,
      holders.filter((holder) => holder !== taken),
    );
    return taken;
  }

  #hints(): ServerHints {
    const prng = this.#prng;
    return {
      close: prng.oneIn(40),
      timeoutMs: prng.oneIn(8) ? prng.among(0, 999, 1500, 5000, 60_000, Infinity) : undefined,
      remaining: prng.oneIn(10) ? prng.below(3) : undefined,
    };
  }

  /** A connection that was granted turns out dead: its request asks again. */
  again(): void {
    const id = this.#prng.pick(this.#ids("active"));
    const holder = id === undefined ? undefined : this.#holders.get(id)?.at(-1);
    if (id === undefined || holder === undefined) return;
    const { name, origin } = holder;
    this.#holders.set(id, this.#holders.get(id)?.slice(0, -1) ?? []);
    this.#happened(`release ${id} peer-closed`, this.#pool.release(id, "peer-closed", NO_HINTS, false));
    this.#originOf.set(name, origin);
    this.#happened(`acquire ${origin} ${name} again`, this.#pool.acquire(origin, name, { again: true }));
  }

  lost(): void {
    const id = this.#prng.pick(this.#ids("idle", "idle", "active", "draining"));
    if (id !== undefined) this.#happened(`lost ${id}`, this.#pool.lost(id));
  }

  cancel(): void {
    const waiting = [...this.#pool.fates].flatMap(([name, fate]) => (fate === "waiting" ? [name] : []));
    const name = this.#prng.pick(waiting);
    if (name !== undefined) this.#happened(`cancel ${name}`, this.#pool.cancel(name));
  }

  preconnect(): void {
    const origin = this.#prng.pick(this.#origins) ?? "a";
    const count = 1 + this.#prng.below(4);
    this.#happened(`preconnect ${origin} ${count}`, this.#pool.preconnect(origin, count));
  }

  drain(): void {
    const origin = this.#prng.oneIn(2) ? this.#prng.pick(this.#origins) : undefined;
    this.#happened(`drain ${origin ?? ""}`, this.#pool.drain(origin));
  }

  slept(): void {
    this.#happened("slept", this.#pool.slept());
  }

  /** Time passes without a tick: the timer is late. */
  pass(): void {
    this.#pool.now += this.#prng.among(1, 1, 10, 10, 100, 1000, 10_000) * this.#prng.next();
  }

  /** The timer fires. The next time to wake must be later. */
  wake(): void {
    const wakeAt = this.#pool.core.wakeAt();
    if (wakeAt === Infinity) return;
    this.#pool.now = Math.max(this.#pool.now, wakeAt);
    this.#happened("tick", this.#pool.tick());
  }
}

function weightsFor(capacity: Capacity): Partial<Record<Operation, number>> {
  if (capacity === "one") return WEIGHTS;
  return { ...WEIGHTS, ...SHARING_WEIGHTS, capacity: capacity === "changing" ? 6 : 0 };
}

/** Only limits on how many there are end an idle connection. */
const KIND: Partial<Rules> = {
  idleTimeoutMs: Infinity,
  unusedIdleTimeoutMs: Infinity,
  maxLifetimeMs: Infinity,
  maxRequests: Infinity,
  maxIdle: Infinity,
  maxIdlePerOrigin: Infinity,
};

/** Two origins in three have rules of their own. */
function rulesByOrigin(prng: Prng, kind: boolean): (hostname: string) => Partial<Rules> | undefined {
  const seed = prng.below(2 ** 30);
  return (hostname) => {
    const drawn = new Prng(seed + hostname.charCodeAt(0));
    if (drawn.oneIn(3)) return undefined;
    const own = kind ? { ...someRules(drawn), ...KIND } : someRules(drawn);
    const { maxConnectionsPerOrigin = Infinity, maxIdlePerOrigin = Infinity } = own;
    const most = Math.min(maxConnectionsPerOrigin, maxIdlePerOrigin, 4);
    const warm = {
      minIdle: drawn.oneIn(2) ? drawn.below(most + 1) : 0,
      minIdleForMs: drawn.among(100, 60_000),
    };
    return { ...own, ...warm, spread: drawn.among("first", "first", "all") };
  };
}

function someRules(prng: Prng): Partial<Rules> {
  return {
    idleTimeoutMs: prng.among(Infinity, 0, 5, 50, 500, 5000, 50_000),
    maxLifetimeMs: prng.among(Infinity, 100, 1000, 10_000),
    lifetimeJitter: prng.among(0, 0.1, 1),
    maxRequests: prng.among(Infinity, Infinity, 1, 2, 10),
    hintMarginMs: prng.among(undefined, 0, 100),
    maxConnections: prng.among(Infinity, 1, 2, 3, 5, 10),
    maxConnectionsPerOrigin: prng.among(Infinity, 1, 2, 4),
    maxIdle: prng.among(Infinity, Infinity, 0, 1, 4),
    maxIdlePerOrigin: prng.among(Infinity, Infinity, 0, 1, 2),
    maxQueue: prng.among(Infinity, Infinity, 0, 2, 20),
    reuseOrder: prng.among("lifo", "fifo", "oldest", "used-first"),
    unsafeReuseMs: prng.among(0, 20, 2000, Infinity),
    learn: prng.oneIn(2),
    evictPerOrigin: prng.among("stalest", "returned"),
    evictInAll: prng.among("stalest", "returned"),
    unusedIdleTimeoutMs: prng.among(Infinity, 50, 500),
  };
}
