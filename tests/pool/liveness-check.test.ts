/** Liveness check: which connections are checked before they carry another request, and what a check finds. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { type StoppingClock, systemClock } from "../../src/contract/clock.ts";
import type { RetireReason } from "../../src/contract/reasons.ts";
import {
  canSkipCheck,
  LoopMonitor,
  needsLivenessCheck,
  SharedTurns,
  toleratedMs,
} from "../../src/pool/liveness-check.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

/** A clock that stands still, as on Workers. It counts the turns of the event loop that were asked for: each is a look. */
function stoppedClock() {
  return {
    looks: 0,
    stops: true,
    now: () => 0,
    wall: () => 0,
    schedule: () => ({ cancel() {} }),
    turn(callback: () => void) {
      this.looks += 1;
      queueMicrotask(callback);
    },
  };
}

describe("a connection is checked", () => {
  type Case = [
    what: string,
    careful: boolean,
    more: boolean,
    idleMs: number,
    unseenMs: number,
    checked: boolean,
  ];
  const cases: Case[] = [
    ["by a GET in the callback that read it", false, false, 0, 500, false],
    ["by a GET whose caller worked for a millisecond", false, false, 1, 500, false],
    ["by a GET whose caller worked for longer", false, false, 1.1, 500, true],
    ["by a GET while the loop has run of late", false, false, 160, 1, false],
    ["by a GET behind a loop that has not run for 2 ms", false, false, 160, 2, true],
    ["by a GET in the callback that read it, if more may follow", false, true, 0, 0, true],
    ["by a GET if more might have followed before the loop ran", false, true, 0.5, 0.4, false],
    ["by a POST right behind a response", true, false, 0, 0, true],
    ["by a POST behind a loop that ran within a millisecond", true, false, 160, 1, false],
    ["by a POST behind a loop that has not run for 2 ms", true, false, 160, 2, true],
  ];
  for (const [what, careful, more, idleMs, unseenMs, checked] of cases) {
    it(`${what}: ${checked ? "yes" : "no"}`, () =>
      assertEquals(needsLivenessCheck(careful, more, idleMs, unseenMs), checked));
  }

  it("by none that may skip the check", () => {
    const known = cases.filter(([, careful, more, idleMs]) => canSkipCheck(careful, more, idleMs));
    assertEquals([known.length, known.filter(([, , , , , checked]) => checked)], [2, []]);
  });
});

describe("the event loop is known to have handled every socket", () => {
  /** How long ago that was, after a turn and some events at these times. */
  function unseen(
    reportsInBatches: boolean,
    events: readonly number[],
    turn: readonly [start: number, end: number],
  ) {
    let now = 0;
    const schedule = () => ({ cancel() {} });
    const loop = new LoopMonitor({ now: () => now, wall: () => now, schedule, turn() {}, reportsInBatches });
    now = turn[1];
    loop.turnEnded(turn[0]);
    for (const at of events) loop.loopRan(at);
    return loop.unseenMs(20);
  }

  it("since a turn began: what came during the turn may not have been handled", () =>
    assertEquals(unseen(false, [], [10, 14]), 10));

  it("not by events: the kernel reports several at once, with callers' work in between", () =>
    assertEquals(unseen(false, [14.5, 15.4, 16.3], [14, 14.2]), 6));

  it("by events in quick succession, if the runtime reports in batches", () =>
    assertEquals(unseen(true, [14.5, 15.4, 16.3, 18], [10, 14]), 3.6999999999999993));

  it("not by a turn that was delayed itself", () => assertEquals(unseen(true, [], [3, 14]), 17));
});

