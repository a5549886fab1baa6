/**
 * Pool timer: the one timer of a pool. When it rings, everything that has a deadline is checked. A timer per request
 * would cost a third of the throughput on Deno 2.9.
 */

import type { Clock, Timer } from "../contract/clock.ts";
import type { FunctionFault } from "../contract/user-functions.ts";
import { CheckedClock } from "../options/checked-clock.ts";

/**
 * A ring this late means that the event loop was blocked, and that what a deadline waits for may be in the kernel
 * already. On a loaded machine an idle loop is a few ms late.
 */
const LATE_MS = 50;

/** Something with a deadline. */
export interface Timed {
  /** When it is due, as things stand now; `Infinity` for never. Asked each time the timer rings. */
  dueAt(): number;
  /** Called when it is due. */
  due(now: number): void;
  /** Called when the user's clock failed: it may never be due. */
  cut?(fault: FunctionFault): void;
  /** Its index in the timer's list, while it is watched. Kept by the timer. */
  timerSlot?: number | undefined;
}

/** Rings no later than the earliest time that it was set to. */
export class PoolTimer {
  readonly #clock: Clock;
  readonly #ring: (now: number) => void;
  /**
   * In no order, so that adding and dropping cost little. Not a `Set`: V8 replaces the table of a `Set` that changes all
   * the time. The old tables refer to the new ones, so that everything in them survives the young generation. That took
   * 35 % of the time of `request()` on Node 24.
   */
  readonly #timed: Timed[] = [];
  #timer: Timer | undefined;
  #ringsAt = Infinity;
  #stopped = false;
  #fault: FunctionFault | undefined = undefined;
  /** It rang late, and waits for a turn of the event loop. */
  #late = false;

  constructor(clock: Clock, ring: (now: number) => void) {
    if (clock instanceof CheckedClock) clock.failed = (fault) => this.#failed(fault);
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Whether it should have rung a while ago: the event loop is behind, and so are the events of sockets. */
  get isLate(): boolean {
    return this.#late || this.#clock.now() - this.#ringsAt > LATE_MS;
  }

  /** Makes sure that it rings by `at`. Costs nothing if it rings earlier anyway. */
  ringBy(at: number): void {
    if (this.#stopped || at >= this.#ringsAt) return;
    this.#timer?.cancel();
    this.#ringsAt = at;
    const timer = this.#clock.schedule(at - this.#clock.now(), () => this.#rang());
    // `clock.schedule` may be the user's, and may have set this timer again or closed the pool.
    if (this.#stopped || this.#ringsAt !== at) timer.cancel();
    else this.#timer = timer;
  }

  /** Watches `timed` until it is dropped. A deadline may move later at any time; one that moves earlier needs {@linkcode ringBy}. */
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

  /** The failure of the user's clock, until everything that is watched was told. */
  get fault(): FunctionFault | undefined {
    return this.#fault;
  }

  /** The users of the clock are told later, not within the step in which it failed. */
  #failed(fault: FunctionFault): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    queueMicrotask(() => this.#cut(fault));
  }

  /** Tells everything that is watched. Walks a copy: one may drop others. */
  #cut(fault: FunctionFault): void {
    this.#fault = undefined;
    // The failed clock may never have set it.
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ringsAt = Infinity;
    for (const timed of [...this.#timed]) if (timed.timerSlot !== undefined) timed.cut?.(fault);
  }

  /** Never rings again, even if it is set: a call of a closed pool must not leave a timer behind. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stopped = true;
  }

  /** A blocked loop runs its timers first. The events of sockets are handled before anything is ended as late. */
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
      // One that is due may drop others.
      if (timed.timerSlot !== undefined && timed.dueAt() <= now) timed.due(now);
    }
    this.#ring(now);
    let next = Infinity;
    for (const timed of this.#timed) next = Math.min(next, timed.dueAt());
    this.ringBy(next);
  }
}
