/** Moving time: lets a probe run to its end on a clock that is moved by hand. */

import { assertEquals } from "@std/assert";
import type { MovableClock } from "../support/clock.ts";

/** A probe with the defaults takes five minutes at most, and a second round of silence as much again. */
const LONGEST_MS = 700_000;
/** Timers fire at their own times within a step. Small steps take long, because all promises settle after each. */
const STEP_MS = 3000;

/** Moves the time on until the promise is settled. */
export async function whileTimeMoves<T>(clock: MovableClock, running: Promise<T>): Promise<T> {
  let isOver = false;
  const over = running.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  for (let moved = 0; !isOver && moved < LONGEST_MS; moved += STEP_MS) await clock.advance(STEP_MS);
  assertEquals(isOver, true, "the probe has ended");
  return await over;
}
