/** Server: one simulated origin. It has habits, changes them, and fails as often as its plan says. */

import type { MemoryOutcome, MemoryPeer } from "../../transports/memory.ts";
import { Prng } from "../support/prng.ts";
import type { Agenda, Appointment } from "./agenda.ts";
import type { Extras, Happening } from "./dimensions.ts";
import type { Habit } from "./habits.ts";
import type { Judges } from "./judges.ts";
import type { Link } from "./link.ts";
import type { Promised } from "./record.ts";
import type { SeenRequest } from "./request-reader.ts";
import type { Fault, Spreading } from "./script.ts";
import { ServerConnection } from "./server-connection.ts";
import type { Slowness } from "./slowness.ts";
import type { Trace } from "./trace.ts";

/** What a server needs from its world. */
export interface ServerWorld {
  readonly agenda: Agenda;
  readonly trace: Trace;
  /** Whether unsolicited bytes arrived during the request. */
  isCrossed(id: number): boolean;
  /** A request is executed. */
  executes(request: SeenRequest): void;
  /** What the server will answer, for comparison with what the client gets. */
  promises(request: SeenRequest, promised: Promised): void;
  /** The server gives the client a cause to fail. */
  excuses(id: number, excuse: "malformed" | "slow"): void;
  injected(fault: string): void;
  /** Bytes came on a connection that a box in between has forgotten. */
  swallowed(link: Link): void;
  happened(what: Happening): void;
  /** What is special about a request. */
  extrasOf(id: number): Extras | undefined;
  /** Where to redirect this request to, if anywhere. */
  redirect(request: SeenRequest): string | undefined;
  /** Runs `act`. What it sends goes to the client. */
  inward(link: Link, act: () => void): void;
  /** The delivery of the bytes that were sent last. */
  readonly lastSent: Appointment | undefined;
  readonly judges: Judges;
}

/** When nothing gets through, in ms. */
export interface Outages {
  /** From the end of one to the begin of the next. */
  readonly everyMs: number;
  readonly forMs: number;
}

/** The properties of a server. */
export interface ServerPlan {
  readonly seed: number;
  readonly hostname: string;
  readonly habit: Habit;
  /** How long it waits for the first request of a connection. */
  readonly firstRequestMs: number;
  /** It is slow for everybody. */
  readonly slow?: Slowness;
  /** Now and then nothing gets through to it or from it. What is sent meanwhile is lost, and its connection with it. */
  readonly outages?: Outages;
  /** The share of requests that go wrong, in [0, 1]. */
  readonly faultRate: number;
  /** The share of connect attempts that fail. */
  readonly connectFaultRate: number;
  readonly spreading: Spreading;
  /** The longest time until it answers a request. */
  readonly serviceMs: number;
  readonly largeOneIn: number;
  /** If set, only these faults occur; for regressions. */
  readonly faults?: readonly Fault[];
}

/** One origin. */
export class Server {
  readonly world: ServerWorld;
  readonly plan: ServerPlan;
  readonly prng: Prng;
  readonly connections: Set<ServerConnection> = new Set();
  habit: Habit;

  constructor(world: ServerWorld, plan: ServerPlan) {
    this.world = world;
    this.plan = plan;
    this.prng = new Prng(plan.seed);
    this.habit = { ...plan.habit };
  }

  accept(peer: MemoryPeer, link: Link): void {
    this.connections.add(new ServerConnection(this, peer, link));
  }

  /** Nothing gets through. */
  get isOut(): boolean {
    const { outages } = this.plan;
    if (outages === undefined) return false;
    return this.world.agenda.now % (outages.everyMs + outages.forMs) >= outages.everyMs;
  }

  /** How a connect attempt ends. */
  connect(latencyMs: number): { readonly outcome: MemoryOutcome; readonly delayMs: number } {
    const { prng, plan } = this;
    if (this.isOut) return { outcome: "never", delayMs: 0 };
    if (plan.connectFaultRate === 0 || prng.next() >= plan.connectFaultRate)
      return { outcome: "accept", delayMs: latencyMs };
    const outcome = prng.among<MemoryOutcome>("refused", "unreachable", "never", "reset", "accept");
    this.world.injected(`connect: ${outcome === "accept" ? "slow" : outcome}`);
    return { outcome, delayMs: latencyMs + prng.among(0, 0, 3000) };
  }

  /** Ends all its connections at one moment. */
  restart(): void {
    this.world.injected("restart");
    for (const connection of [...this.connections]) connection.leave(this.prng.oneIn(3) ? "rst" : "fin");
  }

  /** From now on, idle connections have another limit. */
  changeLimit(idleMs: number): void {
    this.world.injected("limit changed");
    this.habit.idleMs = idleMs;
  }
}
