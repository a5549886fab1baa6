/** Gathering: when a socket of Bun rests after a read. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Gathering } from "../../transports/bun-gathering.ts";
import { assertSameBytes, open, pattern, target, tcpServer } from "./support.ts";

const KIB = 1024;

describe("a socket that much is to come on", () => {
  it("rests after a read that has emptied it, if 256 KiB came per ms", () => {
    const gathering = new Gathering();
    const rests = [
      [256, 10],
      [256, 11],
      [255, 12],
      [511, 12],
      [128, 14.5],
      [511, 15],
      [511, 16],
      [16, 18.5],
    ].map(([kib = 0, now = 0]) => gathering.rests(kib * KIB, now));
    // The first has nothing to be compared with. A read of 511 KiB has not emptied it, and counts with the next.
    assertEquals(rests, [false, true, false, false, false, false, false, true]);
  });

  it("gets every byte in order, whether or not it rests", async () => {
    const all = pattern(8 * KIB * KIB);
    await using peer = await tcpServer((server) => void server.write(all));
    const { socket, seen } = await open(target(peer.port));
    const heard = seen.data.bind(seen);
    seen.data = (bytes: Uint8Array, length: number) => {
      heard(bytes, length);
      socket.gather?.(length);
    };
    await seen.until(() => seen.length >= all.length);
    assertSameBytes(seen.bytes, all);
    socket.abort();
  });
});
