/** Flow: bodies large enough for backpressure, and how to see it. */

import { setTimeout as sleep } from "node:timers/promises";

export const LARGE: number = 8 * 1024 * 1024;

/** More than the buffers of a loopback connection hold, both ends together. */
export const ENDLESS: number = 64 * 1024 * 1024;

/** No progress for so long means that somebody waits, rather than that somebody is busy. */
const STANDSTILL_MS = 1000;
const LOOK_MS = 100;

/** One chunk of a chunked body. */
export function chunk(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]);
}

/** Until `count()` has begun and stands still; answers where. */
export async function standstill(count: () => number): Promise<number> {
  let stood = 0;
  for (let before = 0; stood < STANDSTILL_MS || before === 0; ) {
    await sleep(LOOK_MS);
    const now = count();
    stood = now === before ? stood + LOOK_MS : 0;
    before = now;
  }
  return count();
}
