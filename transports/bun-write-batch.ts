/**
 * Write batches: in a turn of the event loop with many small requests, most of them are written together at its end.
 * A write to a sleeping peer wakes it, and the writer pays for that. With batches, 50 connections take 6.3 µs of CPU per
 * request on Bun 1.4 instead of 6.8. Not used on Node 24 (5 % gain there, but 3 % loss at 256 connections) and on Deno 2.9
 * (no difference).
 */

/** A writer that deferred a write. */
export interface DeferredWriter {
  /** Writes what was deferred. */
  flushDeferred(): void;
}

/**
 * The first writes of a turn are immediate. A program that sends one request and then computes for long has it on the wire
 * meanwhile. Only a program that is busy with many connections has some writes wait for the end of the turn.
 */
const IMMEDIATE_WRITES = 4;

/**
 * After a turn longer than this, bytes may have arrived before the deferred requests. The requests then wait until the
 * sockets were polled, so that nobody takes those bytes for their response.
 */
const LONG_TURN_MS = 1;

let writes = 0;
let deferred: DeferredWriter[] = [];
let deferredAt = 0;

/** Counts the next write of this turn, and tells whether it should be deferred. */
export function shouldDefer(): boolean {
  if (writes === 0) setImmediate(endTurn);
  writes += 1;
  return writes > IMMEDIATE_WRITES;
}

/** Flushes `writer` at the end of the turn. */
export function deferWriter(writer: DeferredWriter): void {
  if (deferred.length === 0) deferredAt = performance.now();
  deferred.push(writer);
}

function endTurn(): void {
  const writers = deferred;
  deferred = [];
  writes = 0;
  // Bun 1.4 polls its sockets between two immediates.
  if (writers.length > 0 && performance.now() - deferredAt > LONG_TURN_MS)
    setImmediate(() => setImmediate(() => flushAll(writers)));
  else flushAll(writers);
}

function flushAll(writers: readonly DeferredWriter[]): void {
  for (const writer of writers) writer.flushDeferred();
}

declare function setImmediate(callback: () => void): unknown;
