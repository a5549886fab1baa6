/** Movable clock: a clock that tests move by hand. Nothing happens between two calls, so times can be asserted exactly. */

import type { Clock, Timer } from "../contract/clock.ts";

interface Due {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** If more timers than this fire at one moment, they form a loop. */
const MAX_AT_ONCE = 1000;

/** Time that stands still until it is moved. */
export class MovableClock implements Clock {
  #now = 1000;
  #wallAhead = 1_700_000_000_000;
  #order = 0;
  #timers: Due[] = [];
  #turns: (() => void)[] = [];
  /** The largest number of timers that were set at once. */
  mostTimers = 0;
  /**
   * `true`: turns of the event loop happen only by {@linkcode endTurn}. Otherwise one happens when all promises
   * have settled.
   */
  manualTurns = false;

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now + this.#wallAhead;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.length;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    this.#order += 1;
    const due = { at: this.#now + Math.max(0, delayMs), order: this.#order, callback };
    this.#timers.push(due);
    this.#timers.sort((a, b) => a.at - b.at || a.order - b.order);
    this.mostTimers = Math.max(this.mostTimers, this.#timers.length);
    const cancel = () => {
      this.#timers = this.#timers.filter((other) => other !== due);
    };
    return { cancel };
  }

  turn(callback: () => void): void {
    this.#turns.push(callback);
    if (!this.manualTurns) void settled().then(() => this.endTurn());
  }

  /** Ends one turn of the event loop. */
  endTurn(): void {
    const waiting = this.#turns;
    this.#turns = [];
    for (const callback of waiting) callback();
  }

  /** Moves the time forward. Timers that become due fire in order, and promises settle after each one. */
  async advance(ms: number): Promise<void> {
    await settled();
    const end = this.#now + ms;
    let atOnce = 0;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) {
      atOnce = due.at > this.#now ? 0 : atOnce + 1;
      if (atOnce > MAX_AT_ONCE) throw new Error(`A timer at ${this.#now} is set again and again`);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** Blocks the event loop: time passes, but no timer fires and no socket is read. */
  block(ms: number): void {
    this.#now += ms;
  }

  /** Suspends the machine: only the wall clock goes on. */
  sleepMachine(ms: number): void {
    this.#wallAhead += ms;
  }

  #due(end: number): Due | undefined {
    const [first] = this.#timers;
    if (first === undefined || first.at > end) return undefined;
    this.#timers.shift();
    return first;
  }
}

/** Resolves when every promise that can settle by itself has settled. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 100; round++) await undefined;
}
