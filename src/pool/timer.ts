/**
 * Pool timer: the one timer of a pool. Whatever has a deadline is looked at when the timer rings; nothing sets a
 * timer of its own, because on Deno 2.9 a timer per request costs a third of the throughput.
 */

import type { Clock, Timer } from "../contract/clock.ts";
import type { FunctionFault } from "../contract/user-functions.ts";
import { CheckedClock } from "../options/checked-clock.ts";

/**
 * A ring this late means that the event loop was blocked, and what the deadlines wait for may be in the kernel
 * already. An idle loop on a loaded machine is late by a few ms.
 */
const LATE_MS = 50;

/** Something with a deadline. */
export interface Timed {
  /** When it is due, as things stand; `Infinity` for never. Asked again each time the timer rings. */
  dueAt(): number;
  /** It is due. */
  due(now: number): void;
  /** The clock failed, so that it may never be due. */
  cut?(fault: FunctionFault): void;
  /** Its place in the timer's list, while it is watched. Kept by the timer. */
  timerSlot?: number | undefined;
}

/** Rings no later than the earliest time it was set to. */
export class PoolTimer {
  readonly #clock: Clock;
  readonly #ring: (now: number) => void;
  /**
   * In no order, so that adding and dropping cost little. Not a `Set`: V8 replaces the table of one that changes all
   * the time by a new one, each leading to the next, and what they hold survives the young generation (35 % of the
   * time of `request()` on Node 24 was spent on that).
   */
  readonly #timed: Timed[] = [];
  #timer: Timer | undefined;
  #ringsAt = Infinity;
  #stopped = false;
  #fault: FunctionFault | undefined = undefined;
  /** It rang late, and lets the event loop come round. */
  #late = false;

  constructor(clock: Clock, ring: (now: number) => void) {
    if (clock instanceof CheckedClock) clock.failed = (fault) => this.#failed(fault);
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Whether it ought to have rung a while ago: the event loop is behind, and with it all that sockets tell. */
  get isLate(): boolean {
    return this.#late || this.#clock.now() - this.#ringsAt > LATE_MS;
  }

  /** Makes sure it rings by `at`. Costs nothing when it rings earlier anyway. */
  ringBy(at: number): void {
    if (this.#stopped || at >= this.#ringsAt) return;
    this.#timer?.cancel();
    this.#ringsAt = at;
    const timer = this.#clock.schedule(at - this.#clock.now(), () => this.#rang());
    // In its call a user's clock may have had this set anew, or the pool closed.
    if (this.#stopped || this.#ringsAt !== at) timer.cancel();
    else this.#timer = timer;
  }

  /** Looks at `timed` until it is dropped. Its deadline may move later unsaid; one that moves earlier needs {@linkcode ringBy}. */
  watch(timed: Timed): void {
    timed.timerSlot = this.#timed.push(timed) - 1;
    this.ringBy(timed.dueAt());
  }

  drop(timed: Timed): void {
    const { timerSlot } = timed;
    if (timerSlot === undefined) return;
    timed.timerSlot = undefined;
    const last = this.#timed.pop();
    if (last === undefined || last === timed) return;
    this.#timed[timerSlot] = last;
    last.timerSlot = timerSlot;
  }

  /** What went wrong with a user's clock, until those were ended who rely on it. */
  get fault(): FunctionFault | undefined {
    return this.#fault;
  }

  /** Not within the step in which it failed. */
  #failed(fault: FunctionFault): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    queueMicrotask(() => this.#cut(fault));
  }

  /** Whoever relies on the clock learns that it failed. Of a copy, as one may have others dropped. */
  #cut(fault: FunctionFault): void {
    this.#fault = undefined;
    // Perhaps it never was set.
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ringsAt = Infinity;
    for (const timed of [...this.#timed]) if (timed.timerSlot !== undefined) timed.cut?.(fault);
  }

  /** Never rings again, whatever it is set to: who asks a closed pool for something must not leave a timer behind. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stopped = true;
  }

  /** After a blocked loop the timers come first: the sockets are looked at before anything is given up as late. */
  #rang(): void {
    const lateMs = this.#clock.now() - this.#ringsAt;
    this.#timer = undefined;
    if (lateMs <= LATE_MS) return this.#checkDue();
    this.#ringsAt = this.#clock.now();
    this.#late = true;
    this.#clock.turn(() => {
      this.#late = false;
      if (!this.#stopped) this.#checkDue();
    });
  }

  #checkDue(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ringsAt = Infinity;
    const now = this.#clock.now();
    for (const timed of [...this.#timed]) {
      // One that is due may have others dropped.
      if (timed.timerSlot !== undefined && timed.dueAt() <= now) timed.due(now);
    }
    this.#ring(now);
    let next = Infinity;
    for (const timed of this.#timed) next = Math.min(next, timed.dueAt());
    this.ringBy(next);
  }
}
