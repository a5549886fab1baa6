import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { CoreDriver } from "../../support/core-driver.ts";
import { hints } from "../../support/facts.ts";

describe("a request that finds no connection", () => {
  it("waits while one is opened for it", () => {
    const pool = new CoreDriver();
    assertEquals(pool.acquire("a", "x"), ["connect 1 a", "queue x (1)"]);
    assertEquals(pool.connected(1), ["grant x 1"]);
  });

  it("gets one of its own, up to the limit of its origin", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 2 });
    assertEquals(pool.acquire("a", "x"), ["connect 1 a", "queue x (1)"]);
    assertEquals(pool.acquire("a", "y"), ["connect 2 a", "queue y (2)"]);
    assertEquals(pool.acquire("a", "z"), ["queue z (3)"]);
    assertEquals(pool.acquire("b", "other"), ["connect 3 b", "queue other (1)"]);
  });

  it("takes what is ready first, a released connection or the one opened for it; the other is parked", () => {
    const pool = new CoreDriver();
    const busy = pool.open("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.release(busy), ["grant y 1"]);
    assertEquals(pool.connected(2), ["park 2"]);
    assertEquals(pool.connection(2).requests, 0);
  });

  it("takes the connection opened for one that has been served already", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 2 });
    pool.acquire("a", "x");
    pool.acquire("a", "y");
    pool.acquire("a", "z");
    assertEquals(pool.connected(2), ["grant x 2"]);
    assertEquals(pool.release(2), ["grant y 2"]);
    assertEquals(pool.connected(1), ["grant z 1"]);
  });

  it("is served in the order of arrival within its origin", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    const only = pool.open("a", "x");
    for (const name of ["1st", "2nd", "3rd"]) pool.acquire("a", name);
    assertEquals(pool.release(only), ["grant 1st 1"]);
    assertEquals(pool.release(only), ["grant 2nd 1"]);
    assertEquals(pool.release(only), ["grant 3rd 1"]);
  });

  it("is skipped once it was cancelled", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    const only = pool.open("a", "x");
    pool.acquire("a", "1st");
    pool.acquire("a", "2nd");
    assertEquals(pool.cancel("1st"), []);
    assertEquals(pool.release(only), ["grant 2nd 1"]);
    assertEquals(pool.cancel("2nd"), [], "cancelling after the grant does nothing");
  });

  it("leaves its connect attempt to the next request when it is cancelled", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    pool.cancel("x");
    assertEquals(pool.connected(1), ["park 1"]);
    assertEquals(pool.acquire("a", "y"), ["grant y 1"]);
  });

  it("waits for a connect attempt without a waiter instead of starting another", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    pool.cancel("x");
    assertEquals(pool.acquire("a", "y"), ["queue y (1)"]);
    assertEquals(pool.connected(1), ["grant y 1"]);
  });
});

