/** Cost: what work takes of the processor, which others that want it cannot make more. */

import process from "node:process";

/** The least of so many counts: a collector, or a compiler, may have worked beside one of them. */
const TIMES = 5;

/** Milliseconds of processor time that this process spends on `work`. */
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
