/** Server: one simulated origin. It has habits, changes them, and goes wrong as often as its seed says. */

import type { MemoryOutcome, MemoryPeer } from "../../transports/memory.ts";
import { Prng } from "../support/prng.ts";
import type { Agenda, Appointment } from "./agenda.ts";
import type { Extras, Happening } from "./dimensions.ts";
import type { Habit } from "./habits.ts";
import type { Link } from "./link.ts";
import type { Promised } from "./record.ts";
import type { SeenRequest } from "./request-reader.ts";
import type { Fault, Spreading } from "./script.ts";
import { ServerConnection } from "./server-connection.ts";
import type { Trace } from "./trace.ts";

/** What a server needs of its world. */
export interface ServerWorld {
  readonly agenda: Agenda;
  readonly trace: Trace;
  /** Whether the request met bytes that nobody had asked for. */
  isCrossed(id: number): boolean;
  /** A request is executed. */
  executes(request: SeenRequest): void;
  /** What will be answered, so that what the client gets can be compared. */
  promises(request: SeenRequest, promised: Promised): void;
  /** The server gives the client cause to fail. */
  excuses(id: number, excuse: "malformed" | "slow"): void;
  injected(fault: string): void;
  happened(what: Happening): void;
  /** What is particular about a request. */
  extrasOf(id: number): Extras | undefined;
  /** Where to send a redirect for this request, if anywhere. */
  redirect(request: SeenRequest): string | undefined;
  /** Runs `act`, in which what is sent goes to the client. */
  inward(link: Link, act: () => void): void;
  /** The delivery of what was sent last. */
  readonly lastSent: Appointment | undefined;
  fail(what: string): void;
}

/** How a server is. */
export interface ServerPlan {
  readonly seed: number;
  readonly hostname: string;
  readonly habit: Habit;
  /** How long it waits for the first request of a connection. */
  readonly firstRequestMs: number;
  /** Share of requests that go wrong, in [0, 1]. */
  readonly faultRate: number;
  /** Share of dials that fail. */
  readonly dialFaultRate: number;
  readonly spreading: Spreading;
  /** Longest time to think about a request. */
  readonly serviceMs: number;
  readonly largeOneIn: number;
  /** Only some of the faults, for a regression. */
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

  /** How an attempt to connect ends. */
  dial(latencyMs: number): { readonly outcome: MemoryOutcome; readonly delayMs: number } {
    const { prng, plan } = this;
    if (plan.dialFaultRate === 0 || prng.next() >= plan.dialFaultRate)
      return { outcome: "accept", delayMs: latencyMs };
    const outcome = prng.among<MemoryOutcome>("refused", "unreachable", "never", "reset", "accept");
    this.world.injected(`dial: ${outcome === "accept" ? "slow" : outcome}`);
    return { outcome, delayMs: latencyMs + prng.among(0, 0, 3000) };
  }

  /** All its connections end at one moment. */
  restart(): void {
    this.world.injected("restart");
    for (const connection of [...this.connections]) connection.leave(this.prng.oneIn(3) ? "rst" : "fin");
  }

  /** It keeps idle connections for another time from now on. */
  changeLimit(idleMs: number): void {
    this.world.injected("limit changed");
    this.habit.idleMs = idleMs;
  }
}
