/** A connection that could not be watched is looked at before it carries another request. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

describe("after a blocked loop", () => {
  it("the first event does not vouch for the other connections", async () => {
    let now = 0;
    let turns: (() => void)[] = [];
    const clock = {
      now: () => now,
      wall: () => now,
      schedule: () => ({ cancel() {} }),
      turn: (callback: () => void) => void turns.push(callback),
    };
    const transport = memoryTransport({
      manual: true,
      accept: (peer) => peer.onData(() => peer.send(ANSWER)),
    });
    const pool = createPool({ transport, clock });
    /** Everything that is under way arrives, and the loop comes round. */
    const round = async () => {
      for (let count = 0; count < 8; count++) {
        await settle();
        transport.flush();
        const due = turns;
        turns = [];
        for (const turn of due) turn();
      }
    };
    const send = (url: string) => pool.request(url).then((response) => response.text());

    const parked = send("http://parked.test/");
    await round();
    assertEquals(await parked, "ok");
    const busy = send("http://busy.test/");
    await settle();
    while (transport.peers[1]?.receivedText === "" || transport.peers.length < 2) {
      transport.step();
      await settle();
    }
    // The loop is blocked; meanwhile an answer came on one connection, and bytes nobody asked for on the other.
    transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");
    now += 50;
    transport.step();
    assertEquals(await busy, "ok");
    const next = send("http://parked.test/");
    await round();
    assertEquals(await next, "ok");
    assertEquals(transport.peers.length, 3);
    assertEquals(pool.stats().retired, { "unsolicited-data": 1 });
  });
});
