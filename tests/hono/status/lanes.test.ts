/** Lanes of the status page: how events become bars, and how many bars are kept. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertLess } from "@std/assert";
import type { PoolEvent } from "../../../src/contract/events.ts";
import { Lanes } from "../../../src/hono/status/lanes.ts";
import { BAR_RESULTS, type Bar, HISTORY_MS, MAX_LANES } from "../../../src/hono/status/protocol.ts";

const origin = "http://a.test";

function opened(connection: number): PoolEvent {
  const facts = { elapsedMs: 1, protocol: "http/1.1", remoteAddress: undefined } as const;
  return { type: "connection.opened", connection, origin, ...facts };
}

function acquired(connection: number, request: number): PoolEvent {
  const facts = { reused: false, requestNumber: 1, idleMs: 0, waitedMs: 0 };
  return { type: "connection.acquired", connection, origin, request, ...facts };
}

function released(connection: number, streams = 0): PoolEvent {
  return { type: "connection.released", connection, origin, requests: 1, streams, keepMs: 1 };
}

function retired(connection: number): PoolEvent {
  const facts = { reason: "idle-timeout", ageMs: 1, idleMs: 1, requests: 1 } as const;
  return { type: "connection.retired", connection, origin, ...facts };
}

function finished(request: number, status: number): PoolEvent {
  const facts = { method: "GET", httpVersion: "1.1", reused: false, elapsedMs: 1, resendCount: 0 } as const;
  return { type: "request.finished", request, origin, connection: 1, status, ...facts };
}

function failed(request: number): PoolEvent {
  const facts = { method: "GET", error: undefined, elapsedMs: 1, resendCount: 0 };
  return { type: "request.failed", request, origin, ...facts };
}

type Script = readonly (readonly [at: number, event: PoolEvent])[];

function lanesAfter(script: Script): Lanes {
  const lanes = new Lanes();
  for (const [at, event] of script) lanes.record(event, at);
  return lanes;
}

/** Two requests on one connection: the first from 0 to 10 with the given end, the second from `at` for 10 ms. */
function twoRequests(firstEnd: PoolEvent, at: number): Script {
  return [
    [0, opened(1)],
    [0, acquired(1, 1)],
    [10, released(1)],
    [10, firstEnd],
    [at, acquired(1, 2)],
    [at + 10, released(1)],
    [at + 10, finished(2, 200)],
  ];
}

const CASES: Record<string, [script: Script, bars: Bar[]]> = {
  "a request is a bar": [twoRequests(finished(1, 200), 500).slice(0, 4), [[0, 0, 10, 1, 1]]],
  "a request that is running has no end": [
    [
      [0, opened(1)],
      [5, acquired(1, 1)],
    ],
    [[0, 5, -1, 1, 0]],
  ],
  "a request after a long gap is a bar of its own": [
    twoRequests(finished(1, 200), 110),
    [
      [0, 0, 10, 1, 1],
      [1, 110, 120, 1, 1],
    ],
  ],
  "a request that follows closely extends the bar": [twoRequests(finished(1, 200), 109), [[0, 0, 119, 2, 1]]],
  "a status of 400 or above has its own result": [
    twoRequests(finished(1, 400), 20),
    [
      [0, 0, 10, 1, 2],
      [1, 20, 30, 1, 1],
    ],
  ],
  "a failure has its own result": [
    twoRequests(failed(1), 20),
    [
      [0, 0, 10, 1, 3],
      [1, 20, 30, 1, 1],
    ],
  ],
  "a result that is reported late goes to the right bar": [
    [...twoRequests(finished(99, 200), 500), [600, failed(1)]],
    [
      [0, 0, 10, 1, 3],
      [1, 500, 510, 1, 1],
    ],
  ],
  "a connection that ends during a request ends its bar": [
    [
      [0, opened(1)],
      [0, acquired(1, 1)],
      [30, retired(1)],
    ],
    [[0, 0, 30, 1, 0]],
  ],
};

