/** Flow: bodies large enough for backpressure, and how to see it. */

import { setTimeout as sleep } from "node:timers/promises";

export const LARGE: number = 8 * 1024 * 1024;

/** More than the buffers of a loopback connection hold, both ends together. */
export const ENDLESS: number = 64 * 1024 * 1024;

/** No progress for so many looks in a row means that somebody waits, rather than that somebody is busy. */
const STANDS = 10;
const LOOK_MS = 100;

/** A look that came so much too late says that the machine is the one that stands still. */
const LATE_MS = 50;

/** One chunk of a chunked body. */
export function chunk(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]);
}

/** Until `count()` has begun and stands still; answers where. */
export async function standstill(count: () => number): Promise<number> {
  let stood = 0;
  for (let before = 0; stood < STANDS || before === 0; ) {
    const since = performance.now();
    await sleep(LOOK_MS);
    const late = performance.now() - since > LOOK_MS + LATE_MS;
    const now = count();
    if (now !== before) stood = 0;
    else if (!late) stood += 1;
    before = now;
  }
  return count();
}
