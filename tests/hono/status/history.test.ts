/** The history of the status page, counted in buckets of two seconds. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { PoolEvent } from "../../../src/contract/events.ts";
import { History } from "../../../src/hono/status/history.ts";
import { BUCKET_MS, HISTORY_MS } from "../../../src/hono/status/protocol.ts";

const about = { origin: "http://a.test", connection: 1, request: 1 };

function acquired(reused: boolean): PoolEvent {
  return { type: "connection.acquired", ...about, reused, requestNumber: 1, idleMs: 0, waitedMs: 0 };
}

function retired(reason: "idle-timeout" | "aborted"): PoolEvent {
  return { type: "connection.retired", ...about, reason, ageMs: 1, idleMs: 0, requests: 1 };
}

const failed: PoolEvent = {
  type: "request.failed",
  ...about,
  method: "GET",
  error: undefined,
  elapsedMs: 1,
  resendCount: 0,
};

describe("the history", () => {
  it("counts each bucket separately, and has none for a span in which nothing happened", () => {
    const history = new History();
    history.record(acquired(false), 0);
    history.record(acquired(true), BUCKET_MS - 1);
    history.record(failed, BUCKET_MS);
    history.record(retired("aborted"), BUCKET_MS);
    history.record(retired("idle-timeout"), 3 * BUCKET_MS);
    history.record(retired("idle-timeout"), 3 * BUCKET_MS);
    assertEquals(history.since(0), [
      { at: 0, requests: 2, reused: 1, failed: 0, retried: 0, retired: {} },
      { at: 1, requests: 0, reused: 0, failed: 1, retried: 0, retired: { aborted: 1 } },
      { at: 3, requests: 0, reused: 0, failed: 0, retried: 0, retired: { "idle-timeout": 2 } },
    ]);
  });

  it("returns the buckets from the given time on", () => {
    const history = new History();
    for (let at = 0; at < 10; at++) history.record(failed, at * BUCKET_MS);
    assertEquals(
      history.since(8 * BUCKET_MS + 1).map(({ at }) => at),
      [8, 9],
    );
  });

  it("keeps five minutes and no more", () => {
    const history = new History();
    for (let at = 0; at < 1000; at++) history.record(failed, at * BUCKET_MS);
    assertEquals(history.since(-Infinity).length, HISTORY_MS / BUCKET_MS);
  });
});
