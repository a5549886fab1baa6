/** Settled RSS: the memory of this process when its garbage was collected. */

import process from "node:process";

interface Collectors {
  readonly gc?: () => void;
  readonly Bun?: { gc(force: boolean): void };
}

export async function settledRss(): Promise<number> {
  const { gc, Bun } = globalThis as Collectors;
  for (let time = 0; time < 3; time++) {
    gc?.();
    Bun?.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage().rss;
}
