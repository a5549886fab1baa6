/** A write after close(): it is dropped, and what was written before is sent all the same. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { guarded, open, pattern, target, tcpServer } from "./support.ts";

/** More than the kernel's buffers on both sides hold. */
const LARGE = 16_000_000;

describe("a write to a socket that was closed with bytes in its queue", () => {
  it("is dropped, and those are sent", async () => {
    let length = 0;
    await using peer = await tcpServer((socket) => {
      socket.on("data", (chunk) => {
        length += chunk.length;
      });
      socket.pause();
    });
    const { socket } = await open(target(peer.port));
    const remote = await peer.first();
    socket.write("head", pattern(LARGE));
    socket.close();
    const taken = socket.write("late", pattern(10));
    const ended = guarded(new Promise((resolve) => remote.once("close", resolve)), "the end");
    remote.resume();
    await ended;
    assertEquals([length, taken], [LARGE + 4, true]);
  });
});
