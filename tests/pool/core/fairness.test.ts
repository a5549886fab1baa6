import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CoreDriver } from "../../support/core-driver.ts";

describe("at the total limit", () => {
  it("the stalest idle connection of all origins makes room", () => {
    const pool = new CoreDriver({ maxConnections: 3 });
    pool.at(3).park("c");
    pool.at(1).now = 4;
    pool.park("a");
    pool.at(5).park("b");
    assertEquals(pool.acquire("d", "x"), ["close 1: make-room", "connect 4 d", "queue x (1)"]);
  });

  it("a request waits while every connection is at work", () => {
    const pool = new CoreDriver({ maxConnections: 2 });
    pool.open("a", "1");
    pool.open("a", "2");
    assertEquals(pool.acquire("b", "x"), ["queue x (1)"]);
    assertEquals(pool.release(1), ["close 1: make-room", "connect 3 b"]);
    assertEquals(pool.connected(3), ["grant x 3"]);
  });

  it("an origin with more than its share gives up a connection though it has requests of its own", () => {
    const pool = new CoreDriver({ maxConnections: 2 });
    pool.open("a", "1");
    pool.open("a", "2");
    pool.acquire("a", "own");
    pool.acquire("b", "other");
    assertEquals(pool.release(1), ["close 1: make-room", "connect 3 b"]);
    assertEquals(pool.release(2), ["grant own 2"]);
  });

  it("the place of a connection that closed goes to the origin whose turn it is, not to the one that had it", () => {
    const pool = new CoreDriver({ maxConnections: 2 });
    pool.open("a", "1");
    pool.open("a", "2");
    pool.acquire("b", "other");
    pool.acquire("a", "own");
    assertEquals(pool.release(1, "peer-close"), ["close 1: peer-close", "connect 3 b"]);
    assertEquals(pool.release(2, "peer-close"), ["close 2: peer-close", "connect 4 a"]);
  });

  it("a connect attempt that failed gives up its place as well", () => {
    const pool = new CoreDriver({ maxConnections: 1 });
    pool.acquire("a", "1");
    pool.acquire("a", "2");
    pool.acquire("b", "other");
    pool.acquire("a", "3");
    assertEquals(pool.failed(1).slice(0, 2), ["close 1: connect-failed", "reject 1: connect-failed"]);
    pool.failed(2);
    assertEquals([pool.fates.get("2"), pool.fates.get("other")].includes("rejected"), true);
    pool.connected(3);
    assertEquals(pool.fates.get("3"), "waiting");
  });

  it("origins that only their own limit keeps out are passed over", () => {
    const pool = new CoreDriver({ maxConnections: 2, maxConnectionsPerOrigin: 1 });
    pool.open("a", "1");
    pool.open("b", "2");
    pool.acquire("a", "own");
    pool.acquire("c", "other");
    assertEquals(pool.release(2), ["close 2: make-room", "connect 3 c"]);
    assertEquals(pool.release(1), ["grant own 1"]);
  });

  it("connections are no longer closed for other origins once every origin has its share", () => {
    const pool = new CoreDriver({ maxConnections: 4 });
    for (let nth = 0; nth < 4; nth++) pool.open("a", `a${nth}`);
    const load = new Load(pool, ["a", "b"]);
    for (let round = 0; round < 20; round++) load.turn();
    const opened = Math.max(...pool.connections.keys());
    for (let round = 0; round < 100; round++) load.turn();
    assertEquals(Math.max(...pool.connections.keys()), opened);
    assertEquals(load.open("a"), 2);
    assertEquals(load.open("b"), 2);
  });

  it("no connection is opened without a waiter", () => {
    const pool = new CoreDriver({ maxConnections: 1 });
    pool.open("a", "1");
    pool.acquire("a", "2");
    assertEquals(pool.release(1), ["grant 2 1"]);
    assertEquals(pool.release(1), ["park 1"]);
  });
});

