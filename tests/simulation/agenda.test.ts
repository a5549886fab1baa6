/** Virtual time: what a time of lateness that begins within another one does to what is due. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Agenda, LANE, type Lane } from "./agenda.ts";

const LATE: readonly (readonly [what: string, lane: Lane, be: (agenda: Agenda, ms: number) => void])[] = [
  ["timers", LANE.timer, (agenda, ms) => agenda.delayTimers(ms)],
  ["sockets", LANE.toClient, (agenda, ms) => agenda.deafen(ms)],
];

/** When two appointments are kept, of which one is made before the second time of lateness, and one in it. */
function kept([, lane, be]: (typeof LATE)[number], firstMs: number, secondMs: number): readonly number[] {
  const agenda = new Agenda();
  const times: number[] = [];
  const keep = () => times.push(agenda.now);
  be(agenda, firstMs);
  agenda.schedule(lane, 1, keep);
  agenda.schedule(LANE.client, 10, () => {
    be(agenda, secondMs);
    agenda.schedule(lane, 1, keep);
  });
  for (let next = agenda.next(); next !== undefined; next = agenda.next()) next.keep();
  return times;
}

for (const late of LATE) {
  const [what] = late;
  describe(`late ${what}`, () => {
    it("are late until the end of a longer time, within which a shorter one begins", () =>
      assertEquals(kept(late, 1000, 60), [1000, 1000]));

    it("are late until the end of a time that begins within another one, and ends after it", () =>
      assertEquals(kept(late, 60, 1000), [1010, 1010]));

    it("are in time again behind it", () => assertEquals(kept(late, 5, 0), [5, 11]));
  });
}
