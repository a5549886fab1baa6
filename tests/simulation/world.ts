/**
 * World: runs one seed: the real pool, wire and fetch over the transport in memory, with simulated servers, clients
 * and clock. Between two appointments every promise settles, and the invariants are checked.
 */

import { createPool, type Pool, type PoolEvent } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { asyncContext } from "../../transports/runtime-services.ts";
import { Prng } from "../support/prng.ts";
import { Acting } from "./acting.ts";
import { Agenda, type Appointment, grain, LANE, type Lane } from "./agenda.ts";
import { Attempts } from "./attempts.ts";
import { auditStats, leftOver } from "./audit.ts";
import { ClientClock, type ClockWorld } from "./client-clock.ts";
import { Clients } from "./clients.ts";
import { decoderOf } from "./codec.ts";
import { Contexts } from "./contexts.ts";
import type { Extras, Happening, Kind } from "./dimensions.ts";
import { Doubts } from "./doubts.ts";
import { Figures } from "./figures.ts";
import { Judges } from "./judges.ts";
import type { LateWorld } from "./late-socket.ts";
import { tellRestOfBatch } from "./lateness.ts";
import { Ledger } from "./ledger.ts";
import type { Link } from "./link.ts";
import { Memory } from "./memory.ts";
import { Moves } from "./moves.ts";
import { Numbers } from "./numbers.ts";
import { optionsOf } from "./options.ts";
import { hostnameOf, keyOf } from "./origin-facts.ts";
import type { Plan } from "./plan.ts";
import { quiescence } from "./pump.ts";
import type { Promised, RequestRecord } from "./record.ts";
import type { SeenRequest } from "./request-reader.ts";
import type { Terms } from "./reuse-rules.ts";
import { Server, type ServerWorld } from "./server.ts";
import { Silences } from "./silences.ts";
import { Tap, type TapWorld } from "./tap.ts";
import { Trace } from "./trace.ts";
import { Unsent } from "./unsent.ts";
import { Violation } from "./violation.ts";
import "../support/on-demand.ts";

/** If more appointments than this fall on one moment, time is taken to stand still. */
const MOST_AT_ONCE = 100_000;

/** Dimensions whose worlds are strict: a program does nothing while its machine sleeps. */
const STRICT: readonly Kind[] = ["surplus", "lateness", "buffers"];

/** One simulated world. */
export class World implements TapWorld, ServerWorld, ClockWorld {
  readonly agenda = new Agenda();
  readonly plan: Plan;
  readonly terms: Terms;
  readonly trace: Trace;
  readonly figures = new Figures();
  readonly judges = new Judges(this.figures.cases);
  readonly prng: Prng;
  readonly ledger: Ledger;
  readonly tap: Tap;
  readonly moves: Moves;
  readonly pool: Pool;
  readonly servers: ReadonlyMap<string, Server>;
  readonly contexts: Contexts;
  readonly unsent = new Unsent(this);
  readonly #late: Prng;
  readonly #clock: ClientClock;
  readonly #clients: Clients;
  readonly #acting: Acting;
  readonly #numbers: Numbers = new Numbers(this);
  readonly #doubts: Doubts = new Doubts(this.judges);
  readonly #silences: Silences = new Silences(this.judges);
  readonly #attempts: Attempts = new Attempts(this.judges);
  readonly #memory: Memory = new Memory(this);
  /** The event that is being delivered to listeners. */
  currentEvent: PoolEvent["type"] | undefined = undefined;
  closing = false;
  wallStep = 0;
  /** In a calm world, lateness does not add up. */
  lateAgainAt = 0;
  hasCrossed = false;
  lastSent: Appointment | undefined;
  #closed = false;
  #lane: Lane = LANE.toClient;
  #sender: Link | undefined;
  #isConnecting = false;
  /** What connections send at one moment arrives in their order. Off for older seeds. */
  readonly #tiesByLink: boolean;
  /** The lane of the appointment that is kept. */
  #kept: Lane | undefined = undefined;
  #steps = 0;

