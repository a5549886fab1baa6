/**
 * Checked clock: wraps a user's clock so that its failures are only reported. If it gives an invalid time, the last valid
 * one is used. A timer that could not be set never fires. A turn of the event loop that failed ends immediately.
 */

import type { Clock, StoppingClock, Timer } from "../contract/clock.ts";
import { type FunctionFault, returnFault, thrownFault } from "../contract/user-functions.ts";

const NO_TIMER: Timer = { cancel() {} };

/** A user's clock that never throws. */
export class CheckedClock implements Clock {
  /** Called for each failure. */
  failed: (fault: FunctionFault) => void = () => {};
  readonly #clock: Clock;
  #now = 0;
  #wall = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    this.#now = this.#time("now", this.#now);
    return this.#now;
  }

  wall(): number {
    this.#wall = this.#time("wall", this.#wall);
    return this.#wall;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    let timer: Timer | undefined;
    this.#try("schedule", () => {
      timer = this.#clock.schedule(delayMs, callback);
      if (typeof timer?.cancel === "function") return;
      const fault = returnFault("clock.schedule", "a timer with a cancel()", timer);
      timer = undefined;
      this.failed(fault);
    });
    const set = timer;
    return set === undefined
      ? NO_TIMER
      : { cancel: () => this.#try("schedule's cancel", () => set.cancel()) };
  }

  turn(callback: () => void, unblocked?: boolean): void {
    let over = false;
    const once = (): void => {
      if (!over) callback();
      over = true;
    };
    // The callback must run in any case: a request may be waiting for it.
    if (!this.#try("turn", () => this.#clock.turn(once, unblocked))) queueMicrotask(once);
  }

  get stops(): StoppingClock {
    const { stops } = this.#clock;
    return stops === "briefly" || stops === true ? stops : false;
  }

  ref(active: boolean): void {
    this.#try("ref", () => this.#clock.ref?.(active));
  }

  #time(name: "now" | "wall", last: number): number {
    let value: unknown;
    if (!this.#try(name, () => (value = this.#clock[name]()))) return last;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    this.failed(returnFault(`clock.${name}`, "a finite number", value));
    return last;
  }

  /** Whether the call did not throw. */
  #try(name: string, call: () => void): boolean {
    try {
      call();
      return true;
    } catch (cause) {
      this.failed(thrownFault(`clock.${name}`, cause));
      return false;
    }
  }
}

/** Wraps a user's clock. Our own clock, `own`, and a clock that is already wrapped are returned as they are. */
export function checkedClock(clock: Clock, own: Clock): Clock {
  return clock === own || clock instanceof CheckedClock ? clock : new CheckedClock(clock);
}
