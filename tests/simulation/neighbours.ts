/**
 * Neighbours: two pools of one program, with one clock, one transport and one store of learned limits, to the same servers. Each has
 * options and an end of its own. What one does must not show in the other, save for what it learns.
 */

import {
  createPool,
  HoldfastError,
  type LimitStore,
  type Pool,
  type PoolEvent,
  type PoolOptions,
  type PoolStats,
  type StoredLimit,
} from "../../mod.ts";
import {
  type MemoryPeer,
  type MemoryRequest,
  type MemoryResponse,
  type MemoryTransport,
  memoryTransport,
} from "../../transports/memory.ts";
import { Prng } from "../support/prng.ts";
import { Agenda, type Appointment, LANE } from "./agenda.ts";
import { agendaClock } from "./agenda-clock.ts";
import type { Kind } from "./dimensions.ts";
import { Figures } from "./figures.ts";
import { Judges } from "./judges.ts";
import { beLate, LATENESS, tellRestOfBatch } from "./lateness.ts";
import { quiescence } from "./pump.ts";
import { isIdempotent } from "./reuse-rules.ts";
import { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";

const SIDES = ["a", "b"] as const;
type Side = (typeof SIDES)[number];

/** How long a connect attempt may take. */
const CONNECT_MS = 10_000;

interface Server {
  /** How long it keeps a connection; `Infinity`: for ever. */
  readonly idleMs: number;
  /** It says so. */
  readonly announces: boolean;
  readonly serviceMs: number;
  readonly resetOneIn: number;
}

interface NeighboursPlan {
  readonly seed: number;
  /** Servers close nothing that they have not announced, nothing fails, and nothing is late. */
  readonly isCalm: boolean;
  readonly calls: number;
  readonly clients: number;
  readonly latencyMs: number;
  readonly pauseMs: number;
  readonly abortOneIn: number;
  readonly lateOneIn: number;
  readonly readsInBatches: boolean;
  readonly sharesStore: boolean;
  readonly servers: readonly Server[];
  readonly options: Readonly<Record<Side, Bounds>>;
  /** After how many calls in all the second pool is closed, while the first goes on. */
  readonly closesAfter: number;
  readonly closeTimeoutMs: number;
}

/** The options of one pool. */
interface Bounds {
  readonly maxConnections: number;
  readonly maxConnectionsPerOrigin: number;
  readonly maxIdlePerOrigin: number;
  readonly maxRequests: number;
  readonly idleTimeout: number;
  readonly unsafeReuse: number;
}

function planOf(seed: number, requests: number): NeighboursPlan {
  const prng = new Prng(Math.imul(seed, 0x2c1b_3c6d) ^ 0x4e16);
  const isCalm = prng.oneIn(2);
  const calls = Math.ceil(requests / 2);
  return {
    seed,
    isCalm,
    calls,
    clients: 2 + prng.below(10),
    latencyMs: prng.among(0.25, 1, 20),
    pauseMs: prng.among(0, 30, 3000, 10_000),
    abortOneIn: prng.among(Infinity, 15),
    lateOneIn: isCalm ? Infinity : prng.among(Infinity, 40, 10),
    readsInBatches: prng.oneIn(3),
    sharesStore: prng.oneIn(2),
    servers: Array.from({ length: prng.among(1, 2, 3) }, () => serverOf(prng, isCalm)),
    options: { a: boundsOf(prng), b: boundsOf(prng) },
    closesAfter: prng.oneIn(2) ? Math.ceil(calls * prng.next()) : Infinity,
    closeTimeoutMs: prng.among(0, 20, 60_000),
  };
}

function serverOf(prng: Prng, isCalm: boolean): Server {
  const idleMs = prng.among(Infinity, 1000, 2000, 5000);
  return {
    idleMs,
    announces: prng.oneIn(4) || (isCalm && idleMs < Infinity),
    serviceMs: prng.among(0, 3, 50),
    resetOneIn: isCalm ? Infinity : prng.among(Infinity, 30),
  };
}

function boundsOf(prng: Prng): Bounds {
  const maxConnectionsPerOrigin = prng.among(1, 2, 6, 256);
  return {
    maxConnections: Math.max(maxConnectionsPerOrigin, prng.among(2, 1024)),
    maxConnectionsPerOrigin,
    maxIdlePerOrigin: prng.among(0, 1, 50, 50),
    maxRequests: prng.among(1, 5, 1e6, 1e6),
    idleTimeout: prng.among(400, 55_000, 55_000),
    unsafeReuse: prng.among(0, 2000),
  };
}

/** One call, as both ends know it. */
interface Call {
  readonly id: number;
  readonly side: Side;
  readonly method: "GET" | "POST" | "PUT";
  executed: number;
  aborted: boolean;
}

/** A server's end of a connection. */
interface Seen {
  /** The pool whose requests it carries. */
  readonly side: Side;
  timer: Appointment | undefined;
}

/** Two pools side by side. */
export class NeighboursWorld {
  readonly plan: NeighboursPlan;
  readonly agenda = new Agenda();
  readonly figures = new Figures();
  readonly judges = new Judges(this.figures.cases);
  readonly trace: Trace;
  readonly #prng: Prng;
  readonly #transport: MemoryTransport;
  readonly #pools: Readonly<Record<Side, Pool>>;
  readonly #calls: Map<number, Call> = new Map();
  readonly #seen: Map<MemoryPeer, Seen> = new Map();
  readonly #open: Readonly<Record<Side, Set<number>>> = { a: new Set(), b: new Set() };
  readonly #running: Record<Side, number> = { a: 0, b: 0 };
  readonly #closing: Set<Side> = new Set();
  readonly #closed: Set<Side> = new Set();
  readonly #learnedBy: Map<string, Side> = new Map();
  #issued = 0;
  /** Lateness does not add up: who hears nothing for longer than a connect attempt may take gives it up. */
  #lateAgainAt = 0;
  #clients = 0;
  #steps = 0;

  constructor(seed: number, requests: number, readable = false) {
    this.plan = planOf(seed, requests);
    this.trace = new Trace(() => this.agenda.now, readable);
    this.#prng = new Prng(seed ^ 0x9e1b);
    this.agenda.strict = true;
    this.#transport = memoryTransport({
      scheduler: { schedule: (delayMs, callback) => this.agenda.schedule(LANE.toClient, delayMs, callback) },
      latencyMs: this.plan.latencyMs,
      respond: (request, peer) => this.#respond(request, peer),
    });
    const clock = agendaClock(this.agenda);
    const stores = { a: this.#store(), b: this.#store() };
    const pool = (side: Side) => this.#pool(side, clock, this.plan.sharesStore ? stores.a : stores[side]);
    this.#pools = { a: pool("a"), b: pool("b") };
    this.figures.happened("two pools with one clock and one transport");
  }

  /** One world in ten has such a pair beside it. */
  static belongsTo(seed: number, kinds: readonly Kind[]): boolean {
    return kinds.includes("neighbours") && seed % 10 === 5;
  }

  /** Runs until nothing more will happen. @throws {Violation} */
  async run(): Promise<void> {
    this.#clients = this.plan.clients;
    for (let client = 0; client < this.plan.clients; client++)
      this.#later(this.#prng.below(20), () => void this.#work(SIDES[client % 2] ?? "a"));
    for (let next = this.agenda.next(); next !== undefined; next = this.agenda.next()) {
      next.keep();
      if (this.plan.readsInBatches && next.lane === LANE.toClient) tellRestOfBatch(this.agenda);
      await quiescence();
      this.trace.settle();
      this.#steps += 1;
      this.#audit();
      if (this.judges.violation !== undefined) break;
    }
    if (this.judges.violation === undefined) this.#end();
    for (const side of SIDES)
      this.figures.took(this.agenda.now, side === "a" ? this.#steps : 0, this.#pools[side].stats());
    const { violation } = this.judges;
    if (violation !== undefined) throw new Violation(`seed ${this.plan.seed}, neighbours: ${violation}`);
  }

  #pool(side: Side, clock: PoolOptions["clock"] & object, store: LimitStore): Pool {
    const prng = new Prng(this.plan.seed ^ side.charCodeAt(0));
    return createPool({
      ...this.plan.options[side],
      // Both wait for a connection for as long as it takes.
      acquireTimeout: "24h",
      transport: this.#transport,
      clock,
      random: () => prng.next(),
      learn: { store },
      onEvent: (event) => this.#happened(side, event),
    });
  }

  #store(): LimitStore {
    const kept = new Map<string, StoredLimit>();
    return { get: (origin) => kept.get(origin), set: (origin, value) => void kept.set(origin, value) };
  }

  #later(ms: number, act: () => void): void {
    this.agenda.schedule(LANE.client, ms, act);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#later(ms, resolve));
  }

  #happened(side: Side, event: PoolEvent): void {
    this.figures.event(event);
    const number = "connection" in event ? event.connection : 0;
    this.trace.note("event", side === "a" ? 1 : 2, number ?? 0, event.type);
    this.judges.rules(
      "neighbours: nothing is told after close",
      this.#closed.size > 0,
      this.#closed.has(side),
      () => `pool ${side} tells of ${event.type} after it was closed`,
    );
    const open = this.#open[side];
    if (event.type === "connection.opened") open.add(event.connection);
    if (event.type === "connection.acquired")
      this.judges.rules(
        "neighbours: each uses its own",
        true,
        !open.has(event.connection),
        () => `pool ${side} uses connection ${event.connection}, which it has not`,
      );
    if (event.type === "connection.retired") open.delete(event.connection);
    if (event.type === "limit.learned") this.#learned(side, event.origin);
  }

  /** What one learns the other one reads from the store, if they share it. */
  #learned(side: Side, origin: string): void {
    this.figures.happened("limit learned by one of two neighbours");
    const first = this.#learnedBy.get(origin) ?? side;
    this.#learnedBy.set(origin, first);
    if (first !== side) this.figures.happened("limit learned by both neighbours");
  }

  // Callers

  async #work(side: Side): Promise<void> {
    const { plan } = this;
    while (this.#issued < plan.calls && this.judges.violation === undefined && !this.#closing.has(side)) {
      this.#issued += 1;
      if (side === "a" && this.#closed.has("b")) this.figures.happened("one of two neighbours closed");
      if (this.#issued >= plan.closesAfter) this.#close("b");
      this.#lateMaybe();
      await this.#call(side, this.#issued);
      await this.#pause(this.#prng.among(0, 0, this.#prng.below(plan.pauseMs + 1)));
    }
    this.#clients -= 1;
    if (this.#clients === 0) for (const each of SIDES) this.#close(each);
  }

  #lateMaybe(): void {
    const { lateOneIn, readsInBatches } = this.plan;
    if (lateOneIn === Infinity || !this.#prng.oneIn(lateOneIn)) return;
    const how = this.#prng.among(...LATENESS);
    if (readsInBatches && how === "stall, then some sockets first") return;
    if (this.agenda.now < this.#lateAgainAt) return;
    this.#lateAgainAt = this.agenda.now + CONNECT_MS;
    beLate(this.agenda, this.#prng, how, this.#prng.among(5, 60, 400, 6000));
  }

  async #call(side: Side, id: number): Promise<void> {
    const { plan } = this;
    const prng = this.#prng;
    const method = prng.among("GET" as const, "GET" as const, "POST" as const, "PUT" as const);
    const call: Call = { id, side, method, executed: 0, aborted: false };
    this.#calls.set(id, call);
    const controller = new AbortController();
    if (plan.abortOneIn !== Infinity && prng.oneIn(plan.abortOneIn))
      this.#later(prng.below(40), () => {
        call.aborted = true;
        controller.abort(new Error("enough"));
      });
    this.#running[side] += 1;
    const url = `http://s${prng.below(plan.servers.length)}.test/${side}/${id}`;
    const body = method === "GET" ? {} : { body: `${id}` };
    const init = { method, signal: controller.signal, ...body };
    const pool = this.#pools[side];
    const asked: Promise<{ text(): Promise<string> }> = prng.oneIn(2)
      ? pool.request(url, init)
      : pool.fetch(url, init);
    const outcome = await asked.then((answer) => answer.text()).catch((error) => this.#nameOf(call, error));
    this.#running[side] -= 1;
    const isFailed = outcome.startsWith("failed: ");
    this.judges.rules(
      "neighbours: answers belong to their calls",
      !isFailed,
      !isFailed && outcome !== `${side} ${id}`,
      `call ${id} of ${side} came to ${outcome}`,
    );
    this.trace.note("read", id, outcome.length, outcome);
    this.figures.settled(isFailed ? outcome.slice(8) : "read");
  }

  #nameOf({ id, side, aborted }: Call, thrown: unknown): string {
    const { cause } = thrown as { cause?: unknown };
    const error = thrown instanceof HoldfastError ? thrown : cause;
    if (aborted && (thrown as Error).message === "enough") return "failed: aborted";
    if (error instanceof HoldfastError && this.#closing.has(side)) return `failed: ${error.code}`;
    const isLost = error instanceof HoldfastError && error.code === "ERR_CONNECTION_LOST";
    this.judges.rules(
      "neighbours: causes of failures",
      true,
      !isLost || this.plan.isCalm,
      `call ${id} of ${side} failed without a cause: ${String(thrown)}`,
    );
    if (isLost) return `failed: ${error.code}`;
    return "failed: unnamed";
  }

  // Servers

  async #respond({ path, method }: MemoryRequest, peer: MemoryPeer): Promise<MemoryResponse> {
    const [, side, number] = path.split("/");
    const call = this.#calls.get(Number(number));
    const isCalled = call?.side === side && call?.method === method;
    this.judges.rules("neighbours: calls are made", true, !isCalled, `${method} ${path} was sent by nobody`);
    if (call === undefined || !isCalled) return {};
    const seen = this.#seen.get(peer) ?? { side: call.side, timer: undefined };
    this.#seen.set(peer, seen);
    seen.timer?.cancel();
    this.judges.rules(
      "neighbours: no connection serves both",
      true,
      seen.side !== side,
      `a connection of ${seen.side} carries a request of ${side}`,
    );
    call.executed += 1;
    const most = isIdempotent(method) && !this.plan.isCalm ? 2 : 1;
    this.judges.rules(
      most === 1 ? "neighbours: executed once" : "neighbours: executed twice at most",
      most === 1 || call.executed > 1,
      call.executed > most,
      `${method} ${call.id} was executed ${call.executed} times`,
    );
    const server = this.plan.servers[Number(/\d+/.exec(peer.target.hostname)?.[0])];
    if (server === undefined) throw new Error(`There is no ${peer.target.hostname}`);
    if (server.resetOneIn !== Infinity && this.#prng.oneIn(server.resetOneIn)) {
      peer.reset();
      return {};
    }
    if (server.serviceMs > 0)
      await new Promise<void>(
        (resolve) => void this.agenda.schedule(LANE.server, this.#prng.below(server.serviceMs), resolve),
      );
    if (server.idleMs < Infinity)
      seen.timer = this.agenda.schedule(LANE.server, server.idleMs, () => peer.end());
    const headers = server.announces ? { "Keep-Alive": `timeout=${server.idleMs / 1000}` } : {};
    return { body: `${side} ${call.id}`, ...(server.idleMs < Infinity ? { headers } : {}) };
  }

  // The end

  #close(side: Side): void {
    if (this.#closing.has(side)) return;
    this.#closing.add(side);
    const timeout = this.#clients === 0 ? this.#prng.among(0, 1000) : this.plan.closeTimeoutMs;
    void this.#pools[side].close({ timeout }).then(() => {
      this.#closed.add(side);
      const { open, queued, active } = this.#pools[side].stats();
      this.judges.rules(
        "neighbours: nothing is left after close",
        true,
        open + queued + active > 0,
        `${open} open and ${queued} queued are left in pool ${side} after close()`,
      );
    });
  }

  #audit(): void {
    const { judges } = this;
    let open = 0;
    for (const side of SIDES) {
      const stats = this.#pools[side].stats();
      open += stats.open;
      this.#auditSide(side, stats);
    }
    const attempts = this.#retired() + open;
    judges.rules(
      "neighbours: attempts of both",
      open > 0,
      this.#transport.attempts !== attempts,
      () => `${this.#transport.attempts} were opened at the transport, and ${attempts} by both pools`,
    );
    const timers = this.agenda.waiting[LANE.timer];
    const pools = 2 - this.#closed.size;
    judges.rules(
      "neighbours: one timer each",
      timers > 0,
      timers > pools,
      () => `${timers} timers are set, and ${pools} pools are open`,
    );
  }

  #auditSide(side: Side, stats: PoolStats): void {
    const { judges } = this;
    const { maxConnections, maxConnectionsPerOrigin, maxIdlePerOrigin } = this.plan.options[side];
    const { open, active, idle, connecting, queued, opened } = stats;
    const running = this.#running[side];
    judges.rules(
      "neighbours: maxConnections",
      open >= maxConnections,
      open > maxConnections,
      () => `${open} connections of ${side} exceed maxConnections`,
    );
    judges.rules(
      "neighbours: states",
      open > 0,
      open !== active + idle + connecting,
      () => `${side}: ${open} open are not the sum of their states`,
    );
    judges.rules(
      "neighbours: queued",
      queued > 0,
      queued > running,
      () => `${queued} of ${side} are queued, and ${running} are running`,
    );
    const retired = Object.values(stats.retired).reduce((sum, count) => sum + count, 0);
    judges.rules(
      "neighbours: opened",
      opened > 0,
      opened > retired + open,
      () => `${side}: ${opened} were opened`,
    );
    for (const [origin, of] of Object.entries(stats.origins)) {
      judges.rules(
        "neighbours: maxConnectionsPerOrigin",
        of.open >= maxConnectionsPerOrigin,
        of.open > maxConnectionsPerOrigin,
        () => `${of.open} of ${side} are open to ${origin}`,
      );
      judges.rules(
        "neighbours: maxIdlePerOrigin",
        of.idle >= maxIdlePerOrigin,
        of.idle > maxIdlePerOrigin,
        () => `${of.idle} of ${side} are idle to ${origin}`,
      );
    }
  }

  #retired(): number {
    return SIDES.flatMap((side) => Object.values(this.#pools[side].stats().retired)).reduce(
      (sum, count) => sum + count,
      0,
    );
  }

  #end(): void {
    const { judges } = this;
    const { running } = this.figures;
    for (const side of SIDES) {
      const calls = this.#running[side];
      judges.rules("neighbours: calls end", true, calls > 0, `${calls} calls of ${side} never ended`);
    }
    judges.rules("neighbours: close() resolves", true, this.#closed.size < 2, "close() never resolved");
    judges.rules(
      "neighbours: requests end",
      true,
      running !== 0,
      `${running} requests started without an end`,
    );
    const { peers } = this.#transport;
    const left = peers.filter(({ state }) => state === "open").length;
    judges.rules(
      "neighbours: no connection is left",
      peers.length > 0,
      left > 0,
      `${left} connections are left at the transport`,
    );
  }
}