describe("an idle connection", () => {
  it("is the one used last, or longest ago, as reuseOrder says", () => {
    for (const [reuseOrder, taken] of [
      ["lifo", 2],
      ["fifo", 1],
    ] as const) {
      const pool = new CoreDriver({ reuseOrder });
      pool.open("a", "x");
      pool.open("a", "y");
      pool.at(10).release(1);
      pool.at(20).release(2);
      assertEquals(pool.acquire("a", "z"), [`grant z ${taken}`]);
    }
  });

  it("is the one opened first, by the order oldest", () => {
    const pool = new CoreDriver({ reuseOrder: "oldest" });
    for (const name of ["x", "y", "z"]) pool.open("a", name);
    for (const [at, id] of [3, 1, 2].entries()) pool.at(10 * at).release(id);
    assertEquals(pool.at(50).acquire("a", "v"), ["grant v 1"]);
    assertEquals(pool.acquire("a", "w"), ["grant w 2"]);
    pool.at(60).release(2);
    pool.at(70).release(1);
    assertEquals(pool.at(80).acquire("a", "u"), ["grant u 1"]);
  });

  it("is the one used last, an unused one only if there is no other, by the order used-first", () => {
    const pool = new CoreDriver({ reuseOrder: "used-first" });
    for (const name of ["x", "y"]) pool.open("a", name);
    pool.at(10).release(1);
    pool.at(20).release(2);
    pool.at(30).preconnect("a", 4);
    pool.at(40).connected(3);
    pool.at(50).connected(4);
    const taken = ["p", "q", "r", "s"].map((name) => pool.at(60).acquire("a", name).join());
    assertEquals(taken, ["grant p 2", "grant q 1", "grant r 3", "grant s 4"]);
  });

  it("goes above a limit as evictIdle says: the stalest, or the one that comes back", () => {
    for (const [changes, closed] of [
      [{ maxIdlePerOrigin: 2, evictPerOrigin: "stalest" }, 1],
      [{ maxIdlePerOrigin: 2, evictPerOrigin: "returned" }, 3],
      [{ maxIdle: 2, evictInAll: "stalest" }, 1],
      [{ maxIdle: 2, evictInAll: "returned" }, 3],
      [{ maxIdle: 2, evictPerOrigin: "returned" }, 1],
      [{ maxIdlePerOrigin: 2, evictInAll: "returned" }, 1],
    ] as const) {
      const pool = new CoreDriver(changes);
      for (const name of ["x", "y", "z"]) pool.open("a", name);
      pool.at(10).release(1);
      pool.at(20).release(2);
      assertEquals(pool.at(30).release(3), ["park 3", `close ${closed}: max-idle`], JSON.stringify(changes));
    }
  });

  it("serves its own origin only", () => {
    const pool = new CoreDriver();
    pool.park("a");
    assertEquals(pool.acquire("b", "x"), ["connect 2 b", "queue x (1)"]);
  });

  it("is retired at its deadline, not before", () => {
    const pool = new CoreDriver({ idleTimeoutMs: 150 });
    pool.park("a");
    assertEquals(pool.core.wakeAt(), 150);
    assertEquals(pool.at(149).tick(), []);
    assertEquals(pool.at(150).tick(), ["close 1: idle-timeout"]);
    assertEquals(pool.core.wakeAt(), Infinity);
  });

  it("is retired rather than granted by a request that comes at its deadline", () => {
    const pool = new CoreDriver({ idleTimeoutMs: 150 });
    pool.park("a");
    assertEquals(pool.at(150).acquire("a", "x"), ["close 1: idle-timeout", "connect 2 a", "queue x (1)"]);
  });

  it("has its time counted from its last release", () => {
    const pool = new CoreDriver({ idleTimeoutMs: 100 });
    pool.park("a");
    pool.at(90).acquire("a", "x");
    pool.at(95).release(1);
    assertEquals(pool.at(150).tick(), []);
    assertEquals(pool.core.wakeAt(), 195);
    assertEquals(pool.at(195).tick(), ["close 1: idle-timeout"]);
  });

  it("has its lifetime counted from when it was open, not from when the connect attempt began", () => {
    const pool = new CoreDriver({ maxLifetimeMs: 100 });
    pool.preconnect("a", 1);
    pool.at(50).connected(1);
    assertEquals(pool.core.wakeAt(), 150);
    assertEquals(pool.at(150).tick(), ["close 1: max-lifetime"]);
  });

  it("obeys a hint that comes later and is shorter than what was in force", () => {
    const pool = new CoreDriver({ idleTimeoutMs: 60_000 });
    pool.park("a");
    assertEquals(pool.core.wakeAt(), 60_000);
    pool.acquire("a", "x");
    pool.release(1, undefined, hints({ timeoutMs: 5000 }));
    assertEquals(pool.core.wakeAt(), 4000);
    assertEquals(pool.at(4000).tick(), ["close 1: hint-timeout"]);
  });

  it("is retired when it is lost, with the reason", () => {
    const pool = new CoreDriver();
    pool.park("a");
    assertEquals(pool.lost(1, "unsolicited-data"), ["close 1: unsolicited-data"]);
    assertEquals(pool.acquire("a", "x"), ["connect 2 a", "queue x (1)"]);
  });
});

