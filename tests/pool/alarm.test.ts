import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Alarm, type Timed } from "../../src/pool/alarm.ts";
import { MovableClock } from "../support/clock.ts";

/** An alarm, and what it did so far. */
function rig() {
  const clock = new MovableClock();
  const done: string[] = [];
  const alarm = new Alarm(clock, () => void done.push("ring"));
  const due = (name: string, at: number): Timed => ({
    dueAt: () => (done.includes(name) ? Infinity : at),
    due: () => void done.push(name),
  });
  return { clock, done, alarm, due };
}

describe("Alarm", () => {
  it("rings on time, by one timer", async () => {
    const { clock, done, alarm, due } = rig();
    const start = clock.now();
    alarm.watch(due("late", start + 20));
    alarm.watch(due("early", start + 10));
    await clock.advance(9);
    assertEquals(done, []);
    await clock.advance(1);
    assertEquals(done, ["early", "ring"]);
    await clock.advance(10);
    assertEquals(done, ["early", "ring", "late", "ring"]);
    assertEquals([clock.mostTimers, clock.timers], [1, 0]);
  });

  it("lets the sockets be looked at before it gives up what fell due behind a blocked event loop", async () => {
    const { clock, done, alarm, due } = rig();
    const [answered, silent] = [due("answered", clock.now() + 10), due("silent", clock.now() + 10)];
    alarm.watch(answered);
    alarm.watch(silent);
    clock.holdTurns = true;
    clock.block(100);
    await clock.advance(0);
    assertEquals(done, [], "nothing is given up before the loop came round");
    alarm.drop(answered);
    clock.turnAround();
    assertEquals(done, ["silent", "ring"]);
    assertEquals(clock.timers, 0);
  });

  it("does not ring any more once stopped, neither while the loop comes round nor when set again", async () => {
    const { clock, done, alarm, due } = rig();
    alarm.watch(due("given up", clock.now() + 10));
    clock.holdTurns = true;
    clock.block(100);
    await clock.advance(0);
    alarm.stop();
    clock.turnAround();
    alarm.by(clock.now() + 1);
    assertEquals(clock.timers, 0);
    await clock.advance(1000);
    assertEquals(done, []);
  });
});
