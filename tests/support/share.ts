/**
 * Shares: which part of a long run in virtual time each runtime plays. A seed leads to the same on every runtime, as
 * `simulation/runtimes.test.ts` proves by hashes, so that the same seeds once more would show little. Node plays all of them. Deno and
 * Bun play a quarter as many each: seeds that nobody else plays, so that there are more worlds in all and fewer of each runtime.
 */

/** Deno and Bun play one of so many. */
const FRACTION = 4;

/** Only the sum of all seeds shows everything that can happen. */
export const playsAll = !("Deno" in globalThis || "Bun" in globalThis);

/** Which of the shares is that of this runtime. */
const place = "Deno" in globalThis ? 0 : 1;

/** The seeds 1 to `count` on Node, and fewer of those behind them elsewhere. */
export function seedsHere(count: number): readonly number[] {
  const few = Math.ceil(count / FRACTION);
  const [before, length] = playsAll ? [0, count] : [count + place * few, few];
  return Array.from({ length }, (_, at) => before + at + 1);
}

/** All of a list on Node, and a part of it elsewhere: not the same on Deno as on Bun. */
export function partHere<T>(all: readonly T[]): readonly T[] {
  return playsAll ? all : all.filter((_, at) => at % FRACTION === place);
}
