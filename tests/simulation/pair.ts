/**
 * Pair: two pools whose servers call each other, both with limits. A chain of calls may return to a pool whose
 * connections all wait for that chain. Then deadlines must end it with the right errors, and nothing may be left.
 */

import { createPool, HoldfastError, type Pool, type PoolEvent } from "../../mod.ts";
import {
  type MemoryPeer,
  type MemoryRequest,
  type MemoryResponse,
  memoryTransport,
} from "../../transports/memory.ts";
import { Prng } from "../support/prng.ts";
import { Agenda, LANE } from "./agenda.ts";
import { agendaClock } from "./agenda-clock.ts";
import type { Kind } from "./dimensions.ts";
import { Figures } from "./figures.ts";
import { Judges } from "./judges.ts";
import { quiescence } from "./pump.ts";
import { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";

type Side = "a" | "b";

/** The errors with which a call may fail. */
const NAMED: ReadonlySet<string> = new Set([
  "ERR_ACQUIRE_TIMEOUT",
  "ERR_QUEUE_FULL",
  "ERR_HEADERS_TIMEOUT",
  "ERR_BODY_TIMEOUT",
  "ERR_REQUEST_TIMEOUT",
  "ERR_CONNECTION_LOST",
]);

/** Added to deadlines: timers count whole milliseconds, and each liveness check takes a turn of the event loop. */
const SLACK_MS = 100;

interface PairPlan {
  readonly seed: number;
  readonly calls: number;
  readonly clients: number;
  readonly depth: number;
  readonly maxConnections: number;
  readonly maxQueue: number;
  readonly acquireTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly serviceMs: number;
  readonly latencyMs: number;
  readonly resetOneIn: number;
  readonly abortOneIn: number;
  /** A server whose caller left aborts its own calls. */
  readonly passesOn: boolean;
}

function pairPlanOf(seed: number, requests: number): PairPlan {
  const prng = new Prng(Math.imul(seed, 0x0b5a_d3c7) ^ 0x2b01);
  return {
    seed,
    calls: Math.ceil(requests / 12),
    clients: 1 + prng.below(8),
    depth: prng.among(1, 2, 3, 5),
    maxConnections: prng.among(1, 2, 4),
    maxQueue: prng.among(10_000, 2),
    acquireTimeoutMs: prng.among(200, 2000),
    headersTimeoutMs: prng.among(1000, 8000),
    serviceMs: prng.among(0, 5, 100),
    latencyMs: prng.among(0.25, 5),
    resetOneIn: prng.among(Infinity, 30),
    abortOneIn: prng.among(Infinity, 15),
    passesOn: prng.oneIn(2),
  };
}

/** Two pools and their servers. */
export class PairWorld {
  readonly plan: PairPlan;
  readonly agenda = new Agenda();
  readonly figures = new Figures();
  readonly judges = new Judges(this.figures.cases);
  readonly trace: Trace;
  readonly #pools: Readonly<Record<Side, Pool>>;
  readonly #prng: Prng;
  #running = 0;
  #issued = 0;
  #clients = 0;
  #closing = false;
  #closed = 0;
  #steps = 0;

  constructor(seed: number, requests: number, readable = false) {
    this.plan = pairPlanOf(seed, requests);
    this.trace = new Trace(() => this.agenda.now, readable);
    this.#prng = new Prng(seed ^ 0x77aa);
    this.#pools = { a: this.#pool("a"), b: this.#pool("b") };
  }

  /** One world in ten has such a pair beside it. */
  static belongsTo(seed: number, kinds: readonly Kind[]): boolean {
    return kinds.includes("pairs") && seed % 10 === 3;
  }

  /** Runs until nothing more will happen. @throws {Violation} */
  async run(): Promise<void> {
    this.#clients = this.plan.clients;
    for (let client = 0; client < this.plan.clients; client++)
      this.#later(this.#prng.below(20), () => void this.#work());
    for (let next = this.agenda.next(); next !== undefined; next = this.agenda.next()) {
      next.keep();
      await quiescence();
      this.trace.settle();
      this.#steps += 1;
      this.#audit();
      if (this.judges.violation !== undefined) break;
    }
    if (this.judges.violation === undefined) this.#end();
    this.figures.took(this.agenda.now, this.#steps, this.#pools.a.stats());
    const { violation } = this.judges;
    if (violation !== undefined) throw new Violation(`seed ${this.plan.seed}, pair: ${violation}`);
  }

  #pool(side: Side): Pool {
    const { plan, agenda } = this;
    const prng = new Prng(plan.seed ^ side.charCodeAt(0));
    return createPool({
      transport: memoryTransport({
        scheduler: { schedule: (delayMs, callback) => agenda.schedule(LANE.toClient, delayMs, callback) },
        latencyMs: plan.latencyMs,
        respond: (request, peer) => this.#respond(side, request, peer),
      }),
      clock: agendaClock(this.agenda),
      random: () => prng.next(),
      onEvent: (event) => this.#happened(event),
      maxConnections: plan.maxConnections,
      maxQueue: plan.maxQueue,
      acquireTimeout: plan.acquireTimeoutMs,
      headersTimeout: plan.headersTimeoutMs,
    });
  }

  #later(ms: number, act: () => void): void {
    this.agenda.schedule(LANE.client, ms, act);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#later(ms, resolve));
  }

  #happened(event: PoolEvent): void {
    this.figures.event(event);
  }

  // Callers

  async #work(): Promise<void> {
    while (this.#issued < this.plan.calls && this.judges.violation === undefined) {
      this.#issued += 1;
      await this.#call(this.#issued);
      await this.#pause(this.#prng.among(0, 1, 30, 500));
    }
    this.#clients -= 1;
    if (this.#clients === 0) this.#close();
  }

  /** One call from outside. The response must be its own. */
  async #call(id: number): Promise<void> {
    const { plan } = this;
    const side = this.#prng.among<Side>("a", "b");
    const depth = this.#prng.below(plan.depth + 1);
    const controller = new AbortController();
    const reason = new Error("enough");
    if (plan.abortOneIn !== Infinity && this.#prng.oneIn(plan.abortOneIn))
      this.#later(this.#prng.below(300), () => controller.abort(reason));
    const started = this.agenda.now;
    this.#running += 1;
    const outcome = await this.#ask(side, id, depth, controller.signal).catch((error) =>
      error === reason ? "aborted" : this.#nameOf(error),
    );
    this.#running -= 1;
    const tookMs = this.agenda.now - started;
    // A resent request may wait once more.
    const mostMs = 2 * (plan.acquireTimeoutMs + plan.headersTimeoutMs) + SLACK_MS;
    this.judges.rules(
      "pair: time of a chain",
      tookMs >= plan.acquireTimeoutMs,
      tookMs > mostMs,
      `call ${id} took ${tookMs} ms`,
    );
    const isEnded = outcome === "aborted" || NAMED.has(outcome) || outcome === chainOf(side, id, depth);
    this.judges.rules(
      "pair: end of a chain",
      depth > 0,
      !isEnded && !/^\d+ failed: ERR_[A-Z_]+$/.test(outcome),
      `call ${id} came to ${outcome}`,
    );
    this.trace.note("read", id, outcome.length, outcome);
    this.figures.settled(/ERR_\w+$/.exec(outcome)?.[0] ?? (outcome === "aborted" ? outcome : "read"));
  }

  async #ask(side: Side, id: number, depth: number, signal: AbortSignal): Promise<string> {
    const pool = this.#pools[side];
    const answer = await pool.request(`http://${side}.test/${id}/${depth}`, { signal });
    const text = await answer.text();
    this.judges.rules(
      "pair: answers belong to their calls",
      true,
      !text.startsWith(`${id} `),
      `call ${id} got ${text}`,
    );
    return text;
  }

  #nameOf(error: unknown): string {
    // Calls that were left by their callers may still be under way when the pools close.
    if (this.#closing && error instanceof HoldfastError && error.code === "ERR_POOL_CLOSED")
      return error.code;
    const name = error instanceof HoldfastError && NAMED.has(error.code) ? error.code : undefined;
    this.judges.rules(
      "pair: causes of failures",
      true,
      name === undefined,
      `a call failed with ${String(error)}`,
    );
    return name ?? "unnamed";
  }

  // Servers

  async #respond(side: Side, request: MemoryRequest, peer: MemoryPeer): Promise<MemoryResponse> {
    const { plan } = this;
    const [, id = 0, depth = 0] = request.path.split("/").map(Number);
    if (plan.resetOneIn !== Infinity && this.#prng.oneIn(plan.resetOneIn)) {
      peer.reset();
      return {};
    }
    if (plan.serviceMs > 0) await this.#pause(this.#prng.below(plan.serviceMs));
    if (depth === 0) return { body: chainOf(side, id, 0) };
    this.figures.happened("call through a second pool");
    if (depth > 1) this.figures.happened("cycle through both pools");
    const controller = new AbortController();
    const left = new Error("the caller left");
    if (plan.passesOn) peer.onClosed(() => controller.abort(left));
    try {
      const inner = await this.#ask(other(side), id, depth - 1, controller.signal);
      return { body: inner.includes("failed") ? inner : `${inner} ${side}${depth}` };
    } catch (error) {
      return { status: 502, body: `${id} failed: ${error === left ? "ERR_LEFT" : this.#nameOf(error)}` };
    }
  }

  // The end

  #close(): void {
    this.#closing = true;
    for (const side of ["a", "b"] as const) {
      void this.#pools[side].close({ timeout: this.#prng.among(0, 1000) }).then(() => {
        this.#closed += 1;
      });
    }
  }

  #audit(): void {
    for (const side of ["a", "b"] as const) {
      const { open } = this.#pools[side].stats();
      this.judges.rules(
        "pair: maxConnections",
        open >= this.plan.maxConnections,
        open > this.plan.maxConnections,
        () => `${open} connections of ${side} exceed maxConnections`,
      );
    }
  }

  #end(): void {
    const { running } = this.figures;
    const { judges } = this;
    judges.rules("pair: calls end", true, this.#running > 0, `${this.#running} calls never ended`);
    judges.rules("pair: close() resolves", true, this.#closed < 2, "close() never resolved");
    judges.rules("pair: requests end", true, running !== 0, `${running} requests started without an end`);
    for (const side of ["a", "b"] as const) {
      const { open, queued, active, opened } = this.#pools[side].stats();
      judges.rules(
        "pair: nothing is left",
        opened > 0,
        open + queued + active > 0,
        `${open} open and ${queued} queued are left in pool ${side}`,
      );
    }
  }
}

function other(side: Side): Side {
  return side === "a" ? "b" : "a";
}

/** The text that a chain of calls starting at `side` must return. */
function chainOf(side: Side, id: number, depth: number): string {
  return depth === 0 ? `${id} ${side}0` : `${chainOf(other(side), id, depth - 1)} ${side}${depth}`;
}
