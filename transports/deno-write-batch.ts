/**
 * Write batches on Deno: of many small requests that begin together, all but the first few are written one microtask later, when
 * all of them have begun. A write to a sleeping peer wakes it, and the writer pays for that; while writes follow each other at
 * once, the peer stays awake. Deno 2.9 settles all reads of a poll before it runs their callbacks, so that the callers of 50
 * connections begin their next requests together: 50 connections take 0.3 µs of CPU less for each request, of 8.3.
 *
 * Those of Node and Bun wait for the end of the turn (`write-batch.ts`). On Deno a microtask is as good, and costs less than an
 * immediate does.
 */

import { denoLoopTurn } from "./deno-loop-turn.ts";

/** A writer whose write waits for others. */
export interface WaitingWriter {
  /** Writes what was deferred. */
  flushDeferred(): void;
}

/** The first writes are immediate: a program that sends one request and then computes for long has it on the wire meanwhile. */
const IMMEDIATE_WRITES = 4;

/** The most writes that wait together, so that the work which callers do in between delays none for long. */
const MOST = 64;

/**
 * After a wait longer than this, bytes may have arrived before the deferred requests. The requests then wait until the sockets
 * were polled, so that nobody takes those bytes for their response.
 */
const LONG_WAIT_MS = 1;

let writes = 0;
let deferred: WaitingWriter[] = [];
let deferredAt = 0;

/** Counts the next write, and tells whether it should wait for others. */
export function shouldWait(): boolean {
  if (writes === 0) queueMicrotask(end);
  writes += 1;
  return writes > IMMEDIATE_WRITES;
}

/** Has `writer` write when all requests that begin together have begun. */
export function writeTogether(writer: WaitingWriter): void {
  const count = deferred.push(writer);
  if (count === 1) deferredAt = performance.now();
  if (count === MOST) flush();
}

function end(): void {
  writes = 0;
  if (deferred.length > 0) flush();
}

function flush(): void {
  const writers = deferred;
  deferred = [];
  if (performance.now() - deferredAt > LONG_WAIT_MS) denoLoopTurn.turn(() => flushAll(writers));
  else flushAll(writers);
}

function flushAll(writers: readonly WaitingWriter[]): void {
  for (const writer of writers) writer.flushDeferred();
}