describe("lanes", () => {
  for (const [name, [script, bars]] of Object.entries(CASES)) {
    it(name, () => {
      const [lane] = lanesAfter(script).snapshot(600);
      assertEquals(lane?.bars, bars);
    });
  }

  it("merge at most one second into one bar", () => {
    const script = Array.from(
      { length: 300 },
      (_, at): Script => [
        [at * 10, acquired(1, at)],
        [at * 10 + 9, released(1)],
        [at * 10 + 9, finished(at, 200)],
      ],
    );
    const [lane] = lanesAfter([[0, opened(1)], ...script.flat()]).snapshot(3000);
    assertEquals(lane?.bars.length, 3);
    assertEquals(lane?.requests, 300);
  });

  it("return each change once", () => {
    const lanes = lanesAfter(twoRequests(finished(1, 200), 500));
    assertEquals(lanes.changes(600)[0]?.bars.length, 2);
    assertEquals(lanes.changes(600), []);
    lanes.record(acquired(1, 3), 5000);
    assertEquals(lanes.changes(600)[0]?.bars, [[2, 5000, -1, 1, 0]]);
  });

  it("drop connections that ended before the history begins", () => {
    const lanes = lanesAfter([
      [0, opened(1)],
      [10, retired(1)],
      [20, opened(2)],
    ]);
    assertEquals(lanes.snapshot(HISTORY_MS + 9).length, 2);
    assertEquals(
      lanes.snapshot(HISTORY_MS + 10).map(({ id }) => id),
      [2],
    );
  });

  it("drop the connection retired first to make room, and never an open one", () => {
    const lanes = new Lanes();
    for (let id = 1; id <= MAX_LANES + 10; id++) lanes.record(opened(id), 0);
    assertEquals([lanes.snapshot(0).length, lanes.hidden], [MAX_LANES, 10]);
    lanes.record(retired(7), 1);
    lanes.record(opened(9999), 2);
    const ids = lanes.snapshot(2).map(({ id }) => id);
    assertEquals(
      [ids.includes(7), ids.includes(9999), ids.length, lanes.hidden],
      [false, true, MAX_LANES, 10],
    );
    lanes.record(retired(MAX_LANES + 1), 3);
    assertEquals(lanes.hidden, 9);
  });

  it("stay bounded, however much happens and with no page open", () => {
    const lanes = new Lanes();
    for (let id = 1; id <= 5000; id++) {
      lanes.record(opened(id), id);
      for (let at = 0; at < 60; at++) {
        lanes.record(acquired(id, at), id + at * 1000);
        lanes.record(released(id), id + at * 1000 + 1);
      }
      lanes.record(retired(id), id + 60_000);
    }
    const all = lanes.snapshot(60_000);
    assertEquals(all.length, MAX_LANES);
    assert(all.every(({ bars }) => bars.length <= 48));
    assertLess(JSON.stringify(all).length, 5_000_000);
    assert(lanes.changes(60_000).every(({ bars }) => bars.length <= 48));
  });
});

describe("a lane of a connection that carries several requests", () => {
  const h2 = (connection: number): PoolEvent => ({ ...opened(connection), protocol: "h2" }) as PoolEvent;

  it("says how many, and has one bar for those that overlap", () => {
    const lanes = new Lanes();
    lanes.record(h2(1), 0);
    for (const request of [1, 2, 3]) lanes.record(acquired(1, request), 10 * request);
    const [busy] = lanes.changes(40);
    assertEquals([busy?.protocol, busy?.streams, busy?.state], ["h2", 3, "active"]);
    assertEquals(busy?.bars, [[0, 10, -1, 3, BAR_RESULTS.running, 3]]);
    lanes.record(released(1, 2), 50);
    assertEquals(
      lanes.changes(50).map(({ streams, state }) => [streams, state]),
      [[2, "active"]],
    );
    lanes.record(released(1, 1), 60);
    lanes.record(released(1, 0), 70);
    const [idle] = lanes.changes(70);
    assertEquals([idle?.streams, idle?.state], [undefined, "idle"]);
    assertEquals(idle?.bars, [[0, 10, 70, 3, BAR_RESULTS.running, 3]]);
  });

  it("gets a new bar now and then, though it is never idle", () => {
    const lanes = new Lanes();
    lanes.record(h2(1), 0);
    lanes.record(acquired(1, 1), 0);
    lanes.record(acquired(1, 2), 999);
    lanes.record(acquired(1, 3), 1000);
    const [lane] = lanes.snapshot(1000);
    assertEquals(
      lane?.bars.map(([, start, end, requests]) => [start, end, requests]),
      [
        [0, 1000, 2],
        [1000, -1, 1],
      ],
    );
  });
});
