/**
 * Clock: the only file of `src/` that may read time or set timers. Rules and core get times as arguments. The pool's shell
 * gets its times and its one timer from here. Tests pass a clock that they move by hand.
 */

/** A timer that was set. `cancel` may be called at any time, even after it fired. */
export interface Timer {
  /** The timer fires no more. Does nothing if it has fired. */
  cancel(): void;
}

/** The source of time and timers for a pool. */
export interface Clock {
  /** Monotonic milliseconds. On most systems they stand still while the machine is suspended. */
  now(): number;
  /** Wall-clock milliseconds. If they run ahead of {@linkcode now}, the machine was suspended. */
  wall(): number;
  /** Calls back once after `delayMs`. The timer does not keep the process alive. */
  schedule(delayMs: number, callback: () => void): Timer;
  /**
   * Calls back after one turn of the event loop, in which every socket was polled. Keeps the process alive until then.
   *
   * After the loop was blocked, a FIN that the kernel has received shows only after such a turn. It does not show after a
   * microtask or a single `setImmediate` (measured on Node 24, Deno 2.9 and Bun 1.4). `unblocked`: the loop was not
   * blocked recently, so a shorter turn may do.
   */
  turn(callback: () => void, unblocked?: boolean): void;
  /**
   * Whether one poll of the sockets reports all of its events before any code that awaits one of them runs, as on
   * Deno. Two events in quick succession then prove that the event loop turned in between.
   *
   * @default false
   */
  readonly reportsInBatches?: boolean;
  /**
   * Whether it stands still during computation and moves only with I/O, as on Cloudflare Workers. "Has the loop been blocked?"
   * cannot be answered by it then, so each request waits a turn of the loop before it takes a parked connection. `"briefly"`: it
   * stands still, but the program never computes for long between two events; then only a request that cannot be sent twice waits.
   *
   * @default false
   */
  readonly stops?: StoppingClock;
  /**
   * Keeps the process alive from `ref(true)` to `ref(false)`, while a caller waits for something that only a paused socket
   * or a timer of this clock will end. Several pools may use one clock, so calls must be counted. A clock without this
   * method never keeps the process alive.
   */
  ref?(active: boolean): void;
}

/** See {@linkcode Clock.stops}. */
export type StoppingClock = boolean | "briefly";

/** The longest delay of a timer, 2^31 - 1 ms. With a longer delay every runtime fires immediately. */
const MAX_DELAY_MS = 2_147_483_647;

interface Refable {
  ref?(): void;
  unref?(): void;
}

/** Read once, because the global is a getter on Node 24. */
const { performance } = globalThis;

/**
 * Read once, too: tests put timers of their own in place of the globals, to move time limits. A POST that waits for a turn would
 * then never be sent. Deno's would take 10 ms to read, and is not used.
 */
const setImmediateOfRuntime =
  "Deno" in globalThis || typeof setImmediate !== "function" ? undefined : setImmediate;

/** The clock of the runtime. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule(delayMs, callback) {
    return mayWaitForTimers(delayMs) ? scheduleLater(delayMs, callback) : scheduleNow(delayMs, callback);
  },
  turn: setImmediateOfRuntime === undefined ? timerTurn : immediateTurn,
  // Deno 2.9 settles the promises of all ready reads first, then runs their continuations in that order.
  reportsInBatches: "Deno" in globalThis,
  ref(active) {
    refs += active ? 1 : -1;
    if (refTimer === undefined && mayWaitForTimers(Infinity)) return refBriefly();
    // One timer for the whole process, set once: `ref` and `unref` cost a tenth of setting and clearing a timer.
    if (refTimer === undefined) refTimer = setInterval(() => {}, MAX_DELAY_MS);
    if (active && refs === 1) ref(refTimer);
    else if (refs === 0) unref(refTimer);
  },
};

function scheduleNow(delayMs: number, callback: () => void): Timer {
  haveTimers = true;
  const handle = setTimeout(callback, Math.min(Math.max(0, Math.ceil(delayMs)), MAX_DELAY_MS));
  unref(handle);
  return { cancel: () => clearTimeout(handle) };
}

/** What a transport knows of its runtime's clock. */
interface TransportClock {
  readonly turn?: ((callback: () => void) => boolean) | undefined;
  readonly stoppingClock?: StoppingClock | undefined;
}

/**
 * The system clock, with the transport's quicker `turn` where it has one, and what it knows of the clock. A user's clock is
 * returned unchanged.
 */