describe("an active connection", () => {
  it("is never cut by a rule", () => {
    const pool = new CoreDriver({ idleTimeoutMs: 10, maxLifetimeMs: 20 });
    pool.open("a", "x");
    assertEquals(pool.at(1e9).tick(), []);
    assertEquals(pool.core.wakeAt(), Infinity);
    assertEquals(pool.release(1), ["close 1: max-lifetime"]);
  });

  const spent: [
    what: string,
    reason: Parameters<CoreDriver["release"]>[1],
    given?: Parameters<typeof hints>[0],
  ][] = [
    ["a response that asked for it", "peer-close", { close: true }],
    ["the last request that the server takes", "hint-max", { remaining: 0 }],
    ["a timeout within the margin", "hint-timeout", { timeoutMs: 900 }],
  ];
  for (const [what, reason, given] of spent) {
    it(`is retired as ${reason} after ${what}`, () => {
      const pool = new CoreDriver();
      pool.open("a", "x");
      assertEquals(pool.release(1, undefined, hints(given)), [`close 1: ${reason}`]);
    });
  }

  it("is retired after maxRequests", () => {
    const pool = new CoreDriver({ maxRequests: 2 });
    pool.park("a");
    pool.acquire("a", "x");
    assertEquals(pool.release(1), ["close 1: max-requests"]);
  });

  it("is retired for the reason given with its release, and its waiter gets another", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.open("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.release(1, "bad-framing"), ["close 1: bad-framing", "connect 2 a"]);
  });

  it("closes at its release when it was lost meanwhile, for the first reason", () => {
    const pool = new CoreDriver();
    pool.open("a", "x");
    assertEquals(pool.lost(1, "peer-closed"), []);
    assertEquals(pool.connection(1).state, "draining");
    pool.drain();
    assertEquals(pool.release(1, "aborted"), ["close 1: peer-closed"]);
  });

  it("holds its place until then", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.open("a", "x");
    pool.lost(1);
    assertEquals(pool.acquire("a", "y"), ["queue y (1)"]);
    assertEquals(pool.release(1), ["close 1: peer-closed", "connect 2 a"]);
  });

  it("is given back once: twice is a bug of the library, and said to be", () => {
    const pool = new CoreDriver();
    pool.open("a", "x");
    pool.release(1);
    let message = "";
    try {
      pool.release(1);
    } catch (error) {
      message = String(error);
    }
    assertEquals(message, "Error: Bug in Holdfast: a idle connection cannot be released");
  });
});

describe("no reuse (maxIdlePerOrigin or maxIdle of 0)", () => {
  for (const limit of ["maxIdlePerOrigin", "maxIdle"] as const) {
    it(`${limit}: 0 gives every request a connection of its own, one that waits too`, () => {
      const pool = new CoreDriver({ [limit]: 0, maxConnectionsPerOrigin: 1 });
      pool.open("a", "x");
      pool.acquire("a", "y");
      assertEquals(pool.release(1), ["close 1: max-idle", "connect 2 a"]);
      assertEquals(pool.connected(2), ["grant y 2"]);
      assertEquals(pool.release(2), ["close 2: max-idle"]);
    });

    it(`${limit}: 0 keeps no connection without a waiter, and preconnects nothing`, () => {
      const pool = new CoreDriver({ [limit]: 0 });
      pool.acquire("a", "x");
      pool.cancel("x");
      assertEquals(pool.connected(1), ["park 1", "close 1: max-idle"]);
      assertEquals(pool.preconnect("a", 3), []);
    });
  }
});

