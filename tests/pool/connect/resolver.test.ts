/** Resolver: a lookup that hangs fails the connect attempt that started it, and no other. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../../mod.ts";
import type { PoolOptions } from "../../../src/options/options.ts";
import { memoryTransport } from "../../../transports/memory.ts";
import { MovableClock, settled } from "../../support/clock.ts";

const ADDRESS = ["192.0.2.1"];
const hangs = new Promise<never>(() => {});

/** A pool whose user's `resolve` answers by the number of its call. */
function named(
  answer: (call: number) => readonly string[] | Promise<readonly string[]>,
  options?: PoolOptions,
) {
  const clock = new MovableClock();
  const start = clock.now();
  const transport = memoryTransport({ scheduler: clock, respond: () => ({ body: "ok" }) });
  const calls: number[] = [];
  const resolve = () => {
    calls.push(clock.now() - start);
    return answer(calls.length);
  };
  const pool = createPool({ connectTimeout: "1s", ...options, transport, clock, resolve });
  /** How a request ended, and when. */
  const get = async (): Promise<string> => {
    const outcome = await pool.request("http://a.test/").then(
      (response) => `${response.status}`,
      ({ message }) => message,
    );
    return `${clock.now() - start}: ${outcome}`;
  };
  return { pool, clock, calls, get };
}

const TIMED_OUT = "Could not connect to http://a.test: timed out after 1000 ms";

describe("a lookup that never settles", () => {
  it("fails its own connect attempt by connectTimeout, and the next looks up anew", async () => {
    const { clock, calls, get } = named((call) => (call === 1 ? hangs : ADDRESS));
    const first = get();
    await clock.advance(1000);
    assertEquals(await first, `1000: ${TIMED_OUT}`);
    const second = get();
    await clock.advance(0);
    assertEquals([await second, calls], ["1000: 200", [0, 1000]]);
  });

  it("is no longer shared once the attempt that started it has given up", async () => {
    const { clock, calls, get } = named((call) => (call === 1 ? hangs : ADDRESS));
    const first = get();
    await clock.advance(900);
    const second = get();
    await clock.advance(100);
    assertEquals([await first, await second, calls], [`1000: ${TIMED_OUT}`, "1000: 200", [0, 1000]]);
  });

  it("of a refresh keeps no connect attempt waiting, and ends with the next refresh", async () => {
    const { clock, calls, get, pool } = named((call) => (call === 2 ? hangs : ADDRESS), {
      dnsRefresh: "10s",
      maxIdle: 2,
      idleTimeout: "1h",
    });
    await Promise.all([get(), clock.advance(0)]);
    await clock.advance(10_000);
    const second = pool.preconnect("http://a.test/", 2);
    await clock.advance(0);
    await second;
    await clock.advance(10_000);
    assertEquals(calls, [0, 10_000, 10_000, 20_000]);
  });

  it("whose answer comes too late is not remembered", async () => {
    let late = (_addresses: readonly string[]): void => {};
    const slow = new Promise<readonly string[]>((resolve) => {
      late = resolve;
    });
    const { clock, get, pool } = named((call) => (call === 1 ? slow : ADDRESS));
    const first = get();
    await clock.advance(1000);
    await first;
    await Promise.all([get(), clock.advance(0)]);
    late(["192.0.2.9"]);
    await settled();
    await Promise.all([get(), clock.advance(0)]);
    assertEquals(pool.stats().retired["address-gone"], undefined);
  });
});

describe("a request that finds a connect attempt which is nearly out of time", () => {
  it("is not failed with it, but gets one with its whole time", async () => {
    const { clock, calls, get, pool } = named(() => hangs);
    const gone = new AbortController();
    const first = pool.request("http://a.test/", { signal: gone.signal }).catch(() => "gone");
    await clock.advance(952);
    gone.abort();
    await first;
    const second = get();
    await clock.advance(1048);
    assertEquals([await second, calls], [`2000: ${TIMED_OUT}`, [0, 1000]]);
  });

  it("nor is a preconnect", async () => {
    const { clock, pool, calls } = named((call) => (call === 1 ? hangs : ADDRESS));
    const first = pool.preconnect("http://a.test/").catch(({ message }) => message);
    await clock.advance(952);
    const second = pool.preconnect("http://a.test/");
    await clock.advance(48);
    await second;
    assertEquals([await first, pool.stats().open, calls], [TIMED_OUT, 1, [0, 1000]]);
  });
});
