/** Virtual clock: simulates hours in seconds. Time stands still while promises can settle without it. */

import type { Clock, Timer } from "../contract/clock.ts";

interface Entry {
  readonly at: number;
  /** Timers of the same time fire in the order in which they were set. */
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** Enough microtasks for every promise chain between two timers to settle. */
const MICROTASKS = 40;

/** Time that jumps from one timer to the next. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback, cancelled: false };
    this.#push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  turn(callback: () => void): void {
    this.schedule(0, callback);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(ms, resolve));
  }

  /** Lets time pass until `work` is done. */
  async run(work: Promise<unknown>): Promise<void> {
    let done = false;
    const finish = (): void => {
      done = true;
    };
    work.then(finish, finish);
    await rest();
    while (!done) {
      const entry = this.#pop();
      if (entry === undefined) throw new Error("Nothing is left that could happen, and the work is not done");
      if (entry.cancelled) continue;
      this.#now = entry.at;
      entry.callback();
      await rest();
    }
    await work;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent] as Entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

async function rest(): Promise<void> {
  for (let count = 0; count < MICROTASKS; count++) await undefined;
}
