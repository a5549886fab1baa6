/** What a transport knows of its runtime's clock. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { systemClock, withTransportClock } from "../../src/contract/clock.ts";

describe("the clock of a transport", () => {
  it("is the system's, if the transport knows nothing of it", () =>
    assertEquals(withTransportClock(systemClock, {}) === systemClock, true));

  it("keeps nothing alive where it stands still: the timer would keep a Durable Object in memory", () => {
    const clock = withTransportClock(systemClock, { stoppingClock: true });
    assertEquals([clock.stops, clock.ref], [true, undefined]);
  });

  it("keeps a process alive elsewhere", () => {
    const clock = withTransportClock(systemClock, { turn: () => false });
    assertEquals([clock.stops ?? false, typeof clock.ref], [false, "function"]);
  });
});