export function withTransportClock(
  clock: Clock,
  { turn, stoppingClock: stops = false }: TransportClock,
): Clock {
  if (clock !== systemClock || (turn === undefined && stops === false)) return clock;
  // A timer that only keeps a process alive would keep a Durable Object in memory, which is billed.
  const { ref, ...rest } = clock;
  const base: Clock = stops !== false || ref === undefined ? { ...rest, stops } : { ...rest, ref };
  if (turn === undefined) return base;
  return {
    ...base,
    turn(callback, unblocked) {
      if (!accepts(turn, callback)) clock.turn(callback, unblocked);
    },
  };
}

/** Whether the transport will call back. A user's transport may throw; the clock then takes over. */
function accepts(turn: (callback: () => void) => boolean, callback: () => void): boolean {
  try {
    return turn(callback);
  } catch {
    return false;
  }
}

/** How many `ref(true)` have no `ref(false)` yet, and the timer that keeps the process alive meanwhile. */
let refs = 0;
let refTimer: unknown;

/**
 * For so long, in ms, the first timers of a program wait on Deno. Deno 2.9 loads its timers with the first one. That takes 4 ms, as
 * long as a request of its own fetch, and every request sets a deadline. V8 and the signals of the platform wait without them.
 */
const WITHOUT_TIMERS_MS = 20;

/** As `Atomics.waitAsync` of ES2024, on memory that nobody else has. */
type WaitAsync = (
  cell: Int32Array,
  index: 0,
  value: 0,
  timeoutMs: number,
) => { readonly value: PromiseLike<string> };

const { waitAsync } = Atomics as { readonly waitAsync?: WaitAsync };

/** Whether a timer was set. Only on Deno is that worth to know. */
let haveTimers = !("Deno" in globalThis) || waitAsync === undefined;

/** Whether a timer may be set later. */
function mayWaitForTimers(delayMs: number): boolean {
  return !haveTimers && delayMs > WITHOUT_TIMERS_MS;
}

/** Like a timer, this keeps no process alive. */
function scheduleLater(delayMs: number, callback: () => void): Timer {
  let timer: Timer | undefined;
  let isOver = false;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  waitAsync?.(cell, 0, 0, WITHOUT_TIMERS_MS).value.then(() => {
    if (!isOver) timer = scheduleNow(delayMs - WITHOUT_TIMERS_MS, callback);
  });
  return {
    cancel() {
      isOver = true;
      timer?.cancel();
    },
  };
}

/** A listener to it keeps the process alive. */
let briefRef: AbortSignal | undefined;

/** Keeps the process alive while somebody wants that, until there are timers. */
function refBriefly(): void {
  if (refs > 0 && briefRef === undefined) {
    briefRef = AbortSignal.timeout(WITHOUT_TIMERS_MS);
    briefRef.addEventListener("abort", refByTimer);
  } else if (refs === 0) {
    briefRef?.removeEventListener("abort", refByTimer);
    briefRef = undefined;
  }
}

function refByTimer(): void {
  briefRef = undefined;
  haveTimers = true;
  // There is one already, if a short timer was set meanwhile. It would keep the process alive for ever if nobody knew of it.
  if (refs > 0) refTimer ??= setInterval(() => {}, MAX_DELAY_MS);
}

/**
 * Deno 2.9 polls its sockets when it has nothing else to do, for example while it waits for a timer of 2 ms. One timer
 * missed 1 of 260 FINs that came right behind a response. In a process blocked under load, only three timers in a row
 * missed none. Faster means, `setImmediate` or a hash computed by another thread, missed up to 87 of 100.
 */
function timerTurn(callback: () => void, unblocked = false): void {
  if (unblocked) setTimeout(callback, 0);
  else setTimeout(() => setTimeout(() => setTimeout(callback, 0), 0), 0);
}

/** Node and Bun poll their sockets between two immediates. That takes some 20 µs, where a timer takes a millisecond. */
function immediateTurn(callback: () => void): void {
  setImmediateOfRuntime?.(() => setImmediateOfRuntime?.(callback));
}

declare const setImmediate: ((callback: () => void) => unknown) | undefined;

interface DenoTimers {
  refTimer(id: number): void;
  unrefTimer(id: number): void;
}

/** Timer handles of Node and Bun have `ref` and `unref`. Deno's `setTimeout` returns a number; `Deno.unrefTimer` takes it. */
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
