/** Sharing: a connection that takes several leases, as HTTP/2 will have it. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { CoreDriver } from "../../support/core-driver.ts";
import { hints } from "../../support/facts.ts";

/** A connection of origin `a` that takes three leases and has as many as there are names. */
function shared(pool: CoreDriver, ...names: readonly string[]): number {
  const [first = "x", ...others] = names;
  const [connect = ""] = pool.acquire("a", first);
  const id = Number(connect.split(" ")[1]);
  pool.connected(id, 0, 3);
  for (const name of others) assertEquals(pool.acquire("a", name), [`grant ${name} ${id}`]);
  return id;
}

function states(pool: CoreDriver): string[] {
  return [...pool.connections.values()].map(({ id, state, leases }) => `${id} ${state} ${leases}`);
}

describe("a connection that takes three leases", () => {
  it("is active from the first to the last of them", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y", "z");
    assertEquals(states(pool), ["1 active 3"]);
    assertEquals([pool.release(1), pool.release(1)], [[], []]);
    assertEquals(states(pool), ["1 active 1"]);
    assertEquals(pool.release(1), ["park 1"]);
    assertEquals(states(pool), ["1 idle 0"]);
  });

  it("counts once among the active ones, and each lease among its requests", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y", "z");
    assertEquals([pool.core.origins.active, pool.core.origins.find("http://a")?.active], [1, 1]);
    assertEquals(pool.connection(1).requests, 3);
  });

  it("takes no fourth: another is opened, if the limits allow", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 2 });
    shared(pool, "x", "y", "z");
    assertEquals(pool.acquire("a", "4th"), ["connect 2 a", "queue 4th (1)"]);
    const one = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    shared(one, "x", "y", "z");
    assertEquals(one.acquire("a", "4th"), ["queue 4th (1)"]);
    assertEquals(one.release(1), ["grant 4th 1"]);
  });

  it("serves three waiters at once when it opens, in their order", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    for (const name of ["1st", "2nd", "3rd", "4th"]) pool.acquire("a", name);
    assertEquals(pool.connected(1, 0, 3), ["grant 1st 1", "grant 2nd 1", "grant 3rd 1"]);
    assertEquals(pool.release(1), ["grant 4th 1"]);
  });

  it("numbers the leases that it gives in one step", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    for (const name of ["x", "y"]) pool.acquire("a", name);
    const connection = pool.connection(1);
    const effects = pool.core.step({ type: "connected", connection, random: 0, capacity: 3 }, 0);
    assertEquals(
      effects.map((effect) => effect.type === "grant" && effect.requestNumber),
      [1, 2],
    );
  });

  it("is idle since its last lease ended", () => {
    const pool = new CoreDriver({ idleTimeoutMs: 100 });
    shared(pool, "x", "y");
    pool.at(50).release(1);
    assertEquals(pool.core.wakeAt(), Infinity);
    pool.at(70).release(1);
    assertEquals(pool.core.wakeAt(), 170);
    assertEquals(pool.at(170).tick(), ["close 1: idle-timeout"]);
  });

  it("is not given back more often than it was leased", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y");
    pool.release(1);
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

describe("the choice among connections", () => {
  it("is the fullest with room first, so that the others can go idle", () => {
    const pool = new CoreDriver();
    shared(pool, "a1", "a2", "a3");
    assertEquals(pool.acquire("a", "b1")[0], "connect 2 a");
    pool.connected(2, 0, 3);
    pool.release(1);
    assertEquals(pool.acquire("a", "c"), ["grant c 1"]);
    assertEquals(pool.acquire("a", "d"), ["grant d 2"]);
  });

  it("follows the leases as they end", () => {
    const pool = new CoreDriver();
    shared(pool, "a1", "a2", "a3");
    pool.acquire("a", "b1");
    pool.connected(2, 0, 3);
    pool.acquire("a", "b2");
    pool.release(1);
    pool.release(1);
    assertEquals(pool.acquire("a", "c"), ["grant c 2"]);
  });

  it("is an active one with room rather than an idle one, and an idle one rather than another", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 2 });
    shared(pool, "a1", "a2", "a3");
    pool.acquire("a", "b1");
    pool.connected(2, 0, 3);
    pool.release(2);
    pool.release(1);
    assertEquals(pool.acquire("a", "c"), ["grant c 1"]);
    assertEquals(pool.acquire("a", "d"), ["grant d 2"]);
  });

  it("is of its own origin", () => {
    const pool = new CoreDriver();
    shared(pool, "x");
    assertEquals(pool.acquire("b", "y"), ["connect 2 b", "queue y (1)"]);
  });
});

