import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { CoreDriver } from "../../support/core-driver.ts";

describe("maxQueue", () => {
  it("counts only requests that nothing is being opened for", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 2, maxQueue: 1 });
    pool.acquire("a", "connects 1");
    pool.acquire("a", "connects 2");
    assertEquals(pool.acquire("a", "waits"), ["queue waits (3)"]);
    assertEquals(pool.acquire("a", "too many"), ["reject too many: queue-full"]);
    assertEquals(pool.acquire("b", "elsewhere"), ["connect 3 b", "queue elsewhere (1)"]);
  });

  it("of 0 lets no request wait without a connect attempt", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1, maxQueue: 0 });
    assertEquals(pool.acquire("a", "x"), ["connect 1 a", "queue x (1)"]);
    assertEquals(pool.acquire("a", "y"), ["reject y: queue-full"]);
  });

  it("has room again when a waiter leaves, in any way", () => {
    const ways: Record<string, (pool: CoreDriver) => unknown> = {
      served: (pool) => pool.release(1),
      cancelled: (pool) => pool.cancel("waits"),
      "timed out": (pool) => pool.at(100).tick(),
    };
    for (const [way, leave] of Object.entries(ways)) {
      const pool = new CoreDriver({ maxConnectionsPerOrigin: 1, maxQueue: 1 }, 100);
      pool.open("a", "x");
      pool.acquire("a", "waits");
      leave(pool);
      assertEquals(pool.acquire("a", "next"), ["queue next (1)"], way);
    }
  });

  it("does not reject a request that has a connect attempt because of others that may exceed it", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1, maxQueue: 0 });
    pool.open("a", "x");
    const stale = pool.park("b");
    pool.acquire("b", "second try");
    pool.release(stale, "peer-closed");
    pool.open("b", "busy");
    assertEquals(pool.acquire("b", "second try", { again: true }), []);
    assertEquals(pool.core.origins.waitersWithoutAttempt, 1);
    assertEquals(pool.acquire("c", "y"), ["connect 4 c", "queue y (1)"]);
  });
});

describe("acquireTimeout", () => {
  it("refuses a request at that moment, not before", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, 100);
    pool.open("a", "x");
    pool.at(50).acquire("a", "y");
    assertEquals(pool.core.wakeAt(), 150);
    assertEquals(pool.at(149).tick(), []);
    assertEquals(pool.at(150).tick(), ["reject y: acquire-timeout"]);
    assertEquals(pool.core.wakeAt(), Infinity);
  });

  it("covers the time that a connect attempt takes", () => {
    const pool = new CoreDriver({}, 100);
    pool.acquire("a", "x");
    assertEquals(pool.at(100).tick(), ["reject x: acquire-timeout"]);
    assertEquals(pool.connected(1), ["park 1"]);
  });

  it("comes before a connection that is released at the same moment", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, 100);
    pool.open("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.at(100).release(1), ["reject y: acquire-timeout", "park 1"]);
  });

  it("is counted from the first call for a request that asks again", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, 100);
    pool.park("a");
    pool.at(10).acquire("a", "x");
    pool.at(30).release(1, "peer-closed");
    pool.open("a", "busy");
    assertEquals(pool.acquire("a", "x", { again: true }), []);
    assertEquals(pool.core.wakeAt(), 110);
    assertEquals(pool.at(110).tick(), ["reject x: acquire-timeout"]);
  });

  it("is not late for waiters behind one that asks again", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, 100);
    pool.open("a", "busy a");
    pool.park("b");
    pool.at(10).acquire("a", "older");
    pool.at(20).acquire("b", "younger");
    pool.at(30).release(2, "peer-closed");
    pool.open("b", "busy b");
    pool.acquire("b", "younger", { again: true });
    assertEquals(pool.core.wakeAt(), 110);
    assertEquals(pool.at(110).tick(), ["reject older: acquire-timeout"]);
    assertEquals(pool.at(120).tick(), ["reject younger: acquire-timeout"]);
  });

  it("refuses at once a request that asks again after it, unless a connection is idle", () => {
    const pool = new CoreDriver({}, 100);
    pool.park("a");
    pool.acquire("a", "x");
    pool.at(200).release(1, "peer-closed");
    assertEquals(pool.acquire("a", "x", { again: true }), ["reject x: acquire-timeout"]);
  });

  it("says nothing to a request that was cancelled before, though it is noticed later", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, 100);
    pool.open("a", "x");
    pool.acquire("a", "left");
    pool.acquire("a", "stayed");
    assertEquals(pool.at(200).cancel("left"), ["reject stayed: acquire-timeout"]);
  });

  it("of Infinity never refuses", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.open("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.core.wakeAt(), Infinity);
    assertEquals(pool.at(1e15).tick(), []);
  });
});

describe("a request that asks again", () => {
  it("is first among those of its origin", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.park("a");
    pool.acquire("a", "x");
    pool.acquire("a", "1st");
    pool.acquire("a", "2nd");
    // Its connection was found dead: it asks again before the pool opens another.
    assertEquals(pool.release(1, "peer-closed"), ["close 1: peer-closed", "connect 2 a"]);
    pool.acquire("a", "x", { again: true });
    assertEquals(pool.connected(2), ["grant x 2"]);
    assertEquals(pool.release(2), ["grant 1st 2"]);
  });
});

