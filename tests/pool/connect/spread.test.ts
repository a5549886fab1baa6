/** Spread: where the connections to a name with several addresses go. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { PoolOptions } from "../../../mod.ts";
import type { MemoryOutcome } from "../../../transports/memory.ts";
import { settled } from "../../support/clock.ts";
import { service } from "../../support/service.ts";

const NAME = "http://many.test/";
const ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

/** A pool whose server does not answer, and how many connections each address has. */
function spreading(
  options: PoolOptions,
  outcomeOf: (address: string | undefined) => MemoryOutcome = () => "accept",
) {
  const known = [...ADDRESSES];
  const world = service({ resolve: () => known, random: () => 0, ...options }, undefined, {
    respond: undefined,
    accept: () => {},
    connect: ({ address }) => outcomeOf(address),
  });
  const counts = () => {
    const open = world.transport.peers
      .filter(({ state }) => state === "open")
      .map(({ target }) => target.address);
    return known.map((address) => open.filter((each) => each === address).length);
  };
  const ask = async (times: number) => {
    for (let asked = 0; asked < times; asked++) world.pool.request(NAME).catch(() => {});
    await settled();
  };
  return { ...world, known, counts, ask };
}

describe("spread", () => {
  it('of "first" sends all connections to the first address', async () => {
    const { counts, ask } = spreading({});
    await ask(6);
    assertEquals(counts(), [6, 0, 0]);
  });

  it('of "all" sends each to the address that has the fewest, those being opened included', async () => {
    const { counts, ask } = spreading({ spread: "all" });
    await ask(6);
    assertEquals(counts(), [2, 2, 2]);
    await ask(1);
    assertEquals(counts(), [3, 2, 2]);
  });

  it("may be set for one origin", async () => {
    const { counts, ask } = spreading({ origins: { "http://many.test": { spread: "all" } } });
    await ask(3);
    assertEquals(counts(), [1, 1, 1]);
  });

  it("avoids an address that lately failed, and comes back to it when it has been long enough", async () => {
    let down = true;
    const { counts, ask, clock } = spreading({ spread: "all", headersTimeout: Infinity }, (address) =>
      down && address === ADDRESSES[0] ? "refused" : "accept",
    );
    await ask(1);
    await ask(3);
    assertEquals(counts(), [0, 2, 2]);
    down = false;
    await clock.advance(11 * 60_000);
    await ask(1);
    assertEquals(counts(), [1, 2, 2]);
  });

  it("fills an address that is new to the name first", async () => {
    const { counts, ask, known } = spreading({ spread: "all", dnsRefresh: "1s" });
    await ask(6);
    known.push("10.0.0.4");
    await ask(2);
    assertEquals(counts(), [2, 2, 2, 2]);
  });

  it("never lets two addresses differ by more than one, whatever is drawn", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (times, drawn) => {
          const { counts, ask } = spreading({ spread: "all", random: () => drawn });
          await ask(times);
          assert(Math.max(...counts()) - Math.min(...counts()) <= 1);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("minIdle over a real transport's shell", () => {
  it("opens, tells and replaces, and leaves nothing behind after close", async () => {
    const world = service({ minIdle: 2, idleTimeout: "10s" });
    await world.get();
    await settled();
    assertEquals(world.pool.stats().idle, 3);
    await world.clock.advance(9500);
    assertEquals(world.retired().includes("replaced"), true);
    assertEquals(world.pool.stats().idle >= 2, true);
    assertEquals(
      world.pool.explain("http://a.test").rules.find(({ rule }) => rule === "minIdle")?.value,
      "2, for 5m after a request",
    );
    await world.pool.close();
    assertEquals(world.pool.stats().open, 0);
  });

  it("ends when the origin has been out of use", async () => {
    const world = service({ minIdle: { count: 1, for: "20s" }, idleTimeout: "10s" });
    await world.get();
    await world.clock.advance(60_000);
    assertEquals(world.pool.stats().open, 0);
  });
});