describe("a request that must not meet a stale connection", () => {
  for (const [what, wish] of [
    ["unsafe", { unsafe: true }],
    ["fresh", { fresh: true }],
  ] as const) {
    it(`shares one that was opened for the first of its requests (${what})`, () => {
      const pool = new CoreDriver({ unsafeReuseMs: 0 });
      shared(pool, "x");
      assertEquals(pool.acquire("a", "y", wish), ["grant y 1"]);
    });

    it(`shares one that had been idle only after a response on it (${what})`, () => {
      const pool = new CoreDriver({ unsafeReuseMs: 0 });
      shared(pool, "x");
      pool.at(10).release(1);
      pool.at(20).acquire("a", "get 1");
      pool.acquire("a", "get 2");
      assertEquals(pool.acquire("a", "y", wish), ["connect 2 a", "queue y (1)"]);
      assertEquals(pool.release(1, undefined, undefined, true), ["grant y 1"]);
      assertEquals(pool.acquire("a", "z", wish), ["grant z 1"]);
    });

    it(`learns nothing of it from an exchange that ended without a response (${what})`, () => {
      const pool = new CoreDriver({ unsafeReuseMs: 0, maxConnectionsPerOrigin: 1 });
      shared(pool, "x");
      pool.at(10).release(1);
      pool.at(20).acquire("a", "get 1");
      pool.acquire("a", "get 2");
      pool.acquire("a", "y", wish);
      assertEquals(pool.release(1), []);
    });
  }

  it("shares one that was provably within the server's limit if it is unsafe, not if it is a resend", () => {
    const pool = new CoreDriver({ unsafeReuseMs: 100 });
    shared(pool, "x");
    pool.at(10).release(1);
    pool.at(20).acquire("a", "get");
    assertEquals(pool.acquire("a", "post", { unsafe: true }), ["grant post 1"]);
    assertEquals(pool.acquire("a", "resend", { fresh: true })[0], "connect 2 a");
  });

  it("gets one that is opened, several of them at once", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    for (const name of ["1", "2", "3"]) pool.acquire("a", name, { fresh: true });
    assertEquals(pool.connected(1, 0, 3), ["grant 1 1", "grant 2 1", "grant 3 1"]);
  });
});

