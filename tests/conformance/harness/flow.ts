/** Flow: bodies large enough for backpressure, and how to detect it. */

import { setTimeout as sleep } from "node:timers/promises";

export const LARGE: number = 8 * 1024 * 1024;

/** More than the buffers at both ends of a loopback connection hold. */
export const ENDLESS: number = 64 * 1024 * 1024;

/** Checks without progress in a row that prove waiting, as opposed to a busy machine. */
const CHECKS = 10;
const CHECK_MS = 100;

/** A check this late is not counted: the machine itself was blocked. */
const LATE_MS = 50;

/** One chunk of a chunked body. */
export function chunk(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]);
}

/** Waits until `count()` has begun to grow and then stopped. Returns its value. */
export async function standstill(count: () => number): Promise<number> {
  let stood = 0;
  for (let before = 0; stood < CHECKS || before === 0; ) {
    const since = performance.now();
    await sleep(CHECK_MS);
    const late = performance.now() - since > CHECK_MS + LATE_MS;
    const now = count();
    if (now !== before) stood = 0;
    else if (!late) stood += 1;
    before = now;
  }
  return count();
}