describe("after a blocked loop", () => {
  it("the first event proves nothing about the other connections", async () => {
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
    /** Everything under way arrives, and the loop takes a turn. */
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
    // The loop is blocked; meanwhile an answer came on one connection, and unsolicited bytes on the other.
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

// Seed 805636 of the simulation with 500 requests: the loop was blocked for a minute.
describe("when the loop is blocked during a check", () => {
  const cases: [what: string, method: string, blockMs: number, reused: boolean, reason?: RetireReason][] = [
    ["a POST uses the connection if it is still proven fresh", "POST", 100, true],
    ["a POST does not if it no longer is", "POST", 2500, false, "aborted"],
    ["a GET uses the connection if no limit is over", "GET", 2500, true],
    ["a GET does not if one is", "GET", 5000, false, "idle-timeout"],
  ];
  for (const [what, method, blockMs, reused, reason] of cases) {
    it(what, async () => {
      const { pool, clock, get, retired } = service({ idleTimeout: "4s", unsafeReuse: "2s" });
      await get();
      clock.manualTurns = true;
      clock.block(50);
      const answer = pool.request("http://a.test/", { method });
      await settled();
      clock.block(blockMs);
      clock.endTurn();
      clock.endTurn();
      assertEquals((await answer).connection.reused, reused);
      assertEquals(retired(), reason === undefined ? [] : [reason]);
    });
  }

  it("a GET does not if a limit is over after a check of 5 ms", async () => {
    const { pool, clock, get, retired } = service({ idleTimeout: "4s" });
    await get();
    clock.manualTurns = true;
    clock.block(3996);
    const answer = pool.request("http://a.test/");
    await settled();
    clock.block(5);
    clock.endTurn();
    clock.endTurn();
    assertEquals([(await answer).connection.reused, retired()], [false, ["idle-timeout"]]);
  });

  it("a preconnected connection is checked before its first request, too", async () => {
    const { pool, clock, retired, transport } = service({});
    await pool.preconnect("http://a.test");
    clock.block(50);
    clock.manualTurns = true;
    const answer = pool.request("http://a.test/");
    transport.peers[0]?.send(
      "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    await settled();
    clock.endTurn();
    const { status, connection } = await answer;
    assertEquals([status, connection.id, retired()], [200, 2, ["unsolicited-data"]]);
  });

  it("the connection is checked once more: what came meanwhile was not handled", async () => {
    const { pool, clock, get, retired, transport } = service({});
    await get();
    clock.manualTurns = true;
    clock.block(50);
    const answer = pool.request("http://a.test/");
    await settled();
    clock.block(5);
    clock.endTurn();
    transport.peers[0]?.send(ANSWER);
    await settled();
    clock.endTurn();
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

  it("is shared by all that ask within one task, and ends for all before any other code runs", () => {
    const { at, take, come } = turns();
    take("first");
    take("second");
    assertEquals(at.waiting.length, 1);
    come();
    assertEquals(at.told, ["first false", "second false"]);
  });

  it("is not shared by one that asks later: the turn may have begun", async () => {
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

describe("a clock that stands still during computation", () => {
  /** How often the loop is looked at before a request on a connection that was idle for 100 ms, right after an event. */
  async function looks(stops: StoppingClock, method: string): Promise<number> {
    let [now, count] = [0, 0];
    const clock = {
      now: () => now,
      wall: () => now,
      schedule: () => ({ cancel() {} }),
      turn(callback: () => void) {
        count += 1;
        queueMicrotask(callback);
      },
      stops,
    };
    const pool = createPool({
      transport: memoryTransport({ respond: () => ({}) }),
      clock,
      unsafeReuse: "1h",
    });
    const send = async (by: string): Promise<unknown> =>
      (await pool.request("http://a.test/", { method: by })).text();
    await send("GET");
    now = 100;
    // The look before this one proves that the loop has run, as far as the clock goes.
    await send("GET");
    now = 200;
    await (await pool.request("http://b.test/")).text();
    count = 0;
    await pool.request("http://b.test/").then((response) => response.text());
    now = 250;
    await send("GET");
    count = 0;
    await pool.request("http://b.test/", { method }).then((response) => response.text());
    return count;
  }

  it("is not asked whether the loop was blocked, and where little is computed only for a request that cannot be sent twice", async () => {
    const of = async (stops: StoppingClock) => [await looks(stops, "POST"), await looks(stops, "GET")];
    assertEquals(
      [await of(false), await of(true), await of("briefly")],
      [
        [0, 0],
        [1, 1],
        [1, 0],
      ],
    );
  });

  it("may not have been seen to run for 10 ms where little is computed", () => {
    const looks = (stops: StoppingClock, unseenMs: number) =>
      needsLivenessCheck(false, false, 50, unseenMs, toleratedMs({ ...systemClock, stops }));
    assertEquals(
      [looks(false, 2), looks(true, 2), looks("briefly", 10), looks("briefly", 11)],
      [true, true, false, true],
    );
    assertEquals(needsLivenessCheck(true, false, 5, 0, 10), true, "a careful one right behind a response");
  });

  it("takes a look at a connection that was opened ahead, however short it seems to be idle", async () => {
    const clock = stoppedClock();
    const pool = createPool({ transport: memoryTransport({ respond: () => ({}) }), clock });
    await (await pool.request("http://a.test/", { method: "POST" })).text();
    assertEquals(clock.looks, 0, "opened for the request");
    await pool.preconnect("http://b.test");
    await (await pool.request("http://b.test/", { method: "POST" })).text();
    assertEquals(clock.looks, 1);
  });

  it("takes no look where the end of a response hands the connection on", async () => {
    const clock = stoppedClock();
    const transport = memoryTransport({ respond: () => ({}) });
    const pool = createPool({ transport, clock, maxConnectionsPerOrigin: 1 });
    const all = [1, 2, 3].map(() => pool.request("http://a.test/").then((response) => response.text()));
    await Promise.all(all);
    assertEquals([clock.looks, pool.stats().opened, pool.stats().reused], [0, 1, 2]);
  });
});
