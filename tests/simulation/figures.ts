/** Figures: counts of what was simulated, which can be added up over worlds. */

import type { PoolEvent, PoolStats } from "../../mod.ts";
import type { Happening } from "./dimensions.ts";
import { addCases, type Cases } from "./judges.ts";

/** Sums over any number of worlds. */
export class Figures {
  requests = 0;
  worlds = 0;
  steps = 0;
  virtualMs = 0;
  opened = 0;
  reused = 0;
  retries = 0;
  readonly outcomes: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  readonly retired: Record<string, number> = {};
  /** How often each happening of a dimension occurred. */
  readonly happenings: Record<string, number> = {};
  /** How often each judge had something to decide. */
  readonly cases: Cases = {};
  /** Requests that began, minus those that finished or failed. */
  running = 0;

  inject(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  happened(what: Happening): void {
    this.happenings[what] = (this.happenings[what] ?? 0) + 1;
  }

  settled(outcome: string): void {
    this.requests += 1;
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }

  event({ type }: PoolEvent): void {
    if (type === "request.started") this.running += 1;
    else if (type === "request.finished" || type === "request.failed") this.running -= 1;
  }

  /** A world ended. */
  took(virtualMs: number, steps: number, stats: PoolStats): void {
    this.worlds += 1;
    this.virtualMs += virtualMs;
    this.steps += steps;
    this.opened += stats.opened;
    this.reused += stats.reused;
    this.retries += stats.retries;
    addAll(this.retired, stats.retired);
  }

  /** Adds other figures. They may come from another process and be plain data. */
  add(other: Omit<Figures, "add">): void {
    this.requests += other.requests;
    this.worlds += other.worlds;
    this.steps += other.steps;
    this.virtualMs += other.virtualMs;
    this.opened += other.opened;
    this.reused += other.reused;
    this.retries += other.retries;
    addAll(this.outcomes, other.outcomes);
    addAll(this.faults, other.faults);
    addAll(this.retired, other.retired);
    addAll(this.happenings, other.happenings);
    addCases(this.cases, other.cases);
  }
}

function addAll(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}