describe("a shared connection without a future", () => {
  it("takes no lease once it is retired, and closes with the last", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y");
    assertEquals(pool.drain("a"), []);
    assertEquals(states(pool), ["1 draining 2"]);
    assertEquals(pool.acquire("a", "z"), ["connect 2 a", "queue z (1)"]);
    assertEquals(pool.release(1), []);
    assertEquals(pool.release(1), ["close 1: origin-drained"]);
  });

  it("drains when one of its exchanges says that it must not be used again", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y");
    assertEquals(pool.release(1, "bad-framing"), []);
    assertEquals(states(pool), ["1 draining 1"]);
    assertEquals(pool.release(1), ["close 1: bad-framing"]);
  });

  it("drains when the server asks for it, even if a later response does not", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y", "z");
    pool.release(1, undefined, hints({ close: true }));
    assertEquals(pool.release(1), []);
    assertEquals(pool.release(1), ["close 1: peer-close"]);
  });

  it("takes as many leases as maxRequests says and is retired with the last", () => {
    const pool = new CoreDriver({ maxRequests: 2 });
    shared(pool, "x");
    assertEquals(pool.acquire("a", "y"), ["grant y 1", "connect 2 a"]);
    assertEquals(pool.acquire("a", "z"), ["queue z (1)"]);
    assertEquals([pool.release(1), pool.release(1)], [[], ["close 1: max-requests"]]);
  });

  it("takes none beyond its lifetime, though it is cut by no rule", () => {
    const pool = new CoreDriver({ maxLifetimeMs: 100 });
    shared(pool, "x", "y");
    assertEquals(pool.at(100).tick(), []);
    assertEquals(pool.acquire("a", "z"), ["connect 2 a", "queue z (1)"]);
    assertEquals([pool.release(1), pool.release(1)], [[], ["close 1: max-lifetime"]]);
  });

  it("that is lost closes with the last lease", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y");
    assertEquals(pool.lost(1), []);
    assertEquals([pool.release(1), pool.release(1)], [[], ["close 1: peer-closed"]]);
  });

  it("closes with the last lease after close()", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y");
    assertEquals(pool.close(), []);
    assertEquals([pool.release(1), pool.release(1)], [[], ["close 1: pool-closed"]]);
    assertEquals(pool.core.origins.open, 0);
  });

  it("is not retired by a sleep while it has a lease", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y");
    pool.release(1);
    assertEquals(pool.slept(), []);
  });

  it("of a pool that reuses nothing carries one request", () => {
    const pool = new CoreDriver({ maxIdlePerOrigin: 0 });
    pool.acquire("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.connected(1, 0, 3), ["grant x 1"]);
    assertEquals(pool.connected(2, 0, 3), ["grant y 2"]);
    assertEquals(pool.release(1), ["close 1: max-idle"]);
  });
});

describe("connect attempts", () => {
  it("are one per waiter while nothing is known of the origin", () => {
    const pool = new CoreDriver();
    assertEquals(pool.acquire("a", "x")[0], "connect 1 a");
    assertEquals(pool.acquire("a", "y")[0], "connect 2 a");
  });

  it("are for as many waiters as the latest connection takes leases", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y", "z");
    assertEquals(pool.acquire("a", "4th"), ["connect 2 a", "queue 4th (1)"]);
    assertEquals(pool.acquire("a", "5th"), ["queue 5th (2)"]);
    assertEquals(pool.acquire("a", "6th"), ["queue 6th (3)"]);
    assertEquals(pool.acquire("a", "7th"), ["connect 3 a", "queue 7th (4)"]);
    assertEquals(pool.connected(2, 0, 3), ["grant 4th 2", "grant 5th 2", "grant 6th 2"]);
  });

  it("are for all waiters where the shell expects them to share, and for one each once that is refuted", () => {
    const pool = new CoreDriver();
    pool.expect("a", Infinity);
    assertEquals(pool.acquire("a", "x")[0], "connect 1 a");
    for (const name of ["y", "z"]) assertEquals(pool.acquire("a", name)[0]?.split(" ")[0], "queue");
    assertEquals(pool.connected(1, 0, 1), ["grant x 1", "connect 2 a", "connect 3 a"]);
  });

  it("that fail reject all the waiters that they were for, save those that came later", () => {
    const pool = new CoreDriver();
    pool.expect("a", Infinity);
    for (const name of ["x", "y"]) pool.acquire("a", name);
    pool.now += 10;
    pool.acquire("a", "late");
    assertEquals(pool.failed(1), [
      "close 1: connect-failed",
      "reject x: connect-failed",
      "reject y: connect-failed",
      "connect 2 a",
    ]);
  });

  it("are for no more waiters than maxRequests lets one connection serve", () => {
    const pool = new CoreDriver({ maxRequests: 2 });
    pool.expect("a", Infinity);
    const connects = ["1", "2", "3"].map((name) => pool.acquire("a", name)[0]);
    assertEquals(connects, ["connect 1 a", "queue 2 (2)", "connect 2 a"]);
  });

  it("count for maxQueue as what they are expected to carry", () => {
    const pool = new CoreDriver({ maxQueue: 0, maxConnectionsPerOrigin: 1 });
    pool.expect("a", 2);
    pool.acquire("a", "x");
    assertEquals(pool.acquire("a", "y"), ["queue y (2)"]);
    assertEquals(pool.acquire("a", "z"), ["reject z: queue-full"]);
  });

  it("of preconnect are not made where a connection has room, or will have it", () => {
    const pool = new CoreDriver();
    shared(pool, "x");
    assertEquals(pool.preconnect("a", 1), []);
    assertEquals(pool.preconnect("a", 2), ["connect 2 a"]);
    assertEquals(pool.preconnect("a", 2), []);
  });

  it("time out for each waiter on its own", () => {
    const pool = new CoreDriver({}, 100);
    pool.expect("a", 3);
    pool.acquire("a", "x");
    pool.at(50).acquire("a", "y");
    assertEquals(pool.at(100).tick(), ["reject x: acquire-timeout"]);
    assertEquals(pool.at(120).connected(1, 0, 3), ["grant y 1"]);
  });
});

