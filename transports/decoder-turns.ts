/**
 * Decoder turns: how much is decoded in one turn of the event loop, by all decoders together. Node and Bun decode in
 * another thread, Deno in the loop's own; what is decoded is handed over in the loop on all of them, and a body of zeros
 * would fill one turn after the other with nothing else.
 */

/** What a decoder gives at a time. */
export const CHUNK_BYTES = 16_384;

/** In one turn: some milliseconds' work. */
const TURN_BYTES = 524_288;

let left = TURN_BYTES;
const waiting: (() => void)[] = [];
let isAsked = false;

/** Takes the right to decode one chunk more; what it resolves with is a later turn. */
export function nextChunk(): Promise<void> | undefined {
  if (left <= 0) {
    askForTurn();
    return new Promise((resolve) => waiting.push(resolve));
  }
  left -= CHUNK_BYTES;
  return undefined;
}

/** Bytes that may be decoded at once, of those that somebody would like to. */
export function allowance(wanted: number): number {
  if (left < wanted) askForTurn();
  return Math.min(wanted, Math.max(left, CHUNK_BYTES));
}

/** So many were. A small body is not counted: each takes a packet of its own. */
export function decoded(bytes: number): void {
  if (bytes > CHUNK_BYTES) left -= bytes;
}

function askForTurn(): void {
  if (isAsked) return;
  isAsked = true;
  soon(() => {
    isAsked = false;
    left = TURN_BYTES;
    const woken = waiting.splice(0, TURN_BYTES / CHUNK_BYTES);
    left -= woken.length * CHUNK_BYTES;
    for (const wake of woken) wake();
    if (waiting.length > 0) askForTurn();
  });
}

/** Deno 2.9 looks at its sockets while it waits for a timer; between two immediates seldom (20 times in half a second). */
function soon(callback: () => void): void {
  if ("Deno" in globalThis) setTimeout(callback, 0);
  else setImmediate(callback);
}

declare const setImmediate: (callback: () => void) => unknown;
