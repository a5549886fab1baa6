/** Moves: names that change their address, and what the pool must have done about it when a request is written. */

import { Prng } from "../support/prng.ts";
import { type Agenda, LANE } from "./agenda.ts";
import type { Finding, Judges } from "./judges.ts";
import type { Link } from "./link.ts";
import { hostnameOf } from "./origin-facts.ts";
import type { Plan } from "./plan.ts";
import type { Trace } from "./trace.ts";

/** What moves need from their world. */
export interface MovingWorld {
  readonly agenda: Agenda;
  readonly plan: Plan;
  readonly trace: Trace;
  readonly clientNow: number;
  readonly wasInterrupted: boolean;
  readonly judges: Judges;
  injected(fault: string): void;
}

/** A timer counts whole milliseconds, and fires in the following one. */
const LATE_MS = 2;

/** The addresses of one world's names. Old addresses go on answering, so only the pool's lookups reveal a move. */
export class Moves {
  readonly #world: MovingWorld;
  /** How often each name has moved, and when it last did, by the client's clock. */
  readonly #moved: Map<string, { readonly times: number; readonly at: number }> = new Map();

  constructor(world: MovingWorld) {
    const { plan, agenda } = world;
    this.#world = world;
    if (plan.dnsRefreshMs === Infinity) return;
    const prng = new Prng(plan.seed ^ 0xadd7);
    for (let move = 0; move < plan.moves; move++) {
      const { hostname } = plan.servers[prng.below(plan.servers.length)] ?? { hostname: "" };
      agenda.schedule(LANE.server, prng.below(plan.moveMs * plan.moves), () => this.#move(hostname));
    }
  }

  /** The transport's resolver; `undefined` where the pool does not look up names. */
  get resolve(): ((hostname: string) => readonly string[]) | undefined {
    if (this.#world.plan.dnsRefreshMs === Infinity) return undefined;
    return (hostname) => [this.#addressOf(hostname)];
  }

  /** What is wrong with a request that is written on `link` now. */
  wrote(link: Link): Finding | undefined {
    const { plan, clientNow, wasInterrupted, judges } = this.#world;
    const hostname = hostnameOf(link.originFacts.key);
    const moved = this.#moved.get(hostname);
    if (wasInterrupted || moved === undefined || link.address === this.#addressOf(hostname)) return undefined;
    const knownMs = clientNow - Math.max(moved.at, link.openedAt);
    return judges.finds(
      "address that moved",
      knownMs > 0,
      knownMs > plan.dnsRefreshMs + plan.connectTimeoutMs + LATE_MS,
      `${hostname} has not had the address ${link.address} for ${knownMs} ms`,
    );
  }

  #addressOf(hostname: string): string {
    const name = this.#world.plan.servers.findIndex((server) => server.hostname === hostname);
    return `10.0.${name}.${this.#moved.get(hostname)?.times ?? 0}`;
  }

  #move(hostname: string): void {
    const times = (this.#moved.get(hostname)?.times ?? 0) + 1;
    this.#moved.set(hostname, { times, at: this.#world.agenda.clientNow });
    this.#world.trace.note("moves", times, 0, hostname);
    this.#world.injected("address changes");
  }
}
