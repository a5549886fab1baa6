/** DNS refresh: a long-lived pool notices that a name has moved, and is not misled by answers that rotate. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Resolver } from "../../../src/pool/connect/resolver.ts";
import { NO_ADDRESSES } from "../../../src/rules/address-memory.ts";
import { MovableClock } from "../../support/clock.ts";
import { type NamedWorld, namedWorld } from "../../support/names.ts";

/** A pool and a name, whose addresses the test sets. */
function moving(
  addresses: readonly string[],
  options = {},
): NamedWorld & { move(to: readonly string[] | Error): void; lookups(): number } {
  let [now, lookups]: [readonly string[] | Error, number] = [addresses, 0];
  const world = namedWorld(
    () => {
      lookups += 1;
      if (now instanceof Error) throw now;
      return now;
    },
    undefined,
    { idleTimeout: Infinity, ...options },
  );
  return {
    ...world,
    lookups: () => lookups,
    move: (to) => {
      now = to;
    },
  };
}

describe("an address that is gone", () => {
  it("is noticed within dnsRefresh, and its idle connections retired", async () => {
    const { get, clock, move, retired } = moving(["192.0.2.1"]);
    await get();
    move(["192.0.2.2"]);
    await clock.advance(29_999);
    assertEquals(retired(), []);
    await clock.advance(1);
    assertEquals([retired(), await get()], [["address-gone"], "192.0.2.2"]);
  });

  it("leaves an active connection alone until it is released", async () => {
    const { pool, clock, move, retired } = moving(["192.0.2.1"], { dnsRefresh: "1s" });
    let finish: () => void = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        finish = () => controller.close();
      },
    });
    const request = pool.request("http://api.test/", { method: "POST", body });
    await clock.advance(0);
    move(["192.0.2.2"]);
    await clock.advance(1000);
    assertEquals([retired(), pool.stats().active], [[], 1]);
    finish();
    await clock.advance(0);
    await (await request).text();
    await clock.advance(0);
    assertEquals(retired(), ["address-gone"]);
  });

  it("is noticed by the lookup of a connect attempt, too", async () => {
    const { pool, clock, get, move, retired } = moving(["192.0.2.1"], { dnsRefresh: Infinity });
    await get();
    move(["192.0.2.2"]);
    await clock.advance(3_600_000 - 1);
    assertEquals(retired(), []);
    const opening = pool.preconnect("http://api.test", 2);
    await clock.advance(0);
    await opening;
    assertEquals(retired(), ["address-gone"]);
  });

  it("is not one of several that are still there", async () => {
    const { get, clock, move, retired } = moving(["192.0.2.1", "192.0.2.2"]);
    await get();
    move(["192.0.2.3", "192.0.2.1"]);
    await clock.advance(300_000);
    assertEquals(retired(), []);
  });

  for (const [what, answer] of [
    ["fails", new Error("SERVFAIL")],
    ["gives nothing", []],
  ] as const) {
    it(`is not concluded from a lookup that ${what}`, async () => {
      const { get, clock, move, retired, lookups } = moving(["192.0.2.1"]);
      await get();
      move(answer);
      await clock.advance(300_000);
      assertEquals([retired(), lookups()], [[], 11]);
    });
  }

  it("is concluded at most once from answers that rotate", async () => {
    const { get, clock, move, retired, pool } = moving(["192.0.2.1"]);
    await get();
    // One of three addresses at a time, like weighted answers. The first rotations retire something, then it is understood.
    for (let turn = 1; turn <= 12; turn++) {
      move([`192.0.2.${1 + (turn % 3)}`]);
      await clock.advance(30_000);
      await get();
    }
    assertEquals([retired().length <= 3, pool.stats().idle], [true, 1]);
    // An address that stays away for good is gone.
    const before = retired().length;
    move(["198.51.100.1"]);
    await clock.advance(11 * 60_000);
    assertEquals(retired().length, before + 1);
  });
});

describe("looking up again", () => {
  it("happens while a connection is open, and not after", async () => {
    const { get, clock, lookups } = moving(["192.0.2.1"], { idleTimeout: "45s" });
    await get();
    await clock.advance(600_000);
    assertEquals(lookups(), 2); // the connect attempt, and 30 s later
  });

  it("happens once for all connections to a name", async () => {
    const { pool, clock, lookups } = moving(["192.0.2.1"], { dnsRefresh: "10s" });
    const opening = pool.preconnect("http://api.test", 5);
    await clock.advance(0);
    await opening;
    await clock.advance(10_000);
    assertEquals(lookups(), 2);
  });

  it("does not happen for addresses", async () => {
    const { get, clock, lookups } = moving(["192.0.2.1"]);
    await get("http://192.0.2.9");
    await clock.advance(300_000);
    assertEquals(lookups(), 0);
  });

  it("is off with Infinity", async () => {
    const { get, clock, lookups } = moving(["192.0.2.1"], { dnsRefresh: Infinity });
    await get();
    await clock.advance(600_000);
    assertEquals(lookups(), 1);
  });
});

describe("the memory of names", () => {
  it("is bounded", async () => {
    const names = new Resolver(async () => ["192.0.2.1"], new MovableClock());
    const { signal } = new AbortController();
    for (let at = 0; at <= 10_000; at++) await names.lookup(`${at}.test`, signal);
    const remembered = ["0.test", "1.test", "10000.test"].map(
      (name) => names.memoryOf(name) !== NO_ADDRESSES,
    );
    assertEquals(remembered, [false, true, true]);
  });
});