  constructor(plan: Plan, readable = false) {
    this.plan = plan;
    this.terms = plan.terms;
    this.prng = new Prng(plan.seed);
    this.#late = new Prng(plan.seed ^ 0x1a7e);
    this.trace = new Trace(() => this.agenda.now, readable);
    this.ledger = new Ledger(this);
    this.servers = new Map(plan.servers.map((server) => [server.hostname, new Server(this, server)]));
    this.moves = new Moves(this);
    const inner = memoryTransport({
      resolve: this.moves.resolve,
      scheduler: { schedule: (delayMs, callback) => this.#carry(delayMs, callback) },
      connect: ({ hostname }) => this.#server(hostname).connect(2 * plan.latencyMs),
      accept: (peer) => this.#server(peer.target.hostname).accept(peer, this.tap.link(peer.id, peer.target)),
    });
    const soon = (act: () => void) => void this.agenda.schedule(LANE.toClient, 0, act);
    const decoded = (bytes: Uint8Array, atOnce: boolean, state: object) =>
      this.#memory.decoded(bytes, atOnce, state);
    this.tap = new Tap(inner, this, {
      decoder: plan.users.kinds.includes("codings") ? decoderOf({ soon, decoded }) : undefined,
      context: plan.users.contexts ? asyncContext : undefined,
    });
    this.agenda.strict = STRICT.some((kind) => plan.users.kinds.includes(kind));
    this.#tiesByLink = plan.users.kinds.includes("holding");
    this.contexts = new Contexts(this, plan.users.contexts);
    this.#clock = new ClientClock(this, plan.users.clockStops);
    const onEvent = (event: PoolEvent) => this.#happened(event);
    this.pool = createPool(
      optionsOf(plan, { transport: this.tap, onEvent, clock: this.#clock, prng: new Prng(plan.seed ^ 1) }),
    );
    this.#clients = new Clients(this);
    this.#acting = new Acting(this, this.#clients);
    if (plan.users.requestTimeoutMs !== Infinity) this.happened("requestTimeout set");
    if (plan.users.hasEntry) this.happened("an entry for an origin");
    if (plan.users.clockStops) this.happened("clock that stands still");
    if (this.readsInBatches) this.happened("sockets read in batches");
  }

  /** Every server keeps to its limits, and the machine was never suspended. */
  get isCalm(): boolean {
    return this.plan.weather === "calm" && !this.#suspended;
  }

  get #suspended(): boolean {
    return this.plan.users.suspendOneIn !== Infinity && this.ledger.wasInterrupted;
  }

  happened(what: Happening): void {
    this.figures.happened(what);
  }

  extrasOf(id: number): Extras | undefined {
    return this.ledger.get(id)?.spec.extras;
  }

  someOrigin(prng: Prng): string {
    return `http://${prng.pick(this.plan.servers)?.hostname}`;
  }

  get clientNow(): number {
    return this.#clock.now();
  }

  get turnMs(): number {
    return this.plan.turnMs;
  }

  get readsInBatches(): boolean {
    return this.plan.users.readsInBatches;
  }

  get seed(): number {
    return this.plan.seed;
  }

  get wasInterrupted(): boolean {
    return this.ledger.wasInterrupted;
  }

  get calmSince(): number {
    return this.ledger.calmSince;
  }

  get suspensions(): number {
    return this.agenda.suspensions;
  }

  /** Runs until nothing more will happen. @throws {Violation} */
  async run(): Promise<void> {
    this.#acting.start();
    this.#clients.start();
    let moment = 0;
    let atOnce = 0;
    for (let next = this.agenda.next(); next !== undefined; next = this.agenda.next()) {
      atOnce = next.at === moment ? atOnce + 1 : 0;
      moment = next.at;
      this.judges.rules("time goes on", atOnce > 0, atOnce > MOST_AT_ONCE, "time stands still");
      const { lane } = next;
      this.#memory.turn();
      this.#clock.reached(lane);
      this.#kept = lane;
      next.keep();
      if (this.readsInBatches && lane === LANE.toClient) tellRestOfBatch(this.agenda);
      this.trace.settle();
      if (lane !== LANE.server && lane !== LANE.toServer) await quiescence();
      this.trace.settle();
      this.#steps += 1;
      if (this.#steps % this.plan.auditEvery === 0) this.#audit();
      if (this.judges.violation !== undefined) break;
    }
    if (this.judges.violation === undefined) this.#end();
    this.contexts.end();
    this.figures.took(this.agenda.now, this.#steps, this.pool.stats());
    const { violation } = this.judges;
    if (violation !== undefined) throw new Violation(`seed ${this.plan.seed}: ${violation}`);
  }

  /** `close()` has resolved. */
  closed(): void {
    this.#closed = true;
    const timers = this.agenda.waiting[LANE.timer] - this.unsent.timers;
    this.judges.rules(
      "no timer is left after close",
      true,
      timers > 0,
      `${timers} timers are left after close`,
    );
  }

  #audit(): void {
    const timers = this.agenda.waiting[LANE.timer] - this.unsent.timers;
    this.judges.rules("one timer", timers > 0, timers > 1, `${timers} timers are set, and a pool has one`);
    const stats = this.pool.stats();
    const { thrown, on } = this.#acting;
    this.judges.blames(
      auditStats(stats, this.tap, this.terms, this.judges, { thrown, act: on }) ?? this.ledger.overdue(),
    );
    const { waiting } = this.ledger;
    this.judges.rules(
      "stats: queued",
      stats.queued > 0,
      stats.queued > waiting,
      () => `${stats.queued} are queued, and ${waiting} requests wait for an answer`,
    );
  }

  #end(): void {
    this.#audit();
    this.#acting.end();
    this.judges.blames(
      this.#numbers.unfinished() ??
        leftOver(this.pool.stats(), this.tap, this.judges) ??
        this.#clients.unfinished() ??
        this.ledger.unsettled() ??
        this.unsent.left(),
    );
  }

  // The network

  #server(hostname: string): Server {
    const server = this.servers.get(hostname);
    if (server === undefined) throw new Error(`There is no ${hostname} in this world`);
    return server;
  }

  #latency(): number {
    const { latencyMs, latencyJitterMs } = this.plan;
    if (latencyJitterMs === 0 || this.#sender === undefined) return latencyMs;
    return grain(latencyMs + this.#sender.latency.next() * latencyJitterMs);
  }

  #carry(delayMs: number, callback: () => void) {
    const ms = this.#isConnecting ? delayMs : this.#latency();
    // Runtimes differ in which of two uploads goes on first at one moment.
    const tie = this.#lane === LANE.toServer && this.#tiesByLink ? this.#sender?.id : undefined;
    this.lastSent = this.agenda.schedule(this.#lane, ms, callback, tie);
    return this.lastSent;
  }

  outward<T>(link: Link, act: () => T): T {
    this.#lane = LANE.toServer;
    this.#sender = link;
    try {
      return act();
    } finally {
      this.#lane = LANE.toClient;
      this.#sender = undefined;
    }
  }

  /** In a calm world, what is late may not be too late for its server. */
  lateWorld(link: Link): LateWorld | undefined {
    const { weather, users } = this.plan;
    const { lateWriteOneIn } = users;
    if (lateWriteOneIn === Infinity) return undefined;
    const longestMs = weather === "calm" ? 1 : 20;
    return {
      agenda: this.agenda,
      unsent: this.unsent,
      tellsHeld: true,
      lateMs: () => (this.#late.oneIn(lateWriteOneIn) ? this.#late.among(0.25, 1, longestMs) : 0),
      outward: (act) => this.outward(link, act),
      happened: (what) => this.injected(what),
    };
  }

  inward(link: Link, act: () => void): void {
    this.#sender = link;
    act();
    this.#sender = undefined;
  }

  connecting<T>(act: () => T): T {
    this.#isConnecting = true;
    try {
      return act();
    } finally {
      this.#isConnecting = false;
    }
  }

  // The client's machine

  timerSet(): void {
    this.judges.rules(
      "no timer is set after close",
      this.closing,
      this.#closed,
      "a timer was set after the pool was closed",
    );
  }

  timerRings(): void {
    this.trace.note("timer");
  }

  /** The end of a connection is being delivered that was idle during a suspension: its idle time is unknown. */
  teachesNothing = false;

  stepWall(ms: number): void {
    this.wallStep += ms;
    // A wall clock that is set back by the time of a suspension hides that suspension.
    if (ms < -1000) for (const link of this.tap.links.values()) link.suspensions = this.suspensions;
  }

  pause(ms: number, tie: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, tie, resolve));
  }

  later(ms: number, tie: number, act: () => void): void {
    this.agenda.schedule(LANE.client, ms, act, tie);
  }

  #happened(event: PoolEvent): void {
    this.figures.event(event);
    this.#record(event);
    const request = this.#numbers.happened(event);
    if (event.type === "request.started") this.#attempts.began();
    if (event.type === "request.finished" || event.type === "request.failed") this.#attempts.ended();
    this.judges.blames(this.#doubts.problem(event, request?.spec.keyed));
    this.currentEvent = event.type;
    try {
      this.#acting.happened(event, request);
    } finally {
      this.currentEvent = undefined;
    }
  }

  #record(event: PoolEvent): void {
    if (event.type === "limit.learned") {
      this.judges.rules(
        "a suspension teaches nothing",
        false,
        this.teachesNothing,
        "a limit was learned from a connection that was closed while the machine was suspended",
      );
      const facts = this.tap.factsOf(event.origin);
      facts.learnedMs = event.idleMs;
      const teaches = this.plan.silence === "slow" && event.idleMs < Infinity;
      this.judges.rules(
        "slowness teaches nothing",
        false,
        teaches,
        () => `a limit of ${event.idleMs} ms was learned of ${event.origin}, which is only slow`,
      );
      this.#judgeLearnedLimit(hostnameOf(event.origin), event.idleMs);
      this.trace.note("learned", Math.min(event.idleMs, 1e9));
    } else if (event.type === "connection.retired") {
      this.trace.note("retired", event.connection, event.requests, event.reason);
      const isSlow = event.reason === "no-answer" && this.plan.silence === "slow";
      this.judges.rules("slowness teaches nothing", isSlow, false, "");
      if (event.reason === "replaced") this.happened("replaced before its end");
      if (event.reason === "no-answer" && this.plan.silence === "forgets") this.#found(event.origin);
    } else if (event.type === "request.retried") {
      this.trace.note("retried", event.request, event.resendCount, event.reason);
    }
  }

