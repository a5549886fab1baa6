/** What begins after an interruption is judged: timers that are late from then on are found, as they are without one. */

import { test } from "node:test";
import { assertMatch } from "@std/assert";
import { playsAll } from "../support/share.ts";
import { LANE } from "./agenda.ts";
import { LANDED } from "./dimensions.ts";
import { planOf } from "./plan.ts";
import { World } from "./world.ts";

/** More than any slack of a judge. */
const LATE_MS = 400;

/**
 * What broke the worlds, where the timers that are set after the first interruption are late by so much. `deadlinesOnly`: nobody judges
 * idle connections, which would be the first to break each world.
 */
async function found(lateMs: number, deadlinesOnly = false): Promise<string> {
  const all: string[] = [];
  for (let seed = 1; seed <= 16; seed++) {
    const world = new World(planOf(seed, 120, LANDED));
    const { agenda } = world;
    const schedule = agenda.schedule.bind(agenda);
    agenda.schedule = (lane, delayMs, callback, tie) => {
      const isLate = lane === LANE.timer && world.wasInterrupted && agenda.now > agenda.busyUntil;
      return schedule(lane, isLate ? delayMs + lateMs : delayMs, callback, tie);
    };
    if (deadlinesOnly) Object.defineProperty(world, "calmSince", { value: Infinity });
    await world.run().catch((error: Error) => void all.push(error.message));
  }
  return all.join("\n");
}

const few = !playsAll && "Node plays enough seeds for that";
const PATIENT = { timeout: 60_000, skip: few } as const;

test("timers that are late since an interruption are found by an idle connection", PATIENT, async () => {
  assertMatch(await found(LATE_MS), /kept too long.*idleTimeout/);
});

test(
  "timers that are late since an interruption are found by the deadlines of a request",
  PATIENT,
  async () => {
    assertMatch(await found(LATE_MS, true), /requestTimeout|headersTimeout|100 Continue|lingers/);
  },
);
