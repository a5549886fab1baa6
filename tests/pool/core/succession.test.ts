/** Succession: the connection that follows one that takes several leases, and what GOAWAY means for the origin. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { resolveOptions } from "../../../src/options/resolve.ts";
import { explain } from "../../../src/pool/explain.ts";
import { poolStats } from "../../../src/pool/stats.ts";
import type { Rules } from "../../../src/rules/rules.ts";
import { CoreDriver } from "../../support/core-driver.ts";

/** A pool with one connection of origin `a` that takes `capacity` leases and has `leases`. */
function busy(leases: number, changes: Partial<Rules> = {}, capacity = 100): CoreDriver {
  const pool = new CoreDriver({ learn: true, ...changes });
  for (let lease = 1; lease <= leases; lease++) {
    pool.acquire("a", `x${lease}`);
    if (lease === 1) pool.connected(1, 0, capacity);
  }
  return pool;
}

describe("one connect attempt decides what an unknown origin speaks", () => {
  const unknown = () => new CoreDriver({}, Infinity, () => Infinity);

  it("for all requests that come meanwhile", () => {
    const pool = unknown();
    assertEquals(pool.acquire("a", "1st"), ["connect 1 a", "queue 1st (1)"]);
    for (const name of ["2nd", "3rd", "4th"]) pool.acquire("a", name);
    assertEquals([...pool.connections.keys()], [1]);
    assertEquals(pool.connected(1, 0, 100, "h2"), [
      "learned a Infinity h2",
      "grant 1st 1",
      "grant 2nd 1",
      "grant 3rd 1",
      "grant 4th 1",
    ]);
  });

  it("and opens the others at once if each takes one request", () => {
    const pool = unknown();
    for (const name of ["1st", "2nd", "3rd"]) pool.acquire("a", name);
    assertEquals(pool.connected(1, 0, 1, "http/1.1"), [
      "learned a Infinity http/1.1",
      "grant 1st 1",
      "connect 2 a",
      "connect 3 a",
    ]);
    assertEquals(pool.acquire("a", "4th"), ["connect 4 a", "queue 4th (3)"]);
  });

  it("unless another pool knows", () => {
    const pool = unknown();
    for (const name of ["1st", "2nd", "3rd"]) pool.acquire("a", name);
    assertEquals(pool.restore("a", { protocol: "http/1.1" }), ["connect 2 a", "connect 3 a"]);
  });

  it("and what was seen here counts more than what another pool knew", () => {
    const pool = unknown();
    pool.acquire("a", "1st");
    pool.connected(1, 0, 1, "http/1.1");
    pool.restore("a", { protocol: "h2" });
    assertEquals(pool.core.origins.find("http://a")?.memory.protocol, "http/1.1");
    assertEquals(pool.acquire("a", "2nd"), ["connect 2 a", "queue 2nd (1)"]);
    assertEquals(pool.acquire("a", "3rd"), ["connect 3 a", "queue 3rd (2)"]);
  });
});

describe("a successor", () => {
  it("is opened before its connection has carried maxRequests", () => {
    const pool = busy(6, { maxRequests: 12 });
    assertEquals(pool.acquire("a", "7th"), ["grant 7th 1", "connect 2 a"]);
    assertEquals(pool.connected(2, 0, 100), ["park 2"]);
    for (const name of ["8", "9", "10", "11", "12"])
      assertEquals(pool.acquire("a", name), [`grant ${name} 1`]);
    assertEquals(pool.acquire("a", "13"), ["grant 13 2"]);
  });

  it("is opened before the lifetime of its connection is over", () => {
    const pool = busy(2, { maxLifetimeMs: 10_000 });
    assertEquals(pool.at(8999).acquire("a", "early"), ["grant early 1"]);
    assertEquals(pool.at(9000).acquire("a", "late"), ["grant late 1", "connect 2 a"]);
  });

  it("is opened at once when the peer says GOAWAY while requests are under way", () => {
    const pool = busy(3);
    assertEquals(pool.goaway(1), ["connect 2 a"]);
    assertEquals(pool.goaway(1, 3), ["learned a Infinity"]);
  });

  it("is not opened for a request alone, nor for an idle connection", () => {
    assertEquals(busy(1).goaway(1), []);
    const pool = busy(2);
    pool.release(1);
    pool.release(1);
    assertEquals(pool.goaway(1), ["close 1: goaway"]);
    assertEquals(pool.acquire("a", "next"), ["connect 2 a", "queue next (1)"]);
  });

  it("is not opened while another connection takes the requests", () => {
    const pool = busy(3, {}, 3);
    pool.acquire("a", "4th");
    pool.connected(2, 0, 3);
    assertEquals(pool.goaway(1), []);
  });

  it("is opened once, even if that fails", () => {
    const pool = busy(7, { maxRequests: 12 });
    assertEquals(pool.failed(2).length, 1);
    assertEquals(pool.acquire("a", "8"), ["grant 8 1"]);
  });

  it("may be one more than the limit of an origin, until its connection is without a lease", () => {
    const pool = busy(7, { maxRequests: 12, maxConnectionsPerOrigin: 1 });
    assertEquals([...pool.connections.keys()], [1, 2]);
    pool.connected(2, 0, 100);
    for (let lease = 1; lease < 7; lease++) assertEquals(pool.release(1), []);
    assertEquals(pool.release(1), ["close 1: make-room"]);
  });

  it("is not opened beyond the limit of all, nor while other origins wait for a place", () => {
    assertEquals([...busy(7, { maxRequests: 12, maxConnections: 1 }).connections.keys()], [1]);
  });
});

