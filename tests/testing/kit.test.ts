/** The testing kit, as users of it write tests: pools, clocks, assertions, servers on ports, recordings. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createPool } from "../../mod.ts";
import {
  AssertionError,
  EventLog,
  listen,
  listenTo,
  memoryTransport,
  playback,
  record,
  type Tape,
  testPool,
} from "../../src/testing/mod.ts";
import { PATIENT } from "../support/patience.ts";

const ask = async (pool: { fetch: typeof fetch }, url = "http://api.test/") => (await pool.fetch(url)).text();

describe("testPool()", () => {
  it("answers without a network, and its clock is moved by hand", async () => {
    await using it = testPool({ options: { idleTimeout: "5s" } });
    assertEquals(await ask(it.pool), "ok");
    await it.clock.advance(4999);
    assertEquals(it.log.retired, []);
    await it.clock.advance(1);
    it.log.assertRetired("idle-timeout", 1);
    it.log.assertAtRest();
  });

  it("takes servers as functions, or byte by byte", async () => {
    await using asked = testPool({ respond: ({ path }) => ({ status: 404, body: path }) });
    assertEquals(await ask(asked.pool, "http://api.test/x"), "/x");
    await using spoken = testPool({
      accept: (peer) => peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")),
    });
    assertEquals(await ask(spoken.pool), "hi");
  });

  it("refuses options that no pool has", () => {
    assertThrows(() => testPool({ options: { idleTimout: 1 } as never }), TypeError, "idleTimeout");
  });
});

describe("the log", () => {
  it("says what was reused, sent again and left", async () => {
    let closing = false;
    await using it = testPool({
      accept: (peer) =>
        peer.onData(() => {
          if (closing) {
            closing = false;
            return peer.reset();
          }
          peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        }),
    });
    await ask(it.pool);
    await ask(it.pool);
    it.log.assertReuse({ reused: 1, opened: 1 });
    it.log.assertNothingResent();
    closing = true;
    await ask(it.pool);
    assertEquals(it.log.resent, ["stale-connection"]);
    assertThrows(() => it.log.assertNothingResent(), AssertionError, "sent again");
    assertThrows(() => it.log.assertRetired("slept"), AssertionError, "should have ended as slept");
    assertThrows(
      () => it.log.assertReuse({ reused: 9, opened: 9 }),
      AssertionError,
      '{"reused":9,"opened":9}',
    );
    const unread = await it.pool.fetch("http://api.test/");
    it.log.assertAtRest(); // it is short: all of it is there
    await unread.text();
  });

  it("finds a response that was left unread, and ends when it is stopped", async () => {
    await using it = testPool({
      accept: (peer) => peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegin")),
    });
    const left = await it.pool.fetch("http://api.test/");
    assertThrows(() => it.log.assertAtRest(), AssertionError, "is a response left unread?");
    await left.body?.cancel();
    await it.clock.advance(60_000); // the rest of the body might have come
    it.log.assertAtRest();
    const other = new EventLog(it.pool);
    other.stop();
    await (await it.pool.fetch("http://api.test/")).body?.cancel();
    assertEquals(other.events, []);
  });
});

describe("listen()", () => {
  it("is a server on a real port, with habits", PATIENT, async () => {
    const server = await listen({ maxRequests: 2 });
    const pool = createPool();
    try {
      for (let round = 0; round < 4; round++) assertEquals(await ask(pool, server.url), "ok");
      assertEquals([server.accepted, server.answered, server.late], [2, 4, 0]);
      assertEquals(pool.stats().retired["peer-close"], 2);
    } finally {
      await pool.close();
      await server.close();
    }
  });

  it("speaks byte by byte where a script says so", PATIENT, async () => {
    const server = await listenTo((peer) => peer.onData(() => peer.reset()));
    const pool = createPool();
    try {
      await assertRejects(() => pool.request(server.url, { method: "POST" }), Error, "connection");
    } finally {
      await pool.close();
      await server.close();
    }
  });

  it("refuses what is no habit", async () => {
    await assertRejects(() => listen({ idleTimout: 5 } as never), TypeError, "did you mean idleTimeout?");
    await assertRejects(() => listen({ maxRequests: 0 }), RangeError, "maxRequests of server");
    await assertRejects(
      () => listen({ idleTimeout: "5 parsecs" as never }),
      RangeError,
      "idleTimeout of server",
    );
  });
});

describe("a tape", () => {
  it("has what a server said, and says it again", async () => {
    let count = 0;
    const transport = memoryTransport({
      respond: ({ path, text }) => ({
        status: 201,
        headers: { "X-Count": String(++count) },
        body: path + text(),
      }),
    });
    const recorder = record(createPool({ transport }));
    const say = async (fetch: typeof recorder.fetch) => {
      const first = await fetch("http://api.test/a", { method: "POST", body: "ä" });
      const [second, third] = [await fetch("http://api.test/b"), await fetch("http://api.test/b")];
      const texts = [await first.text(), await second.text(), await third.text()];
      return [first.status, ...texts, second.headers.get("x-count"), third.headers.get("x-count")];
    };
    const original = await say(recorder.fetch);
    const tape: Tape = JSON.parse(JSON.stringify(recorder.tape()));
    await using it = testPool({ respond: playback(tape) });
    assertEquals(await say(it.pool.fetch as typeof recorder.fetch), original);
    assertEquals(original, [201, "/aä", "/b", "/b", "2", "3"]);
    const unknown = await it.pool.fetch("http://api.test/c");
    assert((await unknown.text()).includes("the tape has no such request"));
  });

  it("must be one", () => {
    assertThrows(() => playback({ version: 2 } as never), TypeError, "This is no tape");
  });
});
