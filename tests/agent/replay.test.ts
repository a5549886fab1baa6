/** Replay: what a request has written, for a fresh connection. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { REPLAY_BYTES, Replay } from "../../src/agent/replay.ts";

describe("what is kept of a request", () => {
  it("is what was written, though the caller fills its buffer again", () => {
    const replay = new Replay();
    const buffer = new Uint8Array(4);
    replay.keep("head");
    for (let count = 1; count <= 2; count++) {
      buffer.fill(count);
      replay.keep(buffer);
    }
    const pieces = replay.pieces().map((piece) => (typeof piece === "string" ? piece : [...piece]));
    assertEquals(pieces, ["head", [1, 1, 1, 1], [2, 2, 2, 2]]);
  });

  it("is nothing once it is more than may be", () => {
    const replay = new Replay();
    replay.keep(new Uint8Array(REPLAY_BYTES));
    assertEquals([replay.isWhole, replay.pieces().length], [true, 1]);
    replay.keep("x");
    assertEquals([replay.isWhole, replay.pieces().length], [false, 0]);
  });
});
