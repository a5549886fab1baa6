/** Warmth: connections that are kept ready while an origin is in use, and replaced before they expire. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Rules } from "../../../src/rules/rules.ts";
import { replaceAt, restMs } from "../../../src/rules/warm.ts";
import { CoreDriver } from "../../support/core-driver.ts";

const warm = (changes: Partial<Rules> = {}) =>
  new CoreDriver({ minIdle: 2, minIdleForMs: 60_000, idleTimeoutMs: 10_000, ...changes });

/** The numbers of what is being opened. */
const opening = (pool: CoreDriver) =>
  [...pool.connections.values()].flatMap(({ id, state }) => (state === "connecting" ? [id] : []));

function openAll(pool: CoreDriver): string[] {
  return opening(pool).flatMap((id) => pool.connected(id));
}

const readyOf = (pool: CoreDriver) => pool.core.origins.find("http://a")?.idle.size;

describe("an origin that is kept warm", () => {
  it("has as many connections ready as its rules say, from its first request on", () => {
    const pool = warm();
    assertEquals(pool.acquire("a", "x"), ["connect 1 a", "queue x (1)", "connect 2 a", "connect 3 a"]);
    openAll(pool);
    assertEquals(readyOf(pool), 2);
    assertEquals(pool.acquire("a", "y"), ["grant y 3", "connect 4 a"]);
    assertEquals(pool.connected(4), ["park 4"]);
    assertEquals(pool.acquire("b", "other").length, 4);
  });

  it("has a connection opened in place of each that is lost", () => {
    const pool = warm();
    pool.acquire("a", "x");
    openAll(pool);
    assertEquals(pool.at(2000).lost(2, "slept"), ["close 2: slept", "connect 4 a"]);
    assertEquals(pool.drain("a"), ["close 3: origin-drained", "connect 5 a"]);
  });

  it("has each replaced before it expires: the next one is ready before the old one ends", () => {
    const pool = warm({ minIdle: 1 });
    pool.acquire("a", "x");
    openAll(pool);
    assertEquals(pool.core.wakeAt(), 9000);
    assertEquals(pool.at(9000).tick(), ["connect 3 a"]);
    assertEquals(pool.at(9100).connected(3), ["park 3", "close 2: replaced"]);
    assertEquals(readyOf(pool), 1);
  });

  it("is out of use some time after its last request, and then its connections expire", () => {
    const pool = warm({ minIdle: 1, minIdleForMs: 15_000 });
    pool.acquire("a", "x");
    openAll(pool);
    pool.at(100).release(1);
    assertEquals(pool.at(9000).tick().length, 0);
    assertEquals(pool.at(9100).tick(), ["connect 3 a"]);
    pool.at(9200).connected(3);
    assert(pool.core.origins.open > 0);
    pool.at(18_200).tick();
    assertEquals(opening(pool), []);
    pool.at(19_200).tick();
    assertEquals([pool.core.origins.open, pool.core.wakeAt()], [0, Infinity]);
  });

  it("never has more than its limit, and closes nothing for it", () => {
    const pool = warm({ maxConnectionsPerOrigin: 2 });
    pool.acquire("a", "x");
    openAll(pool);
    assertEquals([pool.core.origins.open, readyOf(pool)], [2, 1]);
    pool.acquire("a", "y");
    assertEquals(pool.core.origins.open, 2);
    const shared = warm({ maxConnections: 3 });
    shared.acquire("b", "busy");
    shared.acquire("a", "x");
    assertEquals(shared.core.origins.open, 3);
  });

  it("rests after connections that the server does not keep, longer each time, until one was of use", () => {
    const pool = warm({ minIdle: 1 });
    pool.acquire("a", "x");
    openAll(pool);
    for (const restsMs of [1000, 2000, 4000]) {
      const [id] = [...pool.connections.values()].flatMap(({ id, state }) => (state === "idle" ? [id] : []));
      const before = pool.now;
      assertEquals(pool.lost(id as number, "peer-closed"), [`close ${id}: peer-closed`]);
      assertEquals(pool.core.wakeAt(), before + restsMs);
      pool.at(before + restsMs).tick();
      openAll(pool);
    }
    pool.at(pool.now + 1).acquire("a", "y");
    assertEquals(pool.core.origins.find("http://a")?.warm?.failures, 0);
  });

  it("counts a connection that several requests share as ready while it has room", () => {
    const pool = warm({ minIdle: 1 });
    pool.acquire("a", "x");
    pool.connected(1, 0, 3);
    const [second] = opening(pool);
    pool.connected(second as number, 0, 3);
    assertEquals(pool.acquire("a", "y").length, 1);
    assertEquals(opening(pool), []);
  });

  it("opens nothing for a pool that is closed", () => {
    const pool = warm();
    pool.acquire("a", "x");
    openAll(pool);
    pool.close();
    pool.release(1);
    assertEquals([pool.core.origins.open, pool.core.wakeAt()], [0, Infinity]);
  });
});

