/** A connection that could not be watched is looked at before it carries another request. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import type { RetireReason } from "../../src/contract/reasons.ts";
import { canSkipCheck, LoopMonitor, needsLivenessCheck, SharedTurns } from "../../src/pool/liveness-check.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

describe("a connection is looked at", () => {
  type Case = [
    what: string,
    careful: boolean,
    more: boolean,
    idleMs: number,
    unseenMs: number,
    looked: boolean,
  ];
  const cases: Case[] = [
    ["by a GET in the callback that read it", false, false, 0, 500, false],
    ["by a GET whose caller worked for a millisecond", false, false, 1, 500, false],
    ["by a GET whose caller worked for longer", false, false, 1.1, 500, true],
    ["by a GET while the loop came round of late", false, false, 160, 1, false],
    ["by a GET behind a loop that was unseen for 2 ms", false, false, 160, 2, true],
    ["by a GET in the callback that read it, if more may follow", false, true, 0, 0, true],
    ["by a GET if more might have followed before the loop came round", false, true, 0.5, 0.4, false],
    ["by a POST right behind a response", true, false, 0, 0, true],
    ["by a POST behind a loop that came round within a millisecond", true, false, 160, 1, false],
    ["by a POST behind a loop that was unseen for 2 ms", true, false, 160, 2, true],
  ];
  for (const [what, careful, more, idleMs, unseenMs, looked] of cases) {
    it(`${what}: ${looked ? "yes" : "no"}`, () =>
      assertEquals(needsLivenessCheck(careful, more, idleMs, unseenMs), looked));
  }

  it("by none for which that is known without asking when the loop came round", () => {
    const known = cases.filter(([, careful, more, idleMs]) => canSkipCheck(careful, more, idleMs));
    assertEquals([known.length, known.filter(([, , , , , looked]) => looked)], [2, []]);
  });
});

describe("the event loop is known to have come round", () => {
  /** How long it was unseen after some events and a turn, each told with the time at which it happens. */
  function unseen(
    reportsInBatches: boolean,
    events: readonly number[],
    turn: readonly [start: number, end: number],
  ) {
    let now = 0;
    const schedule = () => ({ cancel() {} });
    const watch = new LoopMonitor({ now: () => now, wall: () => now, schedule, turn() {}, reportsInBatches });
    now = turn[1];
    watch.turnEnded(turn[0]);
    for (const at of events) watch.loopRan(at);
    return watch.unseenMs(20);
  }

  it("since a turn began, as what comes during it may have come behind its look", () =>
    assertEquals(unseen(false, [], [10, 14]), 10));

  it("not by events, of which one look may bring many, with callers' work in between", () =>
    assertEquals(unseen(false, [14.5, 15.4, 16.3], [10, 14]), 10));

  it("by events in quick succession where all that a look brings is told at once", () =>
    assertEquals(unseen(true, [14.5, 15.4, 16.3, 18], [10, 14]), 3.6999999999999993));

  it("not by a turn that was held up itself", () => assertEquals(unseen(true, [], [3, 14]), 17));
});

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

// Seed 805636 of 500 requests of the simulation: it was blocked for a minute.
describe("when the loop is blocked while a connection is being looked at", () => {
  const cases: [what: string, method: string, blockMs: number, reused: boolean, reason?: RetireReason][] = [
    ["a POST goes out on it if it is still proven fresh", "POST", 100, true],
    ["a POST does not if it is so no more", "POST", 2500, false, "aborted"],
    ["a GET goes out on it if its time is not over", "GET", 2500, true],
    ["a GET does not if it is", "GET", 5000, false, "idle-timeout"],
  ];
  for (const [what, method, blockMs, reused, reason] of cases) {
    it(what, async () => {
      const { pool, clock, get, retired } = service({ idleTimeout: "4s", unsafeReuse: "2s" });
      await get();
      clock.holdTurns = true;
      clock.block(50);
      const answer = pool.request("http://a.test/", { method });
      await settled();
      clock.block(blockMs);
      clock.turnAround();
      clock.turnAround();
      assertEquals((await answer).connection.reused, reused);
      assertEquals(retired(), reason === undefined ? [] : [reason]);
    });
  }

  it("a GET does not if its time is over after a look of 5 ms", async () => {
    const { pool, clock, get, retired } = service({ idleTimeout: "4s" });
    await get();
    clock.holdTurns = true;
    clock.block(3996);
    const answer = pool.request("http://a.test/");
    await settled();
    clock.block(5);
    clock.turnAround();
    clock.turnAround();
    assertEquals([(await answer).connection.reused, retired()], [false, ["idle-timeout"]]);
  });

  it("it is looked at before its first request, too, if it waited for that", async () => {
    const { pool, clock, retired, transport } = service({});
    await pool.preconnect("http://a.test");
    clock.block(50);
    clock.holdTurns = true;
    const answer = pool.request("http://a.test/");
    transport.peers[0]?.send(
      "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    await settled();
    clock.turnAround();
    const { status, connection } = await answer;
    assertEquals([status, connection.id, retired()], [200, 2, ["unsolicited-data"]]);
  });

  it("it is looked at once more, as what came meanwhile was not", async () => {
    const { pool, clock, get, retired, transport } = service({});
    await get();
    clock.holdTurns = true;
    clock.block(50);
    const answer = pool.request("http://a.test/");
    await settled();
    clock.block(5);
    clock.turnAround();
    transport.peers[0]?.send(ANSWER);
    await settled();
    clock.turnAround();
    assertEquals([(await answer).connection.reused, retired()], [false, ["unsolicited-data"]]);
  });
});

describe("a turn of the event loop", () => {
  function turns() {
    const at = { now: 0, waiting: [] as (() => void)[], told: [] as string[] };
    const schedule = () => ({ cancel() {} });
    const turn = (callback: () => void) => void at.waiting.push(callback);
    const shared = new SharedTurns({ now: () => at.now, wall: () => at.now, schedule, turn });
    const take = (name: string) => shared.take(false, (disturbed) => at.told.push(`${name} ${disturbed}`));
    return { at, take, come: () => at.waiting.shift()?.() };
  }

  it("is shared by who ask within one task, and each is told before anybody else goes on", () => {
    const { at, take, come } = turns();
    take("first");
    take("second");
    assertEquals(at.waiting.length, 1);
    come();
    assertEquals(at.told, ["first false", "second false"]);
  });

  it("is not shared by who asks later: it may have begun", async () => {
    const { at, take } = turns();
    take("first");
    await settled();
    take("second");
    assertEquals(at.waiting.length, 2);
  });

  it("is disturbed if it took longer than a millisecond", () => {
    const { at, take, come } = turns();
    take("quick");
    at.now = 1;
    come();
    assertEquals(at.told, ["quick false"]);
    const slow = turns();
    slow.take("slow");
    slow.at.now = 1.1;
    slow.come();
    assertEquals(slow.at.told, ["slow true"]);
  });
});
