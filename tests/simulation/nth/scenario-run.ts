/** Scenario run: plays one scenario with a pool over the transport in memory, in virtual time, with a saboteur. */

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
import "../../support/on-demand.ts";

/** A scenario. */
export interface Scenario {
  readonly name: string;
  readonly options?: PoolOptions;
  respond?(request: MemoryRequest, peer: MemoryPeer): MemoryResponse | Promise<MemoryResponse>;
  accept?(peer: MemoryPeer): void;
  /** Plays the scenario. {@linkcode ScenarioRun.call} collects the outcome of each call. */
  play(run: ScenarioRun): Promise<void>;
}

/** A scenario that takes more steps than this hangs. */
const MOST_STEPS = 5000;

/** One run of a scenario. */
export class ScenarioRun {
  readonly agenda = new Agenda();
  readonly pool: Pool;
  /** The outcome of each call. */
  readonly outcomes: string[] = [];
  /** How many requests that are not idempotent the servers executed. */
  posts = 0;
  /** How many such requests were made. */
  postsMade = 0;
  unsettled = 0;
  readonly #controller = new AbortController();
  /** The reason with which calls are aborted. */
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
    saboteur.controls = {
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

  /** The signal of the next call. All calls share one unless a meddler takes part. */
  get signal(): AbortSignal {
    return this.#meddler?.nextSignal() ?? this.#controller.signal;
  }

  /** A header field that identifies, on the wire, the call with the last signal. */
  get tag(): Readonly<Record<string, string>> {
    return this.#meddler?.tag ?? {};
  }

  /** The server closes all its connections. */
  hangUp(): void {
    for (const peer of this.#peers) peer.end();
  }

  /** Aborts all calls so far. */
  abortCalls(): void {
    if (this.#meddler === undefined) this.#controller.abort(this.reason);
    else this.#meddler.abortAll();
  }

  /** A user's function was called. */
  reached(place: PlaceName): void {
    this.#meddler?.reached(place);
  }

  /** Lets virtual time pass. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.agenda.schedule(LANE.client, ms, resolve));
  }

  /** Waits for a call and notes its outcome. Only the outcomes below are expected. */
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
    const timers = this.agenda.waiting[LANE.timer];
    return timers === 0 ? "closed" : `UNEXPECTED ${timers} timers after close`;
  }

  /** Plays the scenario to its end, closes the pool, and waits until everything settles. Returns what is wrong. */
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

/** Our own content coding, in which every byte is inverted. The real codings run on threads on some runtimes. */
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

/** Inverts every bit. Applied twice, it restores the input. */
export function inverted(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0xff);
}