describe("a connection that ends with a long request", () => {
  it("leaves its place in the limit of its origin to another", () => {
    const pool = busy(1, { maxConnectionsPerOrigin: 1 });
    pool.goaway(1);
    assertEquals(pool.acquire("a", "next"), ["connect 2 a", "queue next (1)"]);
    assertEquals(pool.connected(2, 0, 100), ["grant next 2"]);
    pool.goaway(2);
    assertEquals(pool.acquire("a", "third"), ["queue third (1)"]);
    assertEquals(pool.release(2), ["close 2: goaway", "connect 3 a"]);
  });

  it("leaves it to those that wait already", () => {
    const pool = busy(3, { maxConnectionsPerOrigin: 1 }, 3);
    assertEquals(pool.acquire("a", "waiting"), ["queue waiting (1)"]);
    assertEquals(pool.lost(1), ["connect 2 a"]);
  });

  it("keeps it where it carried one request at a time", () => {
    const pool = busy(1, { maxConnectionsPerOrigin: 1 }, 1);
    pool.acquire("a", "waiting");
    assertEquals(pool.lost(1), []);
    assertEquals(pool.release(1), ["close 1: peer-closed", "connect 2 a"]);
  });
});

describe("GOAWAY teaches", () => {
  /** Connections of origin `a`, each of which ends by GOAWAY when it has taken seven requests. */
  function sevens(pool: CoreDriver, times: number): number {
    let id = 0;
    for (let time = 0; time < times; time++) {
      id = Number(pool.acquire("a", `${time} 1st`)[0]?.split(" ")[1]);
      pool.connected(id, 0, 100);
      for (let more = 2; more <= 9; more++) pool.acquire("a", `${time} ${more}`);
      pool.goaway(id, 7);
      const successor = [...pool.connections.values()].find(({ state }) => state === "connecting");
      if (successor !== undefined) pool.lost(successor.id, "connect-failed");
      for (let lease = 1; lease <= 9; lease++) pool.release(id);
      pool.now += 1000;
    }
    return id;
  }

  it("the number of requests that a server takes, so that no more are sent on one connection", () => {
    const pool = new CoreDriver({ learn: true });
    sevens(pool, 2);
    const [first = ""] = pool.acquire("a", "1st");
    const id = Number(first.split(" ")[1]);
    pool.connected(id, 0, 100);
    const taken = Array.from({ length: 8 }, (_, at) => pool.acquire("a", `then ${at}`).join());
    assertEquals(taken.filter((words) => words.startsWith("grant")).length, 6);
  });

  it("nothing where learning is off", () => {
    const pool = new CoreDriver({ learn: false });
    sevens(pool, 3);
    assertEquals(pool.core.origins.find("http://a")?.learnedRequests, Infinity);
  });

  it("also on idle connections: they close at once", () => {
    const pool = busy(1);
    pool.release(1);
    for (let request = 2; request <= 8; request++) {
      pool.acquire("a", `x${request}`);
      pool.release(1);
    }
    const memory = { goaways: [{ requests: 5, at: 0, times: 2, missed: 0 }] };
    assertEquals(pool.restore("a", memory), ["learned a Infinity 5 requests", "close 1: learned-limit"]);
  });

  it("that a number is wrong, when connections pass it without one", () => {
    const pool = new CoreDriver({ learn: true });
    pool.restore("a", { goaways: [{ requests: 1, at: 0, times: 2, missed: 0 }] });
    for (let time = 1; time <= 2; time++) {
      pool.acquire("a", `x${time}`);
      pool.connected(time, 0, 100);
      pool.release(time, undefined, undefined, true);
    }
    assertEquals(pool.core.origins.find("http://a")?.learnedRequests, Infinity);
  });

  it("the idle limit, if nothing was under way", () => {
    const pool = busy(1);
    pool.release(1);
    assertEquals(pool.at(5000).goaway(1, 1), ["learned a 4750", "close 1: goaway"]);
  });
});

describe("a peer that asks for calm", () => {
  it("gets no further request on the connection, and is remembered", () => {
    const pool = busy(2);
    assertEquals(pool.calm(1), ["calmed 1"]);
    assertEquals(pool.acquire("a", "next"), ["connect 2 a", "queue next (1)"]);
    assertEquals(pool.core.origins.find("http://a")?.calmed, 1);
  });
});

describe("the leases of an origin", () => {
  it("are counted in its statistics, and what it speaks", () => {
    const pool = new CoreDriver({}, Infinity, () => Infinity);
    for (const name of ["x", "y"]) pool.acquire("a", name);
    pool.connected(1, 0, 100, "h2");
    const stats = poolStats(pool.core.origins, 0);
    assertEquals([stats.active, stats.streams], [1, 2]);
    const { active, streams, protocol } = stats.origins["http://a"] ?? {};
    assertEquals([active, streams, protocol], [1, 2, "h2"]);
    const { connections, rules } = explain("http://a", resolveOptions({}), pool.core.origins, 0);
    assertEquals(
      connections.map((each) => [each.protocol, each.streams, each.maxStreams]),
      [["h2", 2, 100]],
    );
    assertEquals(
      rules.filter(({ source }) => source === "learned"),
      [{ rule: "protocol", value: "HTTP/2", source: "learned" }],
    );
  });

  it("and the number of requests that was learned is explained", () => {
    const pool = busy(1);
    pool.restore("a", { goaways: [{ requests: 1000, at: 0, times: 2, missed: 0 }] });
    const { rules } = explain("http://a", resolveOptions({}), pool.core.origins, 0);
    const learned = rules
      .filter(({ source }) => source === "learned")
      .map(({ rule, value }) => [rule, value]);
    assertEquals(learned, [["requests per connection", "1000"]]);
  });
});
