/**
 * Clock: the only file of `src/` that may touch time. Rules and core get times as arguments;
 * the pool's shell gets them, and its one timer, from here. Tests pass a clock they move by hand.
 */

/** A timer that was set; `cancel` may be called at any time, also after it fired. */
export interface Timer {
  cancel(): void;
}

/** Time as the pool's shell sees it. */
export interface Clock {
  /** Milliseconds that never go back and do not count a suspended machine on most systems. */
  now(): number;
  /** Wall-clock milliseconds: a jump against {@linkcode now} means the machine slept. */
  wall(): number;
  /** Calls back once after `delayMs`. Such a timer never keeps the process alive. */
  schedule(delayMs: number, callback: () => void): Timer;
  /**
   * Calls back after the event loop has looked at every socket once, and keeps the process alive until then.
   *
   * After a blocked loop, a FIN that the kernel holds shows only after such a turn: not after a microtask, nor
   * after a single `setImmediate` (measured on Node 24, Deno 2.9 and Bun 1.4). `unblocked`: it is known not to have
   * been blocked of late, which may make the turn a shorter one.
   */
  turn(callback: () => void, unblocked?: boolean): void;
  /**
   * Whether all that one look at the sockets finds is told before anything that was told of it goes on, as on Deno:
   * then two events in quick succession say that the event loop came round meanwhile. @default false
   */
  readonly reportsInBatches?: boolean;
  /**
   * Keeps the process alive from `hold(true)` to `hold(false)`: somebody waits for what a socket that is paused, or a timer
   * of this clock, will end. Each pool calls in turn, so pairs overlap. A clock without it holds nothing.
   */
  ref?(held: boolean): void;
}

/** Longest delay a timer may have (2^31 - 1 ms); beyond it every runtime fires at once. */
const MAX_DELAY_MS = 2_147_483_647;

interface Refable {
  ref?(): void;
  unref?(): void;
}

/** Found once: on Node 24 the global is a getter. */
const { performance } = globalThis;

/** The clock of the runtime. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(0, Math.ceil(delayMs)), MAX_DELAY_MS));
    unref(handle);
    return { cancel: () => clearTimeout(handle) };
  },
  turn: "Deno" in globalThis || typeof setImmediate !== "function" ? timerTurn : immediateTurn,
  // Deno 2.9 settles the promises of all reads that are ready, and runs what waits for them in that order.
  reportsInBatches: "Deno" in globalThis,
  ref(held) {
    holds += held ? 1 : -1;
    // One timer for the whole process, which is never set again: `ref` and `unref` cost a tenth of that.
    if (keeper === undefined) keeper = setInterval(() => {}, MAX_DELAY_MS);
    if (held && holds === 1) ref(keeper);
    else if (holds === 0) unref(keeper);
  },
};

/** The clock to use with a transport that may know of a turn sooner: only the one of the runtime is told by it. */
export function withTransportTurn(
  clock: Clock,
  turn: ((callback: () => void) => boolean) | undefined,
): Clock {
  if (turn === undefined || clock !== systemClock) return clock;
  return {
    ...clock,
    turn(callback, unblocked) {
      if (!isTaken(turn, callback)) clock.turn(callback, unblocked);
    },
  };
}

/** A transport may be a user's: of one that throws, the clock takes the place. */
function isTaken(turn: (callback: () => void) => boolean, callback: () => void): boolean {
  try {
    return turn(callback);
  } catch {
    return false;
  }
}

/** How many pools hold the process now, and the timer by which it is held. */
let holds = 0;
let keeper: unknown;

/**
 * Deno 2.9 looks at its sockets when it has nothing else to do, as while it waits for a timer of 2 ms. One timer missed 1
 * FIN of 260 that came right behind a response; in a process that was blocked under load only three missed none. What
 * is faster than a timer, `setImmediate` or a hash made by another thread, missed up to 87 of 100.
 */
function timerTurn(callback: () => void, unblocked = false): void {
  if (unblocked) setTimeout(callback, 0);
  else setTimeout(() => setTimeout(() => setTimeout(callback, 0), 0), 0);
}

/** Node and Bun show it between two immediates, some 20 µs instead of the millisecond a timer takes. */
function immediateTurn(callback: () => void): void {
  setImmediate?.(() => setImmediate?.(callback));
}

declare const setImmediate: ((callback: () => void) => unknown) | undefined;

interface DenoTimers {
  refTimer(id: number): void;
  unrefTimer(id: number): void;
}

/** Node and Bun give the handle an `unref`; Deno's `setTimeout` gives a number and a function beside it. */
function unref(handle: unknown): void {
  if (typeof handle === "number") {
    const { Deno } = globalThis as { Deno?: DenoTimers };
    Deno?.unrefTimer(handle);
    return;
  }
  (handle as Refable).unref?.();
}

function ref(handle: unknown): void {
  if (typeof handle === "number") {
    const { Deno } = globalThis as { Deno?: DenoTimers };
    Deno?.refTimer(handle);
    return;
  }
  (handle as Refable).ref?.();
}
