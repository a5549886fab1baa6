/**
 * Decoder budget: how many bytes all decoders together may decode in one turn of the event loop. Node and Bun decode in
 * another thread, Deno in the thread of the loop. On all of them the decoded chunks are delivered in the loop. Without a
 * budget, a body that decompresses to gigabytes of zeros would leave no time for anything else.
 */

import { immediate } from "./immediate.ts";

/** The largest chunk of a decoder. With smaller chunks Bun 1.4 takes a quarter longer for 2 MB. */
export const CHUNK_BYTES = 65_536;

/** The budget of one turn, some milliseconds of work. A body that is decoded at once may exceed it by up to 256 KiB. */
const TURN_BYTES = 524_288;

/** A body of at most this size that is decoded at once is not counted. */
const SMALL = 16_384;

let left = TURN_BYTES;
const waiting: (() => void)[] = [];
let isScheduled = false;

/** Reserves one chunk. Returns `undefined` if it may be decoded now, else a promise that resolves in a later turn. */
export function reserveChunk(): Promise<void> | undefined {
  scheduleRefill();
  if (left <= 0) return new Promise((resolve) => waiting.push(resolve));
  left -= CHUNK_BYTES;
  return undefined;
}

/** How many of the `wanted` bytes may be decoded at once. The last body of a turn may exceed the budget. */
export function decodableNow(wanted: number): number {
  return left > 0 ? wanted : Math.min(wanted, SMALL);
}

/** Charges bytes that were decoded at once. Small bodies are free: each takes a packet of its own to arrive. */
export function charge(bytes: number): void {
  if (bytes <= SMALL) return;
  left -= bytes;
  scheduleRefill();
}

/** Gives back what a chunk was shorter than {@linkcode CHUNK_BYTES}. */
export function refund(bytes: number): void {
  left = Math.min(TURN_BYTES, left + bytes);
}

function scheduleRefill(): void {
  if (isScheduled) return;
  isScheduled = true;
  afterTurn(() => {
    isScheduled = false;
    left = TURN_BYTES;
    const woken = waiting.splice(0, TURN_BYTES / CHUNK_BYTES);
    left -= woken.length * CHUNK_BYTES;
    for (const wake of woken) wake();
    if (waiting.length > 0) scheduleRefill();
  });
}

/**
 * Calls back after the sockets were polled. Deno 2.9 polls them while it waits for a timer, but only rarely between two
 * immediates (20 times in half a second).
 */
let afterTurn = (callback: () => void): void => {
  if ("Deno" in globalThis) setTimeout(callback, 0);
  else immediate(callback);
};

/** Has another function do that. A global timer may be one that a test has put there. */
export function turnBy(turn: (callback: () => void) => void): void {
  afterTurn = turn;
}
