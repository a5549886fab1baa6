/** Clients: the programs of a world. They make requests, pause, and now and then something befalls them all. */

import { Prng } from "../support/prng.ts";
import { LANE } from "./agenda.ts";
import { type CallerWorld, call } from "./caller.ts";
import { disturb } from "./disturbances.ts";
import type { RequestRecord, RequestSpec } from "./record.ts";
import { drawSpec } from "./specs.ts";
import type { World } from "./world.ts";

/** Client numbers are below this, so that a tie says whose appointment it is. */
const TIE = 1_000_000_000;

/** All clients of one world. */
export class Clients implements CallerWorld {
  readonly #world: World;
  readonly #kept: unknown[] = [];
  #issued = 0;
  #running = 0;
  #working = 0;
  #closed = false;

  constructor(world: World) {
    this.#world = world;
  }

  get pool() {
    return this.#world.pool;
  }

  start(): void {
    const { plan } = this.#world;
    for (let at = 0; at < plan.clients; at++) {
      const prng = new Prng(plan.seed + at * 7919);
      this.#working += 1;
      this.#world.later(prng.below(100), TIE + at, () => this.#work(at, prng));
    }
  }

  /** One client's next move. */
  #work(client: number, prng: Prng): void {
    const { plan } = this.#world;
    const early = plan.closesEarly && this.#issued * 20 > plan.requests * 19;
    if (early && !this.#world.closing) this.#close();
    if (this.#issued >= plan.requests) return this.#stopped();
    if (plan.disturbOneIn !== Infinity && prng.oneIn(plan.disturbOneIn) && disturb(this.#world, prng)) {
      // The first thing that a program does when it comes to is where it may trust too much.
      return this.#world.later(1, TIE + client, () => this.#work(client, prng));
    }
    const burst = prng.oneIn(15) ? 1 + prng.below(10) : 1;
    let left = burst;
    const next = (): void => {
      left -= 1;
      if (left === 0)
        this.#world.later(drawPause(prng, plan.pauseMs), TIE + client, () => this.#work(client, prng));
    };
    for (let each = 0; each < burst; each++) this.#call(drawSpec(prng, ++this.#issued, plan), next);
  }

  #call(spec: RequestSpec, then: () => void): void {
    const record = this.#world.ledger.open(spec);
    this.#running += 1;
    void call(this, record).then(() => {
      this.#running -= 1;
      then();
    });
  }

  /** The last client closes the door. */
  #stopped(): void {
    this.#working -= 1;
    if (this.#working === 0 && !this.#world.closing) this.#close();
  }

  #close(): void {
    this.#world.closing = true;
    this.#world.trace.note("close");
    void this.pool.close({ timeout: this.#world.plan.closeTimeoutMs }).then(() => {
      this.#world.closed();
      this.#closed = true;
      const { open } = this.pool.stats();
      if (open > 0) this.#world.fail(`close() resolved with ${open} connections open`);
    });
  }

  /** Who is not done though nothing more will happen. */
  unfinished(): string | undefined {
    if (!this.#closed) return "close() never resolved";
    if (this.#running > 0) return `${this.#running} calls never ended`;
    if (this.#world.figures.running !== 0)
      return `${this.#world.figures.running} requests started without an end`;
    return undefined;
  }

  // CallerWorld

  pause(ms: number, tie: number): Promise<void> {
    return this.#world.pause(ms, tie);
  }

  later(ms: number, tie: number, act: () => void): void {
    this.#world.agenda.schedule(LANE.client, ms, act, tie);
  }

  keep(response: unknown): void {
    this.#kept.push(response);
  }

  answered(record: RequestRecord, answer: { readonly status: number; readonly id: string | null }): void {
    this.#world.ledger.answered(record, answer);
  }

  failed(record: RequestRecord, error: unknown): void {
    this.#world.ledger.failed(record, error);
  }

  settled(record: RequestRecord, outcome: string, problem: string | undefined): void {
    this.#world.ledger.settled(record, outcome, problem);
  }

  aborts(record: RequestRecord): void {
    this.#world.trace.note("aborts", record.spec.id, record.aborted === "head" ? 0 : 1);
  }
}

/** Most pauses are short; some are as long as the plan allows. */
function drawPause(prng: Prng, mostMs: number): number {
  switch (prng.below(6)) {
    case 0:
    case 1:
      return 0;
    case 2:
      return prng.below(20);
    case 3:
    case 4:
      return prng.below(Math.min(mostMs, 3000));
    default:
      return prng.below(mostMs);
  }
}