describe("above an idle limit", () => {
  it("the stalest of the origin goes", () => {
    const pool = new CoreDriver({ maxIdlePerOrigin: 2 });
    for (const name of ["x", "y", "z"]) pool.open("a", name);
    pool.at(1).release(2);
    pool.at(2).release(3);
    assertEquals(pool.at(3).release(1), ["park 1", "close 2: max-idle"]);
  });

  it("the stalest of all origins goes", () => {
    const pool = new CoreDriver({ maxIdle: 2 });
    pool.at(1).park("a");
    pool.at(2).park("b");
    pool.open("c", "x");
    assertEquals(pool.at(3).release(3), ["park 3", "close 1: max-idle"]);
  });
});

describe("preconnect", () => {
  it("opens as many as are missing, counting idle connections and connect attempts", () => {
    const pool = new CoreDriver();
    pool.park("a");
    assertEquals(pool.preconnect("a", 3), ["connect 2 a", "connect 3 a"]);
    assertEquals(pool.preconnect("a", 3), []);
    assertEquals(pool.preconnect("a", 4), ["connect 4 a"]);
  });

  it("does not count a connect attempt that a request waits for", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    assertEquals(pool.preconnect("a", 1), ["connect 2 a"]);
    assertEquals(pool.connected(1), ["grant x 1"]);
    assertEquals(pool.connected(2), ["park 2"]);
  });

  it("stays within the limits and evicts nothing", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 2, maxConnections: 3 });
    assertEquals(pool.preconnect("a", 9), ["connect 1 a", "connect 2 a"]);
    pool.park("b");
    assertEquals(pool.preconnect("c", 1), []);
    const idle = new CoreDriver({ maxIdlePerOrigin: 2, maxIdle: 3 });
    assertEquals(idle.preconnect("a", 9).length, 2);
  });

  it("keeps nothing that a rule forbids from the start", () => {
    const pool = new CoreDriver({ idleTimeoutMs: 0 });
    pool.preconnect("a", 1);
    assertEquals(pool.connected(1), ["close 1: idle-timeout"]);
  });

  it("serves the next request at once", () => {
    const pool = new CoreDriver();
    pool.preconnect("a", 1);
    assertEquals(pool.connected(1), ["park 1"]);
    assertEquals(pool.acquire("a", "x"), ["grant x 1"]);
  });

  it("does nothing once the pool is closed", () => {
    const pool = new CoreDriver();
    pool.close();
    assertEquals(pool.preconnect("a", 1), []);
  });
});

describe("a connect attempt that failed", () => {
  it("rejects the request it was for", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    assertEquals(pool.failed(1), ["close 1: connect-failed", "reject x: connect-failed"]);
  });

  it("rejects exactly one request, the first, while the others still have an attempt", () => {
    const pool = new CoreDriver();
    for (const name of ["x", "y", "z"]) pool.acquire("a", name);
    assertEquals(pool.failed(2), ["close 2: connect-failed", "reject x: connect-failed"]);
    assertEquals(pool.connected(1), ["grant y 1"]);
    assertEquals(pool.connected(3), ["grant z 3"]);
  });

  it("rejects no request when its own was served otherwise", () => {
    const pool = new CoreDriver();
    pool.open("a", "x");
    pool.acquire("a", "y");
    pool.release(1);
    assertEquals(pool.failed(2), ["close 2: connect-failed"]);
  });

  it("rejects no request that another attempt is for", () => {
    const pool = new CoreDriver();
    pool.preconnect("a", 2);
    pool.acquire("a", "x");
    assertEquals(pool.failed(1), ["close 1: connect-failed"]);
    assertEquals(pool.connected(2), ["grant x 2"]);
  });

  it("does not reject a request that came after it had begun: another attempt begins for that one", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    pool.now += 952;
    pool.cancel("x");
    pool.acquire("a", "y");
    pool.now += 48;
    assertEquals(pool.failed(1), ["close 1: connect-failed", "connect 2 a"]);
    assertEquals(pool.failed(2), ["close 2: connect-failed", "reject y: connect-failed"]);
  });

  it("is followed by one for the next in line", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.acquire("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.failed(1), ["close 1: connect-failed", "reject x: connect-failed", "connect 2 a"]);
  });

  it("although it was open is no failure of its request, which gets another one, six times in a row", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    for (const id of [1, 2, 3, 4, 5, 6])
      assertEquals(pool.endedUnused(id), [`close ${id}: peer-closed`, `connect ${id + 1} a`]);
    assertEquals(pool.endedUnused(7, "goaway"), ["close 7: goaway", "reject x: connect-failed"]);
    // The next request begins anew, and so does one after a connection that was of use.
    pool.acquire("a", "y");
    assertEquals(pool.endedUnused(8), ["close 8: peer-closed", "connect 9 a"]);
    assertEquals(pool.connected(9), ["grant y 9"]);
    assertEquals(pool.core.origins.find("http://a")?.endedUnused, 0);
  });

  it("although it was open is not replaced if nobody waits for it any more", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    pool.cancel("x");
    assertEquals(pool.endedUnused(1), ["close 1: peer-closed"]);
  });

  it("or succeeded after it was given up changes nothing", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    const given = pool.connection(1);
    pool.close();
    assertEquals(pool.step({ type: "connected", connection: given, random: 0 }), []);
    assertEquals(pool.step({ type: "connect-failed", connection: given, error: undefined }), []);
  });
});

