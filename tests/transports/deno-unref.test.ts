/** Unref on Deno: a connection that a program uses again is neither unref'd nor ref'd while another one keeps the process alive. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { awaited, settleLater, stoppedReading, type Unrefable } from "../../transports/deno-unref.ts";

const settled = async (): Promise<void> => {
  for (let round = 0; round < 20; round++) await undefined;
};

/** Records how often it is settled. */
class Recorder implements Unrefable {
  settleSlot: number | undefined = undefined;
  holdsProcess = false;
  settled = 0;

  settleRef(): void {
    this.settled += 1;
  }

  /** Somebody waits for it, as for one with an outstanding read. */
  awaits(): void {
    this.holdsProcess = true;
    awaited(this);
  }

  /** Nobody does any more. */
  leave(): void {
    this.holdsProcess = false;
    settleLater(this);
  }
}

const recorders = (): [Recorder, Recorder, Recorder] => [new Recorder(), new Recorder(), new Recorder()];
const counts = (list: readonly Recorder[]): number[] => list.map((one) => one.settled);

describe("a connection that nobody waits for", () => {
  it("is told so after some microtasks, but before the event loop runs", async () => {
    const [first, second] = recorders();
    settleLater(first);
    await undefined;
    settleLater(second);
    assertEquals(counts([first, second]), [0, 0]);
    await settled();
    assertEquals(counts([first, second]), [1, 1]);
    settleLater(second);
    await settled();
    assertEquals(counts([first, second]), [1, 2]);
  });

  it("is not told while another one holds the process, and then once, with all others", async () => {
    const [first, second, third] = recorders();
    third.awaits();
    for (const one of [first, second, first]) {
      settleLater(one);
      await settled();
    }
    assertEquals(counts([first, second, third]), [0, 0, 0]);
    third.leave();
    await settled();
    assertEquals(counts([first, second, third]), [1, 1, 1]);
  });

  it("is told when the one that holds the process stops reading, as a paused one does", async () => {
    const [first, second, third] = recorders();
    third.awaits();
    settleLater(first);
    await settled();
    stoppedReading(second); // not the one that counts
    await settled();
    assertEquals(counts([first]), [0]);
    third.holdsProcess = false;
    stoppedReading(third);
    await settled();
    assertEquals(counts([first]), [1]);
  });

  it("is told when the one that somebody began to wait for last does not hold the process", async () => {
    const [first, second, third] = recorders();
    third.awaits();
    settleLater(first);
    await settled();
    awaited(second); // and has no outstanding read
    third.leave();
    await settled();
    assertEquals(counts([first, third]), [1, 1]);
  });

  it("is told at once when it stops reading, and not again", async () => {
    const [first, second, third] = recorders();
    third.awaits();
    for (const one of [first, second]) settleLater(one);
    await settled();
    stoppedReading(first);
    assertEquals(counts([first, second]), [1, 0]);
    third.leave();
    await settled();
    assertEquals(counts([first, second, third]), [1, 1, 1]);
  });
});
