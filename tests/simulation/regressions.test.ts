/** What the simulation found in the library, each as the smallest case that shows it. */

import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Clock, createPool } from "../../mod.ts";
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
  // The rest is not read for the sake of a connection that ends anyway.
  assertEquals(pool.stats().retired, { "unread-body": 1 });
  await pool.close();
});

/** The clock that an agenda means. */
function clockOf(agenda: Agenda): Clock {
  return {
    now: () => agenda.now,
    wall: () => agenda.now,
    schedule: (ms, callback) => agenda.schedule(LANE.timer, ms, callback),
    turn: (callback) => void agenda.schedule(LANE.turn, 0, callback),
  };
}

// Seed 19 of 200 requests: the deadline of a request that is refused at once was set all the same.
test("a request to a closed pool leaves no timer behind", async () => {
  const agenda = new Agenda();
  const pool = createPool({ transport: memoryTransport({ respond: () => ({}) }), clock: clockOf(agenda) });
  await pool.close();
  await assertRejects(() => pool.request("http://a.test/", { requestTimeout: "1s" }));
  assertEquals(agenda.pending[LANE.timer], 0);
});

// Seeds 46, 121 and 487 of 300 requests: it was put back with the idle time of one that had just been used.
test("a connection that was looked at for a request that is aborted meanwhile gets no younger", async () => {
  const agenda = new Agenda();
  const respond = () => ({ headers: { "keep-alive": "timeout=5" } });
  const pool = createPool({ transport: memoryTransport({ respond }), clock: clockOf(agenda) });
  await (await pool.request("http://a.test/")).text();
  agenda.schedule(LANE.client, 3900, () => {});
  agenda.next()?.keep();
  const controller = new AbortController();
  const aborted = pool.request("http://a.test/", { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  agenda.next()?.keep();
  assertEquals(pool.stats().idle, 0, "one that lasts for another 100 ms would do as well");
  const { connection } = await pool.request("http://a.test/");
  assertEquals(connection.reused, false);
  await pool.close();
});

// Seeds 25 and 299 of 300 requests, with listeners that act: its waiter stayed in the queue for good.
test("a request that a listener aborts as it begins to wait waits no longer", async () => {
  const controller = new AbortController();
  const pool = createPool({
    transport: memoryTransport({ connect: () => "never" }),
    onEvent: ({ type }) => {
      if (type === "request.queued") controller.abort(new Error("enough"));
    },
  });
  await assertRejects(() => pool.request("http://a.test/", { signal: controller.signal }), Error, "enough");
  assertEquals(pool.stats().queued, 0);
  await pool.close({ timeout: 0 });
});

// Seed 604305 of 500 requests: the next request was written on it before its end, long in the kernel, was read.
test("a connection whose response was held back is looked at before the next request", async () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
  const transport = memoryTransport({
    accept(peer) {
      if (peer.id > 1) return peer.onData(() => peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
      peer.onData(() => {
        peer.send(head + "a".repeat(70_000));
        peer.send("b".repeat(20_000));
        peer.send("c".repeat(10_000));
        peer.end();
      });
    },
  });
  const pool = createPool({ transport, maxConnectionsPerOrigin: 1 });
  const unread = await pool.request("http://a.test/");
  const next = pool.request("http://a.test/");
  await quiescence();
  assertEquals(transport.peers[0]?.paused, true);
  assertEquals((await unread.text()).length, 100_000);
  assertEquals((await next).status, 200);
  assertEquals(
    transport.peers[0]?.receivedText.match(/GET/g)?.length,
    1,
    "nothing was written on the dead one",
  );
  assertEquals([pool.stats().opened, pool.stats().retries], [2, 0]);
  await pool.close();
});