describe("a peer that changes its limit", () => {
  it("to a higher one has the waiters served at once", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    shared(pool, "x", "y", "z");
    for (const name of ["4th", "5th", "6th"]) pool.acquire("a", name);
    assertEquals(pool.capacity(1, 5), ["grant 4th 1", "grant 5th 1"]);
  });

  it("to a lower one lets the present leases go on, and none follow until there is room", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    shared(pool, "x", "y", "z");
    assertEquals(pool.capacity(1, 1), []);
    assertEquals(pool.acquire("a", "w"), ["queue w (1)"]);
    assertEquals([pool.release(1), pool.release(1), pool.release(1)], [[], [], ["grant w 1"]]);
  });

  it("to a lower one has connections opened for waiters that were to share one", () => {
    const pool = new CoreDriver();
    shared(pool, "x", "y", "z");
    for (const name of ["4th", "5th"]) pool.acquire("a", name);
    assertEquals(pool.capacity(1, 1), ["connect 3 a"]);
  });

  it("from one makes an active connection one that is shared", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    pool.open("a", "x");
    pool.acquire("a", "y");
    assertEquals(pool.capacity(1, 2), ["grant y 1"]);
  });

  it("on a connection that is closed changes nothing", () => {
    const pool = new CoreDriver();
    const connection = pool.connection(pool.park("a"));
    pool.lost(1);
    assertEquals(pool.step({ type: "capacity", connection, capacity: 5 }), []);
  });
});

describe("a shared connection and the total limit", () => {
  it("drains for an origin that has none, though requests follow one another on it", () => {
    const pool = new CoreDriver({ maxConnections: 1 });
    shared(pool, "x", "y");
    pool.at(1).acquire("b", "other");
    pool.at(2);
    assertEquals(pool.release(1), []);
    assertEquals(states(pool), ["1 draining 1"]);
    assertEquals(pool.acquire("a", "z"), ["queue z (1)"]);
    assertEquals(pool.release(1), ["close 1: make-room", "connect 2 b"]);
  });

  it("does not drain for an origin that has its share", () => {
    const pool = new CoreDriver({ maxConnections: 2 });
    pool.open("b", "1");
    shared(pool, "x", "y");
    pool.at(1).acquire("b", "2");
    pool.at(2).release(2);
    assertEquals(states(pool), ["1 active 1", "2 active 1"]);
  });

  it("does not drain beside another that drains already for the same origin", () => {
    const pool = new CoreDriver({ maxConnections: 2 });
    shared(pool, "1", "2", "3");
    pool.acquire("a", "4");
    pool.connected(2, 0, 3);
    pool.acquire("a", "5");
    pool.at(1).acquire("b", "other");
    pool.at(2).release(1);
    pool.release(2);
    assertEquals(states(pool), ["1 draining 2", "2 active 1"]);
  });
});