describe("no request starves:", () => {
  for (const [maxConnections, names] of [
    [1, "ab"],
    [2, "ab"],
    [2, "abc"],
    [3, "abcde"],
    [4, "abc"],
  ] as const) {
    it(`${names.length} origins that always have more to ask share ${maxConnections} connections`, () => {
      const origins = [...names];
      const pool = new CoreDriver({ maxConnections });
      const load = new Load(pool, origins);
      for (let turn = 0; turn < 300; turn++) load.turn();
      for (const origin of origins) assert(load.served(origin) >= 10, `${origin}: ${load.served(origin)}`);
    });
  }

  it("one request beside an origin that always has more", () => {
    for (const maxConnections of [1, 2, 5]) {
      const pool = new CoreDriver({ maxConnections });
      const load = new Load(pool, ["a"]);
      for (let turn = 0; turn < 10; turn++) load.turn();
      pool.acquire("b", "the one");
      for (let turn = 0; turn < 20; turn++) load.turn();
      assertEquals(pool.fates.get("the one"), "granted", `${maxConnections} connections`);
    }
  });

  it("one request behind an origin that waits as well, but has its share", () => {
    const pool = new CoreDriver({ maxConnections: 4 });
    for (const name of ["a1", "a2", "a3"]) pool.open("a", name);
    pool.open("b", "b1 takes for ever");
    for (const origin of ["b", "c"]) pool.acquire(origin, `${origin} waits`);
    for (let turn = 0; turn < 5 && pool.fates.get("c waits") === "waiting"; turn++) {
      pool.now += 1;
      pool.acquire("a", `a again ${turn}`);
      const [busy] = [...pool.connections.values()].filter(
        ({ state, originRecord }) => state === "active" && originRecord.origin.hostname === "a",
      );
      if (busy !== undefined) pool.release(busy.id);
      for (const { id, state } of pool.connections.values()) if (state === "connecting") pool.connected(id);
    }
    assertEquals(pool.fates.get("c waits"), "granted");
  });

  it("every request is granted in the end, whatever the order of things", () => {
    const operations = fc.array(fc.tuple(fc.nat(3), fc.nat(99)), { minLength: 20, maxLength: 120 });
    const limit = fc.integer({ min: 1, max: 4 });
    const persistent = fc.boolean();
    const law = fc.property(operations, limit, limit, persistent, (list, total, perOrigin, persists) => {
      const pool = new CoreDriver({ maxConnections: total, maxConnectionsPerOrigin: perOrigin });
      const load = new Load(pool, [], persists);
      for (const [kind, pick] of list) {
        pool.now += 1;
        if (kind === 0) pool.acquire("abcd".charAt(pick % 4), `request ${pool.now}`);
        else load.settleOne(pick);
      }
      // From here on nothing new comes.
      for (let left = 0; left < 1000 && pool.core.origins.queue.size > 0; left++) load.settleOne(left);
      assertEquals(
        [...pool.fates.values()].filter((fate) => fate !== "granted"),
        [],
      );
    });
    fc.assert(law, { numRuns: 300 });
  });
});

/** Origins that ask for more than there is, and a world that answers one thing at a time, in turn. */
class Load {
  readonly #pool: CoreDriver;
  readonly #origins: readonly string[];
  readonly #persistent: boolean;
  #asked = 0;
  #turn = 0;

  constructor(pool: CoreDriver, origins: readonly string[], persistent = true) {
    this.#pool = pool;
    this.#origins = origins;
    this.#persistent = persistent;
  }

  /** Every origin has at least two requests waiting; then one connection changes. */
  turn(): void {
    const pool = this.#pool;
    pool.now += 1;
    for (const origin of this.#origins) {
      while (this.#waiting(origin) < 2) {
        this.#asked += 1;
        pool.acquire(origin, `${origin} ${this.#asked}`);
      }
    }
    this.#turn += 1;
    this.settleOne(this.#turn);
  }

  /** Opens or releases the connection that is `nth` in turn, if there is one. */
  settleOne(nth: number): void {
    const moving = [...this.#pool.connections.values()].filter(({ state }) => state !== "idle");
    const connection = moving[nth % moving.length];
    if (connection === undefined) return;
    if (connection.state === "connecting") this.#pool.connected(connection.id);
    else this.#pool.release(connection.id, this.#persistent ? undefined : "peer-close");
  }

  served(origin: string): number {
    const names = [...this.#pool.fates].filter(([, fate]) => fate === "granted").map(([name]) => name);
    return names.filter((name) => name.startsWith(origin)).length;
  }

  open(origin: string): number {
    return this.#pool.core.origins.find(`http://${origin}`)?.connections.size ?? 0;
  }

  #waiting(origin: string): number {
    return this.#pool.core.origins.find(`http://${origin}`)?.waiters.size ?? 0;
  }
}
