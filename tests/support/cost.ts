/** Cost: measures the CPU time of work, which other processes on the machine do not change. */

import process from "node:process";

/**
 * How often the work is measured. The smallest result counts, because garbage collection or the compiler may run
 * beside it.
 */
const TIMES = 5;

/** CPU time in ms that this process spends on `work`. */
export async function cpuMs(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let time = 0; time < TIMES; time++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}
