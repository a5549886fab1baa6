import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { PoolTimer, type Timed } from "../../src/pool/timer.ts";
import { MovableClock } from "../support/clock.ts";

/** A timer, and what it has called so far. */
function rig() {
  const clock = new MovableClock();
  const done: string[] = [];
  const timer = new PoolTimer(clock, () => void done.push("ring"));
  const due = (name: string, at: number): Timed => ({
    dueAt: () => (done.includes(name) ? Infinity : at),
    due: () => void done.push(name),
  });
  return { clock, done, timer, due };
}

describe("PoolTimer", () => {
  it("checks all that is watched, even if others were dropped before or are dropped meanwhile", async () => {
    const { clock, done, timer, due } = rig();
    const at = clock.now() + 10;
    const names = ["a", "b", "c", "d", "e"];
    const timed = names.map((name) => due(name, at));
    const dropping: Timed = {
      dueAt: () => at,
      due: () => [dropping, timed[3] as Timed].map((one) => timer.drop(one)),
    };
    timer.watch(dropping);
    for (const one of timed) timer.watch(one);
    timer.drop(timed[0] as Timed);
    timer.drop(timed[4] as Timed);
    timer.drop(timed[4] as Timed);
    timer.drop(due("never watched", at));
    await clock.advance(9);
    timer.watch(timed[0] as Timed);
    await clock.advance(1);
    assertEquals(done.filter((name) => name !== "ring").sort(), ["a", "b", "c"]);
  });

  it("rings on time, by one timer", async () => {
    const { clock, done, timer, due } = rig();
    const start = clock.now();
    timer.watch(due("late", start + 20));
    timer.watch(due("early", start + 10));
    await clock.advance(9);
    assertEquals(done, []);
    await clock.advance(1);
    assertEquals(done, ["early", "ring"]);
    await clock.advance(10);
    assertEquals(done, ["early", "ring", "late", "ring"]);
    assertEquals([clock.mostTimers, clock.timers], [1, 0]);
  });

  it("lets the events of sockets be handled first when it rings behind a blocked event loop", async () => {
    const { clock, done, timer, due } = rig();
    const [answered, silent] = [due("answered", clock.now() + 10), due("silent", clock.now() + 10)];
    timer.watch(answered);
    timer.watch(silent);
    clock.manualTurns = true;
    clock.block(100);
    await clock.advance(0);
    assertEquals(done, [], "nothing is due before a turn of the loop");
    timer.drop(answered);
    clock.endTurn();
    assertEquals(done, ["silent", "ring"]);
    assertEquals(clock.timers, 0);
  });

  it("does not ring once it was stopped, neither after a turn under way nor when it is set again", async () => {
    const { clock, done, timer, due } = rig();
    timer.watch(due("dropped by the stop", clock.now() + 10));
    clock.manualTurns = true;
    clock.block(100);
    await clock.advance(0);
    timer.stop();
    clock.endTurn();
    timer.ringBy(clock.now() + 1);
    assertEquals(clock.timers, 0);
    await clock.advance(1000);
    assertEquals(done, []);
  });
});