  #found(origin: string): void {
    const finds = this.#silences.found(origin, this.clientNow);
    this.injected(
      finds < 3 ? "dead connection found" : "dead connection found, the third or later of an origin",
    );
  }

  swallowed(link: Link): void {
    const problem = this.#silences.met(link.originFacts.key, link.request, this.clientNow);
    if (this.plan.silence === "forgets") this.judges.blames(problem);
  }

  tries(origin: string): void {
    // What a request opens for itself it opens in its call.
    if (this.#kept !== LANE.timer) return;
    const problem = this.#attempts.tried(origin, this.clientNow);
    // What keeps connections ready tries as well.
    if (this.plan.users.minIdle === 0) this.judges.blames(problem);
  }

  heard(origin: string): void {
    this.#attempts.heard(origin, this.clientNow);
  }

  /** The program opens connections of its own. */
  preconnects(count: number): void {
    this.#attempts.mayConnect(count);
  }

  /** If every server keeps to its limits, no learned limit may be shorter than the server's by more than the margin of the rules. */
  #judgeLearnedLimit(hostname: string, idleMs: number): void {
    const server = this.servers.get(hostname);
    if (server === undefined || this.plan.weather !== "calm" || !this.#suspended) return;
    const keepsMs = Math.min(server.habit.idleMs, server.plan.firstRequestMs);
    const marginMs = Math.max(keepsMs * 0.1, 4 * (this.plan.latencyMs + this.plan.latencyJitterMs) + 10);
    this.judges.rules(
      "learned limits are true",
      true,
      idleMs < keepsMs - marginMs,
      () => `a limit of ${idleMs} ms was learned of ${hostname}, which keeps connections for ${keepsMs} ms`,
    );
  }

  // Reports from callers

  /** Runs the synchronous part of a call. */
  calling<T>(record: RequestRecord, act: () => T): T {
    if (this.#clock.behindMs >= 1) this.happened("request made while the clock stood still");
    this.#silences.began(keyOf(record.spec.hostname, false), record.spec.id);
    return this.#numbers.calling(record, act);
  }

  aborts(record: RequestRecord): void {
    this.trace.note("aborts", record.spec.id, record.aborted === "body" ? 1 : 0);
    if (record.aborted === "body") return this.ledger.left(record);
    const { link, spec, uploading } = record;
    if (spec.extras.leaveAfterMs === undefined) return;
    if (link === undefined) return this.happened("left while it waited for a connection");
    const { upload } = spec;
    const unsent = uploading || (upload?.kind === "bytes" && link.bodyWritten < upload.length);
    this.happened(unsent ? "left while uploading" : "left while the head was awaited");
  }

  // Reports from the tap and the servers

  arrived(link: Link, id: number, length: number): void {
    this.#memory.arrived(link, this.ledger.get(id), length);
  }

  endDelivered(link: Link): void {
    if (link.suspensions !== this.suspensions && !this.isCalm)
      this.happened("end of a connection found after a suspension");
  }

  wroteBody(link: Link): void {
    const record = this.ledger.get(link.request);
    if (record !== undefined) record.continuesAt = undefined;
  }

  wrote(link: Link, method: string, id: number, hop: number): void {
    const { isCalm, judges } = this;
    const { serverLeft, requests } = link;
    const on = `request ${id} was written on connection ${link.id}`;
    judges.rules(
      "limits of servers that say them",
      isCalm && requests > 1,
      isCalm && serverLeft,
      `${on}, which its server had closed by its own rules`,
    );
    // The end is in the client's kernel: one turn of the event loop would have shown it. Bytes that were sent last
    // arrive last, whichever appointment delivers them.
    const endsAt = Math.max(link.leaving?.at ?? Infinity, link.arrivesAt);
    const { comesTo, now } = this.agenda;
    const isUnsafe = method === "POST" && requests > 1 && !this.ledger.isKeyed(id);
    judges.rules(
      "POST right after a block",
      comesTo && isUnsafe,
      comesTo && isUnsafe && endsAt <= now,
      `${on} after a block, although it had ended`,
    );
    judges.blames(this.moves.wrote(link)?.about(`${on}: `));
    this.ledger.wrote(link, method, id, hop);
    const record = this.ledger.get(id);
    if (record === undefined) return;
    record.arrived = 0;
    record.largest = 0;
    this.#numbers.wrote(record);
    const { expectsContinue, upload } = record.spec;
    // A redirect may have changed the method to GET.
    const waits = expectsContinue && method !== "GET" && upload?.kind === "bytes" && upload.length > 0;
    record.continuesAt = waits ? this.clientNow : undefined;
  }

  get holdOneIn(): number {
    return this.plan.users.holdOneIn;
  }

  unwrote(link: Link): void {
    this.ledger.unwrote(link);
  }

  crossed(link: Link): void {
    link.crossed = true;
    this.hasCrossed = true;
    this.figures.inject("unsolicited bytes during a request");
    this.ledger.crossed(link);
  }

  isCrossed(id: number): boolean {
    return this.ledger.isCrossed(id);
  }

  executes(request: SeenRequest): void {
    this.ledger.executes(request);
  }

  promises(request: SeenRequest, { status, length, framing, run }: Promised): void {
    this.ledger.promises(request, { status, length, framing, run });
  }

  excuses(id: number, excuse: "malformed" | "slow"): void {
    this.ledger.excuses(id, excuse);
  }

  injected(fault: string): void {
    this.figures.inject(fault);
  }

  redirect(request: SeenRequest): string | undefined {
    const { redirectOneIn } = this.plan;
    if (request.hop >= 3 || redirectOneIn === Infinity || !this.prng.oneIn(redirectOneIn)) return undefined;
    const { hostname } = this.prng.pick(this.plan.servers) ?? {};
    return `http://${hostname}/r/${request.id}/${request.hop + 1}`;
  }
}
