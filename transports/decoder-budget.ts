/**
 * Decoder turns: how much is decoded in one turn of the event loop, by all decoders together. Node and Bun decode in
 * another thread, Deno in the loop's own; what is decoded is handed over in the loop on all of them, and a body of zeros
 * would fill one turn after the other with nothing else.
 */

/** What a decoder gives at a time, at most: with less Bun takes a quarter longer for 2 MB. */
export const CHUNK_BYTES = 65_536;

/** In one turn: some milliseconds' work. Of what is decoded at once 256 KiB may be on top. */
const TURN_BYTES = 524_288;

/** Up to here a body that is decoded at once is not counted. */
const SMALL = 16_384;

let left = TURN_BYTES;
const waiting: (() => void)[] = [];
let isScheduled = false;

/** Takes the right to decode one chunk more; what it resolves with is a later turn. */
export function reserveChunk(): Promise<void> | undefined {
  scheduleRefill();
  if (left <= 0) return new Promise((resolve) => waiting.push(resolve));
  left -= CHUNK_BYTES;
  return undefined;
}

/** Bytes that may be decoded at once, of those that somebody would like to: the last who may exceeds the turn by them. */
export function decodableNow(wanted: number): number {
  return left > 0 ? wanted : Math.min(wanted, SMALL);
}

/** So many were. Not of a small body: each takes a packet of its own. */
export function charge(bytes: number): void {
  if (bytes <= SMALL) return;
  left -= bytes;
  scheduleRefill();
}

/** A chunk was shorter by so much than it might have been. */
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

/** Deno 2.9 looks at its sockets while it waits for a timer; between two immediates seldom (20 times in half a second). */
function afterTurn(callback: () => void): void {
  if ("Deno" in globalThis) setTimeout(callback, 0);
  else setImmediate(callback);
}

declare const setImmediate: (callback: () => void) => unknown;
