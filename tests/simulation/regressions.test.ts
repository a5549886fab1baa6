/** Faults of the library that the simulation found, each as the smallest case that shows it. */

import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Clock, createPool } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { MovableClock } from "../support/clock.ts";
import { Agenda, LANE } from "./agenda.ts";
import { quiescence } from "./pump.ts";

// Seed 75 of 500 requests: while the upload was being stopped, its end was reported and ended the exchange a second
// time.
test("an upload whose last piece is not yet written is over when the response is", async () => {
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
  // The rest is not read, because the connection ends anyway.
  assertEquals(pool.stats().retired, { "unread-body": 1 });
  await pool.close();
});

/** A clock that runs by an agenda. */
function clockOf(agenda: Agenda): Clock {
  return {
    now: () => agenda.now,
    wall: () => agenda.now,
    schedule: (ms, callback) => agenda.schedule(LANE.timer, ms, callback),
    turn: (callback) => void agenda.schedule(LANE.turn, 0, callback),
  };
}

// Seed 19 of 200 requests: a request that was refused at once still set its deadline.
test("a request to a closed pool leaves no timer behind", async () => {
  const agenda = new Agenda();
  const pool = createPool({ transport: memoryTransport({ respond: () => ({}) }), clock: clockOf(agenda) });
  await pool.close();
  await assertRejects(() => pool.request("http://a.test/", { requestTimeout: "1s" }));
  assertEquals(agenda.waiting[LANE.timer], 0);
});

// Seeds 46, 121 and 487 of 300 requests: after the liveness check, its idle time started anew.
test("a liveness check for a request that is aborted does not restart the idle time", async () => {
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
  assertEquals(pool.stats().idle, 0, "its 100 ms of idle time have passed");
  const { connection } = await pool.request("http://a.test/");
  assertEquals(connection.reused, false);
  await pool.close();
});

// Seeds 25 and 299 of 300 requests, with listeners that act: its waiter stayed in the queue for ever.
test("a request that is aborted by a listener of its own request.queued event leaves the queue", async () => {
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

// Seed 604305 of 500 requests: the next request was written before the connection's end, which was in the kernel, was
// read.
test("a connection whose response was paused gets a liveness check before the next request", async () => {
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
    "nothing was written on the dead connection",
  );
  assertEquals([pool.stats().opened, pool.stats().retries], [2, 0]);
  await pool.close();
});

// Seeds 120736 and 120830 of 300 requests: it was sent again, when there was a connection for it.
test("a doubted request whose connection is lost after part of a head fails, and is not sent again", async () => {
  const clock = new MovableClock();
  const written: number[] = [];
  const transport = memoryTransport({
    scheduler: clock,
    connect: () => ({ outcome: "accept", delayMs: 1000 }),
    accept(peer) {
      peer.onData(() => {
        written.push(peer.id);
        if (written.length !== 2) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      });
    },
  });
  const pool = createPool({ transport, clock, doubt: { after: "1s" } });
  const first = pool.request("http://a.test/");
  await clock.advance(2000);
  await (await first).text();
  await clock.advance(1000);
  const doubted = assertRejects(() => pool.request("http://a.test/"), Error, "The peer reset the connection");
  await clock.advance(1500);
  assertEquals(pool.stats().connecting, 1);
  transport.peers[0]?.send("HTTP/1.1 2");
  transport.peers[0]?.reset();
  await clock.advance(2000);
  await doubted;
  assertEquals(written, [1, 1]);
  await pool.close();
});
