/** Unref on Deno: a connection that a program uses again at once is neither unref'd nor ref'd. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { settleLater, type Unrefable } from "../../transports/deno-unref.ts";

const settled = async (): Promise<void> => {
  for (let round = 0; round < 20; round++) await undefined;
};

/** Records when it is settled. */
function connection(): Unrefable & { settled: number } {
  return {
    settled: 0,
    settleRef() {
      this.settled += 1;
    },
  };
}

describe("a connection that nobody waits for", () => {
  it("is told so after some microtasks, but before the event loop runs", async () => {
    const [first, second] = [connection(), connection()];
    settleLater(first);
    await undefined;
    settleLater(second);
    const counts = () => [first.settled, second.settled];
    assertEquals(counts(), [0, 0]);
    await settled();
    assertEquals(counts(), [1, 1]);
    settleLater(second);
    await settled();
    assertEquals(counts(), [1, 2]);
  });
});
