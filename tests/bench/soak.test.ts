/** A short run of bench/soak, on this runtime: too short for memory, long enough to find what is never released. */

import { describe, it } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import type { Sample } from "../../bench/soak/protocol.ts";
import { soak } from "../../bench/soak/run.ts";
import { verdict } from "../../bench/soak/verdict.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import { here } from "./here.ts";

describe("soak", () => {
  it("leaves no connection active after careless users, and none open after close()", {
    timeout: 5 * PATIENCE_MS,
  }, async () => {
    const given = {
      server: here,
      runtime: here,
      rounds: 2,
      roundMs: 300,
      settleMs: 200,
      seed: 1,
      sampled: () => {},
    };
    const samples = await soak(given);
    const quiet = samples.filter(({ state }) => state === "quiet");
    assertEquals(quiet.length, 2);
    for (const { requests, collected, active } of quiet) {
      assertGreater(requests, 10);
      assertEquals({ collected, active }, { collected: true, active: 0 });
    }
    assertEquals(
      verdict(samples).filter(({ ok }) => !ok),
      [],
    );
  });
});

describe("the soak's verdict", () => {
  const MIB = 1024 * 1024;
  const calm: Sample = {
    state: "quiet",
    collected: true,
    requests: 1,
    failures: 0,
    heapBefore: 20 * MIB,
    heap: 10 * MIB,
    rss: 100 * MIB,
    open: 5,
    active: 0,
    idle: 5,
    sockets: 5,
    files: 30,
  };
  const none = { open: 0, idle: 0, sockets: 0, files: 25 };

  function complaints(change: (sample: Sample, index: number) => Partial<Sample>, ...end: Partial<Sample>[]) {
    const quiet = Array.from({ length: 16 }, (_, index) => ({ ...calm, ...change(calm, index) }));
    const closed = { ...calm, ...none, state: "closed" as const, ...end[0] };
    const samples = [{ ...calm, ...none, state: "fresh" as const }, ...quiet, closed];
    return verdict(samples).flatMap(({ ok, what }) => (ok ? [] : [what.replace(/[:(].*/, "").trim()]));
  }

  it("accepts figures that stay flat", () => {
    assertEquals(
      complaints(() => ({})),
      [],
    );
  });

  it("reports memory that grows, and sockets that stay", () => {
    assertEquals(
      complaints((_, index) => ({ heap: (10 + index) * MIB })),
      ["heap after collection"],
    );
    assertEquals(
      complaints((_, index) => ({ rss: (100 + 10 * index) * MIB })),
      ["resident memory"],
    );
    assertEquals(
      complaints((_, index) => ({ sockets: index === 9 ? 6 : 5 })),
      ["while quiet, pool and servers agree on what is open"],
    );
    assertEquals(
      complaints((_, index) => ({ active: index === 9 ? 1 : 0 })),
      ["while quiet, no connection is active"],
    );
    assertEquals(
      complaints(() => ({}), { sockets: 1 }),
      ["after close"],
    );
    assertEquals(
      complaints(() => ({}), { files: 40 }),
      ["file descriptors"],
    );
  });
});