describe("a resend (fresh)", () => {
  it("takes no idle connection, not even an unused one", () => {
    const pool = new CoreDriver();
    pool.preconnect("a", 1);
    pool.connected(1);
    assertEquals(pool.acquire("a", "x", { fresh: true }), ["connect 2 a", "queue x (1)"]);
    assertEquals(pool.connected(2), ["grant x 2"]);
  });

  it("lets a released connection go to the next waiter that may have it", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 2 });
    pool.open("a", "1");
    pool.open("a", "2");
    pool.acquire("a", "fresh", { fresh: true });
    pool.acquire("a", "other");
    assertEquals(pool.release(1), ["grant other 1"]);
    assertEquals(pool.release(2), ["park 2", "close 2: make-room", "connect 3 a"]);
    assertEquals(pool.connected(3), ["grant fresh 3"]);
  });

  it("gets its room from an idle connection of its origin at the limit", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.park("a");
    assertEquals(pool.acquire("a", "x", { fresh: true }), [
      "close 1: make-room",
      "connect 2 a",
      "queue x (1)",
    ]);
  });
});

describe("an unsafe request", () => {
  it("takes an idle connection within unsafeReuse", () => {
    const pool = new CoreDriver({ unsafeReuseMs: 100 });
    pool.park("a");
    assertEquals(pool.at(99).acquire("a", "post", { unsafe: true }), ["grant post 1"]);
  });

  it("opens a fresh connection beside one that is older, which the next safe one takes", () => {
    const pool = new CoreDriver({ unsafeReuseMs: 100 });
    pool.park("a");
    assertEquals(pool.at(100).acquire("a", "post", { unsafe: true }), ["connect 2 a", "queue post (1)"]);
    assertEquals(pool.acquire("a", "get"), ["grant get 1"]);
    assertEquals(pool.connected(2), ["grant post 2"]);
  });

  it("opens it in the place of that one at the limit", () => {
    const pool = new CoreDriver({ unsafeReuseMs: 100, maxConnectionsPerOrigin: 1 });
    pool.park("a");
    assertEquals(pool.at(100).acquire("a", "post", { unsafe: true }), [
      "close 1: make-room",
      "connect 2 a",
      "queue post (1)",
    ]);
  });

  it("opens it in the place of the stalest, where there are several", () => {
    const pool = new CoreDriver({ unsafeReuseMs: 100, maxConnectionsPerOrigin: 2 });
    pool.open("a", "x");
    pool.open("a", "y");
    pool.at(1).release(2);
    pool.at(2).release(1);
    assertEquals(pool.at(200).acquire("a", "post", { unsafe: true })[0], "close 2: make-room");
  });

  it("takes a connection the moment another request releases it", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.open("a", "x");
    pool.acquire("a", "post", { unsafe: true });
    assertEquals(pool.at(9999).release(1), ["grant post 1"]);
  });
});

describe("requests with time limits of their own", () => {
  it("are refused at their own times", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, 100);
    pool.open("a", "x");
    pool.acquire("a", "patient", { timeoutMs: Infinity });
    pool.acquire("a", "usual");
    pool.acquire("a", "hasty", { timeoutMs: 30 });
    assertEquals(pool.core.wakeAt(), 30);
    assertEquals(pool.at(30).tick(), ["reject hasty: acquire-timeout"]);
    assertEquals([pool.core.wakeAt(), pool.core.origins.waiting], [100, 2]);
    assertEquals(pool.at(100).tick(), ["reject usual: acquire-timeout"]);
    assertEquals([pool.core.wakeAt(), pool.core.origins.waiting], [Infinity, 1]);
    assertEquals(pool.release(1), ["grant patient 1"]);
  });

  it("time out in the order of their ends however late the timer is, and are served in the order in which they came", () => {
    const someRequest = fc.record({
      afterMs: fc.nat(20),
      timeoutMs: fc.option(fc.constantFrom(5, 20, 60, 200), { nil: undefined }),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(someRequest, { maxLength: 12 }), fc.nat(120), (requests, lateMs) => {
        const usualMs = 40;
        const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, usualMs);
        pool.open("a", "holds");
        const ends: { name: string; at: number }[] = [];
        for (const [index, { afterMs, timeoutMs, leaves }] of requests.entries()) {
          pool.now += afterMs;
          const name = `r${index}`;
          pool.acquire("a", name, timeoutMs === undefined ? {} : { timeoutMs });
          if (leaves && index % 3 === 0) pool.cancel(name);
          else ends.push({ name, at: pool.now + (timeoutMs ?? usualMs) });
        }
        const waiting = ends.filter(({ name }) => pool.fates.get(name) === "waiting");
        pool.now += lateMs;
        const late = waiting.filter(({ at }) => at <= pool.now).sort((one, other) => one.at - other.at);
        const left = waiting.filter(({ at }) => at > pool.now);
        assertEquals(pool.core.wakeAt(), Math.min(pool.core.wakeAt(), ...waiting.map(({ at }) => at)));
        const refused = pool.tick().map((word) => /^reject (\w+): acquire-timeout$/.exec(word)?.[1] ?? word);
        const endOf = (name: string) => waiting.find((each) => each.name === name)?.at;
        assertEquals(
          refused.map(endOf),
          late.map(({ at }) => at),
        );
        assertEquals([...refused].sort(), late.map(({ name }) => name).sort());
        for (const { name } of left) {
          assertEquals(pool.release(1), [`grant ${name} 1`]);
        }
      }),
    );
  });

  it("have the limit in the error that is theirs", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1, maxQueue: 1 }, 100);
    pool.open("a", "x");
    pool.acquire("a", "waits", { timeoutMs: 5 });
    assertEquals(pool.acquire("a", "too many"), ["reject too many: queue-full"]);
    pool.now = 5;
    const [rejected] = pool.core.step({ type: "tick" }, 5);
    assertEquals(rejected?.type === "reject" && rejected.limit, 5);
  });
});
