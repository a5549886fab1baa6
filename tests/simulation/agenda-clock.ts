/** Agenda clock: the clock of a pool that lives in virtual time. */

import type { Clock } from "../../src/contract/clock.ts";
import { type Agenda, LANE } from "./agenda.ts";

/** As real timers: at least 1 ms, in whole ms, and no more than 2^31 - 1. */
const LONGEST_MS = 2_147_483_647;

/** A clock that shows the time of the agenda, and whose timers and turns are entries there. */
export function agendaClock(agenda: Agenda): Clock {
  return {
    now: () => agenda.now,
    wall: () => 1.7e12 + agenda.now,
    schedule: (delayMs, callback) =>
      agenda.schedule(LANE.timer, Math.min(Math.max(1, Math.ceil(delayMs)), LONGEST_MS), callback),
    turn: (callback) => void agenda.schedule(LANE.turn, 0, callback),
  };
}