describe("the laws of warmth", () => {
  it("a replacement begins in the second half of the idle time; rests grow, and are bounded", () => {
    const someMs = fc.double({ min: 0, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(
        someMs,
        someMs,
        fc.oneof(someMs, fc.constant(Infinity)),
        (idleSince, keptMs, roundTripMs) => {
          const endsAt = idleSince + keptMs;
          const at = replaceAt(idleSince, endsAt, roundTripMs);
          assert(at <= endsAt && at >= idleSince + keptMs / 2 - 1e-6);
          assertEquals(replaceAt(idleSince, Infinity, roundTripMs), Infinity);
        },
      ),
    );
    fc.assert(
      fc.property(fc.nat(2000), (failures) => {
        assert(restMs(failures) <= restMs(failures + 1) && restMs(failures) <= 60_000);
      }),
    );
  });

  it("never fewer ready than wanted while in use and unlimited, and never more than the limit", () => {
    const someStep = fc.record({ kind: fc.constantFrom(...STEPS), pick: fc.nat(9) });
    const someSteps = fc.array(someStep, { maxLength: 60 });
    fc.assert(
      fc.property(someSteps, fc.integer({ min: 1, max: 3 }), (steps, minIdle) => {
        const pool = warm({ minIdle, maxConnectionsPerOrigin: 8 });
        pool.acquire("a", "first");
        for (const [index, { kind, pick }] of steps.entries()) {
          pool.now += 100 * pick;
          pool.tick();
          take(pool, kind, pick, `r${index}`);
          const { open } = pool.core.origins;
          const waiting = pool.core.origins.find("http://a")?.waiters.size ?? 0;
          const ready = idsOf(pool, "idle").length + idsOf(pool, "connecting").length - waiting;
          assert(open <= 8);
          assert(ready >= minIdle || open === 8, `${ready} ready`);
        }
      }),
    );
  });
});

const STEPS = ["acquire", "release", "open", "lose", "wake"] as const;

function idsOf(pool: CoreDriver, wanted: string): number[] {
  return [...pool.connections.values()].flatMap(({ id, state }) => (state === wanted ? [id] : []));
}

/** One request is under way at least, so that the origin is in use. */
function take(pool: CoreDriver, kind: (typeof STEPS)[number], pick: number, name: string): void {
  const one = (state: string) => idsOf(pool, state)[pick % Math.max(1, idsOf(pool, state).length)];
  const [connecting, active, idle] = [one("connecting"), one("active"), one("idle")];
  if (kind === "acquire") pool.acquire("a", name);
  if (kind === "open" && connecting !== undefined) pool.connected(connecting);
  if (kind === "release" && active !== undefined && idsOf(pool, "active").length > 1) pool.release(active);
  if (kind === "lose" && idle !== undefined && pool.now - pool.connection(idle).openedAt >= 1000)
    pool.lost(idle, "slept");
  if (kind === "wake" && pool.core.wakeAt() < Infinity)
    pool.at(Math.max(pool.now, pool.core.wakeAt())).tick();
}