describe("drain", () => {
  it("retires idle connections now and active ones at their release", () => {
    const pool = new CoreDriver();
    pool.park("a");
    pool.open("b", "x");
    assertEquals(pool.drain(), ["close 1: origin-drained"]);
    assertEquals(pool.connection(2).state, "draining");
    assertEquals(pool.release(2), ["close 2: origin-drained"]);
  });

  it("of one origin leaves the others alone", () => {
    const pool = new CoreDriver();
    pool.park("a");
    pool.park("b");
    assertEquals(pool.drain("a", "address-gone"), ["close 1: address-gone"]);
    assertEquals(pool.drain("nobody"), []);
    assertEquals(pool.acquire("b", "x"), ["grant x 2"]);
  });

  it("leaves connect attempts alone: they are as new as what would replace them", () => {
    const pool = new CoreDriver();
    pool.acquire("a", "x");
    assertEquals(pool.drain("a"), []);
    assertEquals(pool.connected(1), ["grant x 1"]);
  });

  it("opens another for a waiter once there is room", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.open("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.drain("a"), []);
    assertEquals(pool.release(1), ["close 1: origin-drained", "connect 2 a"]);
  });
});

describe("sleep", () => {
  it("retires every idle connection and nothing else", () => {
    const pool = new CoreDriver();
    pool.open("c", "x");
    pool.park("a");
    pool.park("b");
    pool.acquire("d", "y");
    assertEquals(pool.slept(), ["close 2: slept", "close 3: slept"]);
    assertEquals(pool.release(1), ["park 1"]);
  });
});

describe("close", () => {
  it("rejects waiters, ends connect attempts and idle connections, and lets active ones finish", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 }, 1000);
    pool.open("a", "active");
    pool.acquire("a", "waits");
    pool.park("b");
    pool.acquire("c", "connects");
    assertEquals(pool.close(), [
      "reject waits: pool-closed",
      "reject connects: pool-closed",
      "close 2: pool-closed",
      "close 3: pool-closed",
    ]);
    assertEquals(pool.release(1), ["close 1: pool-closed"]);
    assertEquals([pool.core.origins.open, pool.core.wakeAt()], [0, Infinity]);
  });

  it("refuses every later request, also one that asks again", () => {
    const pool = new CoreDriver();
    pool.close();
    assertEquals(pool.acquire("a", "x"), ["reject x: pool-closed"]);
    assertEquals(pool.acquire("a", "y", { again: true }), ["reject y: pool-closed"]);
    assertEquals(pool.close(), []);
  });
});
