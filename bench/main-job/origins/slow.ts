/** Slow: waits before it answers, and sends the body in pieces. */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

const DELAY_MS = 8;
const PIECES = 4;

export const slow: Habit = {
  name: "slow",
  answerMs: DELAY_MS * PIECES,
  about: () => `thinks for ${DELAY_MS} ms, then sends the body in ${PIECES} pieces ${DELAY_MS} ms apart`,
  pauses: () => [{ ms: 500 }, { ms: 1500 }],
  start: (_times, time) => rawServer({ time, reply: () => ({ delayMs: DELAY_MS, pieces: PIECES }) }),
};
