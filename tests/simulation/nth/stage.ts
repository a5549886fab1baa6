/** Stage: where a scenario is played: a pool over the transport in memory, virtual time, and a saboteur behind it. */

import { type Clock, createPool, HoldfastError, type Pool, type PoolOptions } from "../../../mod.ts";
import type { ContentDecoder, Transport } from "../../../src/contract/transport.ts";
import {
  type MemoryPeer,
  type MemoryRequest,
  type MemoryResponse,
  memoryTransport,
} from "../../../transports/memory.ts";
import { Agenda, LANE } from "../agenda.ts";
import { quiescence } from "../pump.ts";
import type { Meddler } from "./meddler.ts";
import type { PlaceName } from "./places.ts";
import type { Saboteur } from "./saboteur.ts";

/** What a scenario is made of. */
export interface Scenario {
  readonly name: string;
  readonly options?: PoolOptions;
  respond?(request: MemoryRequest, peer: MemoryPeer): MemoryResponse | Promise<MemoryResponse>;
  accept?(peer: MemoryPeer): void;
  /** Plays it; what each call came to is collected by {@linkcode Stage.call}. */
  play(stage: Stage): Promise<void>;
}

/** Steps after which a scenario has hung. */
const MOST_STEPS = 5000;

/** One performance of a scenario. */
export class Stage {
  readonly agenda = new Agenda();
  readonly pool: Pool;
  /** What each call came to. */
  readonly outcomes: string[] = [];
  /** Executions of requests that are not idempotent. */
  posts = 0;
  /** Those that were called for. */
  postsMade = 0;
  unsettled = 0;
  readonly #controller = new AbortController();
  /** With which calls are aborted. */
  readonly reason = new Error("aborted by the test");
  readonly #saboteur: Saboteur;
  readonly #meddler: Meddler | undefined;
  readonly #scenario: Scenario;
  readonly #peers: MemoryPeer[] = [];
  #sleptMs = 0;

  constructor(scenario: Scenario, saboteur: Saboteur, meddler?: Meddler) {
    this.#scenario = scenario;
    this.#saboteur = saboteur;
    this.#meddler = meddler;
    const { agenda } = this;
    const { respond, accept } = scenario;
    const memory = memoryTransport({
      scheduler: { schedule: (delayMs, callback) => agenda.schedule(LANE.toClient, delayMs, callback) },
      latencyMs: 1,
      window: 30_000,
      accept: (peer) => {
        this.#peers.push(peer);
        accept?.(peer);
      },
      respond: respond === undefined ? undefined : (request, peer) => this.#respond(request, peer),
    });
    const transport: Transport = { ...saboteur.over(memory), decoder };
    const options = { transport, clock: this.#clock(), random: () => 0.5, ...scenario.options };
    this.pool = createPool(meddler?.over(options) ?? options);
    meddler?.enter(this);
    saboteur.levers = {
      abort: () => this.#controller.abort(this.reason),
      drain: () => this.pool.drain(),
      close: () => this.close(),
      sleep: () => {
        this.#sleptMs += 60_000;
      },
    };
  }

  #respond(request: MemoryRequest, peer: MemoryPeer): MemoryResponse | Promise<MemoryResponse> {
    if (request.method === "POST") this.posts += 1;
    return this.#scenario.respond?.(request, peer) ?? {};
  }

  #clock(): Clock {
    const { agenda } = this;
    const schedule = (delayMs: number, callback: () => void) => {
      const early = this.#saboteur.begins("timer");
      const ms = early ? 0 : Math.min(Math.max(1, Math.ceil(delayMs)), 2_147_483_647);
      return agenda.schedule(LANE.timer, ms, callback);
    };
    return {
      now: () => agenda.now,
      wall: () => agenda.now + this.#sleptMs,
      schedule,
      turn: (callback) => void agenda.schedule(LANE.turn, 0, callback),
    };
  }

  /** The signal of the next call, which is every call's unless somebody meddles. */
  get signal(): AbortSignal {
    return this.#meddler?.nextSignal() ?? this.#controller.signal;
  }

  /** By which the call that was given the last signal is known on the wire. */
  get tag(): Readonly<Record<string, string>> {
    return this.#meddler?.tag ?? {};
  }

  /** The server closes all its connections. */
  hangUp(): void {
    for (const peer of this.#peers) peer.end();
  }

  /** All calls so far are aborted. */
  abortCalls(): void {
    if (this.#meddler === undefined) this.#controller.abort(this.reason);
    else this.#meddler.abortAll();
  }

  /** A function of the user's was called. */
  reached(place: PlaceName): void {
    this.#meddler?.reached(place);
  }

  /** Virtual time passes. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.agenda.schedule(LANE.client, ms, resolve));
  }

  /** Waits for a call and notes what it came to. Nothing else than these may come of it. */
  async call(promise: Promise<unknown>): Promise<void> {
    this.unsettled += 1;
    try {
      this.outcomes.push(String(await promise));
    } catch (error) {
      this.outcomes.push(this.#nameOf(error));
    }
    this.unsettled -= 1;
  }

  #nameOf(error: unknown): string {
    if (error === this.reason) return "aborted";
    if (error === this.#meddler?.thrown) return "thrown";
    const cause = error instanceof TypeError && error.cause instanceof HoldfastError ? error.cause : error;
    if (cause instanceof HoldfastError) return cause.code;
    return `UNEXPECTED ${String(error)}`;
  }

  close(): void {
    void this.call(this.pool.close({ timeout: 0 }).then(() => this.#closed()));
  }

  async #closed(): Promise<string> {
    await quiescence();
    const timers = this.agenda.pending[LANE.timer];
    return timers === 0 ? "closed" : `UNEXPECTED ${timers} timers after close`;
  }

  /** Plays it to its end, closes the pool, and lets all come to rest. Answers what is wrong. */
  async perform(): Promise<string[]> {
    let over = false;
    void this.#scenario.play(this).then(() => {
      over = true;
    });
    await quiescence();
    await this.#rest();
    const problems = over ? [] : ["the scenario hangs"];
    this.close();
    await quiescence();
    await this.#rest();
    await quiescence();
    return [...problems, ...this.#leaks()];
  }

  async #rest(): Promise<void> {
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const next = this.agenda.next();
      if (next === undefined) return;
      next.keep();
      await quiescence();
    }
    this.outcomes.push("UNEXPECTED unrest");
  }

  #leaks(): string[] {
    const { open, active, idle, connecting, queued } = this.pool.stats();
    const found = Object.entries({ open, active, idle, connecting, queued }).filter(
      ([, count]) => count !== 0,
    );
    const problems = found.map(([what, count]) => `${count} ${what} are left`);
    if (this.#saboteur.open !== 0) problems.push(`${this.#saboteur.open} sockets are left`);
    if (this.unsettled > 0) problems.push(`${this.unsettled} calls never settled`);
    return [...problems, ...this.outcomes.filter((outcome) => outcome.startsWith("UNEXPECTED"))];
  }
}

/** A coding of our own, because the real ones of some runtimes work on threads: every byte is inverted. */
function decoder(coding: string): ContentDecoder | undefined {
  if (coding !== "gzip") return undefined;
  return {
    whole: inverted,
    stream: () =>
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => controller.enqueue(inverted(chunk)),
      }),
  };
}

/** The other way round, and back. */
export function inverted(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0xff);
}
