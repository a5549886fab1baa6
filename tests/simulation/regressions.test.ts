/** What the simulation found in the library, each as the smallest case that shows it. */

import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { createPool } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { Agenda, LANE } from "./agenda.ts";
import { quiescence } from "./pump.ts";

// Seed 75 of 500 requests: the upload's end, reported while it was being stopped, ended the exchange a second time.
test("an upload that waits for its last piece to be taken is over when the response is", async () => {
  const transport = memoryTransport({
    window: 1000,
    accept: (peer) => peer.stopReading(),
  });
  let finished = 0;
  const pool = createPool({
    transport,
    onEvent: ({ type }) => {
      if (type === "request.finished") finished += 1;
    },
  });
  const answer = pool.request("http://a.test/", { method: "PUT", body: new Uint8Array(70_000) });
  await quiescence();
  transport.peers[0]?.send("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 4\r\n\r\nno");
  (await answer).discard();
  transport.peers[0]?.send("pe");
  await quiescence();
  assertEquals(finished, 1);
  assertEquals(pool.stats().idle, 0, "the server said that it closes");
  assertEquals(pool.stats().retired, { "peer-close": 1 });
  await pool.close();
});

// Seed 19 of 200 requests: the deadline of a request that is refused at once was set all the same.
test("a request to a closed pool leaves no timer behind", async () => {
  const agenda = new Agenda();
  const clock = {
    now: () => agenda.now,
    wall: () => agenda.now,
    schedule: (ms: number, callback: () => void) => agenda.schedule(LANE.timer, ms, callback),
    turn: (callback: () => void) => void agenda.schedule(LANE.turn, 0, callback),
  };
  const pool = createPool({ transport: memoryTransport({ respond: () => ({}) }), clock });
  await pool.close();
  await assertRejects(() => pool.request("http://a.test/", { requestTimeout: "1s" }));
  assertEquals(agenda.pending[LANE.timer], 0);
});