describe("a shared connection that lingers", () => {
  it("makes room only while no other request has a lease of it", () => {
    const pool = new CoreDriver({ maxConnections: 1 });
    shared(pool, "x", "y");
    pool.linger(1);
    assertEquals(pool.acquire("b", "other"), ["queue other (1)"]);
    const alone = new CoreDriver({ maxConnections: 1 });
    shared(alone, "x");
    alone.linger(1);
    assertEquals(alone.acquire("b", "other"), ["close 1: make-room", "connect 2 b", "queue other (1)"]);
  });

  it("does no more once another request shares it", () => {
    const pool = new CoreDriver({ maxConnections: 1 });
    shared(pool, "x");
    pool.linger(1);
    pool.acquire("a", "y");
    assertEquals(pool.acquire("b", "other"), ["queue other (1)"]);
  });
});

describe("what shared exchanges teach", () => {
  it("is one reuse per idle time, at the age it had then", () => {
    const pool = new CoreDriver({ learn: true });
    shared(pool, "x");
    pool.release(1, undefined, undefined, true);
    pool.at(5000).acquire("a", "y");
    for (const name of ["z", "w"]) pool.at(6000).acquire("a", name);
    pool.at(7000).release(1, undefined, undefined, true);
    const origin = pool.connection(1).originRecord;
    assertEquals([origin.memory.workedMs, origin.memory.workedAt], [5000, 7000]);
    // By then it has been forgotten, and the connection has not been idle since.
    for (let lease = 0; lease < 2; lease++) pool.at(1e9).release(1, undefined, undefined, true);
    assertEquals([origin.workedIdleMs, origin.memory.workedAt], [0, 7000]);
  });

  it("is one close per connection, however many requests ran into it", () => {
    const pool = new CoreDriver({ learn: true });
    shared(pool, "w");
    pool.release(1, undefined, undefined, true);
    pool.at(5000);
    for (const name of ["x", "y", "z"]) pool.acquire("a", name);
    for (let lease = 0; lease < 3; lease++) pool.release(1, "peer-closed", undefined, false);
    assertEquals(pool.core.origins.find("http://a")?.memory.closes.length, 1);
  });

  it("is nothing when it was not idle before", () => {
    const pool = new CoreDriver({ learn: true });
    shared(pool, "x", "y", "z");
    pool.at(5000);
    for (let lease = 0; lease < 3; lease++) pool.release(1, "peer-closed", undefined, false);
    assertEquals(pool.core.origins.find("http://a")?.memory.closes.length, 0);
  });
});

describe("no request starves beside a shared connection:", () => {
  it("a request of another origin while requests follow one another", () => {
    const pool = new CoreDriver({ maxConnections: 1 });
    shared(pool, "a 0", "a 1");
    pool.at(1).acquire("b", "the one");
    for (let turn = 2; turn < 20 && pool.fates.get("the one") === "waiting"; turn++) {
      pool.at(turn).acquire("a", `a ${turn}`);
      for (const { id, state } of [...pool.connections.values()]) {
        if (state === "connecting") pool.connected(id, 0, 3);
        else if (state !== "idle") pool.release(id, undefined, undefined, true);
      }
    }
    assertEquals(pool.fates.get("the one"), "granted");
  });

  it("a resend while requests follow one another on the only connection", () => {
    const pool = new CoreDriver({ maxConnectionsPerOrigin: 1 });
    shared(pool, "x");
    pool.at(10).release(1);
    pool.at(20).acquire("a", "get 0");
    pool.acquire("a", "resend", { fresh: true });
    assert(pool.fates.get("resend") === "waiting");
    pool.acquire("a", "get 1");
    pool.release(1, undefined, undefined, true);
    assertEquals(pool.fates.get("resend"), "granted");
  });
});
