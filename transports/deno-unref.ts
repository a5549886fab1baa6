/**
 * Unref: a connection that nobody waits for lets the process end, but is told so late. On Deno 2.9 `unref()` and `ref()` cost two calls
 * of native code for each outstanding read: together 0.2 µs for each request, of 8, and some µs of 60 where connections are visited at
 * random and memory is slow.
 *
 * First, some microtasks later: most programs send their next request by then. And then not while a connection that somebody waits
 * for keeps the process alive anyway.
 */

/** A connection that may have to be unref'd. */
export interface Unrefable {
  /** Its place among those that wait to be told, while it does. Kept here. */
  settleSlot: number | undefined;
  /** Whether somebody waits for it, and its outstanding read keeps the process alive. */
  readonly holdsProcess: boolean;
  /** Unrefs it, if still nobody waits for it. */
  settleRef(): void;
}

/**
 * How many rounds of microtasks a program has for its next request. With these, 5,000 requests one after the other, or 50 at a
 * time, caused 0 to 50 calls, whether by `request()` or by `fetch()`.
 */
const ROUNDS = 8;

/** Open connections only: one that is over is taken out. */
let waiting: Unrefable[] = [];
/** The one that somebody began to wait for last. While it holds the process, the others need not be told. */
let holder: Unrefable | undefined;
let isSettling = false;
let rounds = 0;

/** Somebody waits for `connection` from now on. */
export function awaited(connection: Unrefable): void {
  holder = connection;
}

/** Nobody does any more. Has it settle before the event loop runs again without a connection that somebody waits for. */
export function settleLater(connection: Unrefable): void {
  connection.settleSlot ??= waiting.push(connection) - 1;
  startSettling();
}

/** It has no outstanding read now. So it is told at once, and does not hold the process. */
export function stoppedReading(connection: Unrefable): void {
  if (holder === connection) holder = undefined;
  drop(connection);
  connection.settleRef();
  if (waiting.length > 0) startSettling();
}

function drop(connection: Unrefable): void {
  const { settleSlot } = connection;
  if (settleSlot === undefined) return;
  connection.settleSlot = undefined;
  const last = waiting.pop();
  if (last === undefined || last === connection) return;
  waiting[settleSlot] = last;
  last.settleSlot = settleSlot;
}

function startSettling(): void {
  if (isSettling) return;
  isSettling = true;
  rounds = 0;
  queueMicrotask(settle);
}

function settle(): void {
  rounds += 1;
  if (rounds < ROUNDS) return queueMicrotask(settle);
  isSettling = false;
  if (holder?.holdsProcess === true) return;
  holder = undefined;
  const connections = waiting;
  waiting = [];
  for (const connection of connections) {
    connection.settleSlot = undefined;
    connection.settleRef();
  }
}
