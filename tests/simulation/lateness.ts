/**
 * Lateness: threads, event loops and timers that the machine runs late. What came in time is told late and at once, and in an
 * order that is not the one in which it came.
 */

import type { Prng } from "../support/prng.ts";
import { type Agenda, LANE, type RankOf } from "./agenda.ts";

/** Before everything else of its moment. */
const FIRST = -1;

/** The ways to be late. */
export const LATENESS = [
  "stall, then timers first",
  "stall, then sockets first",
  "stall, then some sockets first",
  "timers late, sockets in time",
  "sockets late, timers in time",
] as const;

export type Late = (typeof LATENESS)[number];

/** The orders in which an event loop tells what has piled up while it stood still. */
const ORDERS: Readonly<Record<Extract<Late, `stall${string}`>, (prng: Prng) => RankOf>> = {
  "stall, then timers first": () => (lane) => lane,
  "stall, then sockets first": () => () => FIRST,
  // It stood still in the middle of what one poll had reported. Another poll follows the timers.
  "stall, then some sockets first": (prng) => (lane) => (prng.oneIn(2) ? FIRST : lane),
};

/** Makes a client late in some way. */
export function beLate(agenda: Agenda, prng: Prng, how: Late, ms: number): void {
  switch (how) {
    case "timers late, sockets in time":
      return agenda.delayTimers(ms);
    case "sockets late, timers in time":
      return agenda.deafen(ms);
    default:
      return agenda.interrupt(ms, false, ORDERS[how](prng));
  }
}

/** Tells what one poll of the sockets reports besides what was told just now. The program goes on after all of it. */
export function tellRestOfBatch(agenda: Agenda): void {
  for (;;) {
    const next = agenda.nextAt(agenda.now, LANE.toClient);
    if (next === undefined) return;
    next.keep();
  }
}
