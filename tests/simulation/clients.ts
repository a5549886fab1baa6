/** Clients: the programs of a world. They make requests and pause. Now and then a disturbance befalls them all. */

import { Prng } from "../support/prng.ts";
import { LANE } from "./agenda.ts";
import { type CallerWorld, call } from "./caller.ts";
import type { Happening } from "./dimensions.ts";
import { disturb, runLate, suspend } from "./disturbances.ts";
import type { Finding } from "./judges.ts";
import type { RequestRecord, RequestSpec } from "./record.ts";
import { drawSpec } from "./specs.ts";
import type { World } from "./world.ts";

/** Client numbers are below this, so that the tie of an appointment says which client has it. */
const TIE = 1_000_000_000;

/** An upper bound for how far the last bursts of clients can exceed the number of requests. */
const BURSTS = 100;

/** During these events, the end of other requests or connections may already be decided. */
const ENDS: ReadonlySet<string> = new Set([
  "connection.retired",
  "connection.released",
  "request.finished",
  "request.failed",
  "limit.learned",
  "calm.requested",
]);

/** All clients of one world. */
export class Clients implements CallerWorld {
  readonly #world: World;
  readonly #kept: unknown[] = [];
  #issued = 0;
  #running = 0;
  #working = 0;
  #closed = false;
  #resolveClosed: () => void = () => {};
  readonly #whenClosed: Promise<void> = new Promise((resolve) => {
    this.#resolveClosed = resolve;
  });
  /** What goes on that no call waits for. */
  #goingOn = 0;
  #wentOn = false;
  /** Calls of close() that have not settled, without the first. */
  #closings = 0;
  /** How many requests listeners made. */
  #fromListeners = 0;
  readonly #abortable: Set<RequestRecord> = new Set();

  constructor(world: World) {
    this.#world = world;
  }

  get pool() {
    return this.#world.pool;
  }

  whenClosed(): Promise<void> {
    return this.#whenClosed;
  }

  goesOn(what: Promise<Finding | undefined>): void {
    this.#goingOn += 1;
    this.#wentOn = true;
    void what.then((problem) => {
      this.#goingOn -= 1;
      this.#world.judges.blames(problem?.about("a caller "));
    });
  }

  get judges() {
    return this.#world.judges;
  }

  get usesBuffersAgain(): boolean {
    return this.#world.plan.users.kinds.includes("buffers");
  }

  get isCalm(): boolean {
    return this.#world.isCalm;
  }

  start(): void {
    const { plan } = this.#world;
    for (let at = 0; at < plan.clients; at++) {
      const prng = new Prng(plan.seed + at * 7919);
      this.#working += 1;
      this.#world.later(prng.below(100), TIE + at, () => this.#work(at, prng));
    }
  }

  /** Makes the next move of one client. */
  #work(client: number, prng: Prng): void {
    const { plan } = this.#world;
    const early = plan.closesEarly && this.#issued * 20 > plan.requests * 19;
    if (early && !this.#world.closing) this.#close();
    if (this.#issued >= plan.requests) return this.#stopped();
    if (plan.disturbOneIn !== Infinity && prng.oneIn(plan.disturbOneIn) && disturb(this.#world, prng)) {
      // Right after a block, a program may reuse a connection too trustingly.
      return this.#world.later(1, TIE + client, () => this.#work(client, prng));
    }
    const { suspendOneIn, lateOneIn } = plan.users;
    if (lateOneIn !== Infinity && prng.oneIn(lateOneIn) && runLate(this.#world, prng))
      return this.#world.later(1, TIE + client, () => this.#work(client, prng));
    if (suspendOneIn !== Infinity && prng.oneIn(suspendOneIn)) {
      suspend(this.#world, prng);
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
    if (spec.extras.abortable) this.#abortable.add(record);
    void this.#world.contexts
      .run(spec.id, () => call(this, record))
      .then(() => {
        this.#running -= 1;
        this.#abortable.delete(record);
        then();
      });
  }

  /** The last client that stops closes the pool. */
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
      this.#resolveClosed();
      const { open } = this.pool.stats();
      this.judges.rules(
        "close() waits for all connections",
        true,
        open > 0,
        `close() resolved with ${open} connections open`,
      );
    });
  }

  // Actions of listeners

  /** Makes a request from a listener. At most one request in twenty is made this way. Returns whether it did. */
  callFromListener(prng: Prng): boolean {
    const { plan, closing } = this.#world;
    if (closing || this.#fromListeners * 20 > plan.requests) return false;
    this.#fromListeners += 1;
    this.#call(drawSpec(prng, plan.requests + BURSTS + this.#fromListeners, plan), () => {});
    return true;
  }

  /** Returns whether it aborted one. */
  abortAnother(prng: Prng, own: RequestRecord | undefined): boolean {
    const others = [...this.#abortable].filter((record) => record !== own && record.phase !== "done");
    const chosen = prng.pick(others.sort((one, other) => one.spec.id - other.spec.id));
    return chosen !== undefined && this.abort(chosen);
  }

  /** Closes the pool, but only late in the world, so that the world has enough to go through. */
  closeFromListener(): boolean {
    if (this.#issued * 20 <= this.#world.plan.requests * 19) return false;
    this.#close();
    return true;
  }

  closeAgain(): void {
    this.#closings += 1;
    void this.pool.close({ timeout: 0 }).then(() => {
      this.#closings -= 1;
    });
  }

  /** What is unfinished although nothing more will happen. */
  unfinished(): Finding | undefined {
    const { running } = this.#world.figures;
    return (
      this.judges.finds(
        "close() resolves",
        true,
        !this.#closed || this.#closings > 0,
        "close() never resolved",
      ) ??
      this.judges.finds(
        "upgraded sockets end",
        this.#wentOn,
        this.#goingOn > 0,
        `${this.#goingOn} upgraded sockets never ended`,
      ) ??
      this.judges.finds("calls end", true, this.#running > 0, `${this.#running} calls never ended`) ??
      this.judges.finds(
        "requests that start end",
        true,
        running !== 0,
        `${running} requests started without an end`,
      )
    );
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

  settled(record: RequestRecord, outcome: string, problem: Finding | undefined): void {
    this.#world.ledger.settled(record, outcome, problem);
  }

  calling<T>(record: RequestRecord, act: () => T): T {
    return this.#world.calling(record, act);
  }

  busy(ms: number): void {
    const { agenda, ledger } = this.#world;
    if (agenda.now < agenda.busyUntil) return;
    this.#world.happened("busy for some milliseconds after the answer");
    ledger.interrupted();
    agenda.interrupt(ms, false);
  }

  happened(what: Happening): void {
    this.#world.happened(what);
  }

  sees(record: RequestRecord, where: Happening): void {
    this.#world.contexts.sees(record, where);
  }

  left(record: RequestRecord): void {
    this.#world.ledger.left(record);
  }

  /** Returns whether there was anything to abort. */
  abort(record: RequestRecord): boolean {
    const { controller, phase, spec } = record;
    if (controller === undefined || phase === "done" || record.aborted !== undefined) return false;
    const { currentEvent, closing } = this.#world;
    const decided = currentEvent !== undefined && (closing || ENDS.has(currentEvent));
    const late = decided || (currentEvent !== undefined && phase === "head" && record.isPassing);
    record.aborted = late ? "late" : phase;
    if (currentEvent !== undefined) record.abortedInCallAt = this.#world.clientNow;
    this.#world.aborts(record);
    const kind = spec.id % 3;
    if (kind === 0) controller.abort();
    else controller.abort(kind === 1 ? new Error("enough") : "enough");
    record.reason = controller.signal.reason;
    return true;
  }
}

/** Most pauses are short. Some are as long as the plan allows. */
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
