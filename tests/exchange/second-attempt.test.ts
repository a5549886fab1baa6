/** Doubt: connections that die without a word, and requests that are sent a second time because of them. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { HoldfastError, PoolEvent, PoolOptions, RequestOptions } from "../../mod.ts";
import type { MemoryOutcome, MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { type Service, service } from "../support/service.ts";

const URL = "http://a.test/";

interface World extends Service {
  /** Peers that are dead: what they are sent goes nowhere. */
  readonly dead: Set<number>;
  /** Requests in the order in which they were received or lost: `"1 GET"`. */
  readonly requests: string[];
  answer(id: number): void;
  /** Sends a request, and tells what came of it: the number of the peer that answered, or the code of the error. */
  ask(options?: RequestOptions): { readonly result: Promise<string> };
  types(): PoolEvent["type"][];
}

/** A pool with connections to a server whose peers answer with their numbers, unless they are dead. */
function world(options: PoolOptions = {}, connects?: () => MemoryOutcome): World {
  const dead = new Set<number>();
  const requests: string[] = [];
  const peers = new Map<number, MemoryPeer>();
  const answer = (id: number): void =>
    peers.get(id)?.send(`HTTP/1.1 200 OK\r\ncontent-length: ${String(id).length}\r\n\r\n${id}`);
  const accept = (peer: MemoryPeer) => {
    peers.set(peer.id, peer);
    peer.onData((bytes) => {
      requests.push(`${peer.id} ${new TextDecoder().decode(bytes).split(" ")[0]}`);
      if (!dead.has(peer.id)) answer(peer.id);
    });
  };
  const made = service({ idleTimeout: "1h", ...options }, undefined, {
    respond: undefined,
    accept,
    ...(connects && { connect: connects }),
  });
  return {
    ...made,
    dead,
    requests,
    answer,
    ask: (asked) => {
      const result = made.pool.request(URL, asked).then(
        (response) => response.text(),
        (error: HoldfastError) => error.code ?? String(error),
      );
      return { result };
    },
    types: () => made.events.map(({ type }) => type),
  };
}

/** A body in pieces. */
async function* streamOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

/** A world in which connection 1 has answered once and is dead by now. */
async function withDead(options: PoolOptions = {}, idleMs = 5000): Promise<World> {
  const made = world(options);
  assertEquals(await made.ask().result, "1");
  await made.clock.advance(idleMs);
  made.dead.add(1);
  return made;
}

describe("a request on a connection that died without a word", () => {
  it("is answered on a fresh one after 3 s, while nothing is known of the origin", async () => {
    const { ask, clock, requests, events, retired, pool } = await withDead();
    const { result } = ask();
    await clock.advance(2999);
    assertEquals(requests, ["1 GET", "1 GET"]);
    await clock.advance(1);
    assertEquals([await result, requests.at(-1), retired()], ["2", "2 GET", ["no-answer"]]);
    const doubted = events.find((event) => event.type === "request.doubted");
    assert(doubted?.type === "request.doubted");
    assertEquals([doubted.connection, doubted.idleMs, doubted.waitedMs], [1, 5000, 3000]);
    const stats = pool.stats();
    assertEquals([stats.open, stats.idle, stats.retries, stats.failures], [1, 1, 1, 0]);
  });

  it("is one request for the caller and for listeners", async () => {
    const { pool, clock, events } = await withDead();
    const answered = pool.request(URL);
    await clock.advance(3000);
    const response = await answered;
    assertEquals([response.resendCount, response.connection.id], [1, 2]);
    await response.text();
    const ofRequest = events.filter((event) => "request" in event && event.request === 2);
    assertEquals(
      ofRequest.map(({ type }) => type),
      [
        "request.started",
        "connection.acquired",
        "request.doubted",
        "request.queued",
        "connection.acquired",
        "request.finished",
      ],
    );
    const last = ofRequest.at(-1);
    assertEquals(last?.type === "request.finished" && [last.resendCount, last.elapsedMs], [1, 3000]);
  });

  it("waits for three times the origin's slowest answers, once those are known", async () => {
    const { ask, clock, dead, requests } = world();
    for (let count = 0; count < 30; count++) assertEquals(await ask().result, "1");
    await clock.advance(5000);
    dead.add(1);
    const { result } = ask();
    await clock.advance(299);
    assertEquals(requests.length, 31);
    await clock.advance(1);
    assertEquals(await result, "2");
  });

  it("waits as long as the option says", async () => {
    const { ask, clock } = await withDead({ doubt: { after: "1s" } });
    const { result } = ask();
    await clock.advance(1000);
    assertEquals(await result, "2");
  });

  const never: [string, PoolOptions, RequestOptions][] = [
    ["doubt is off", { doubt: false }, {}],
    ["retries are off", { retry: false }, {}],
    ["it is a bare PUT", {}, { method: "PUT", body: "x" }],
    ["it is a bare DELETE", {}, { method: "DELETE" }],
    ["its body is a stream", {}, { method: "PUT", idempotent: true, body: streamOf("x") }],
    ["the call says so", {}, { doubt: false }],
    ["the user's rule says no", { retry: () => false }, {}],
  ];
  for (const [when, options, asked] of never) {
    it(`is not sent again where ${when}`, async () => {
      const { ask, clock, requests, types } = await withDead({ headersTimeout: "20s", ...options });
      const { result } = ask(asked);
      await clock.advance(1);
      await clock.advance(20_000);
      assertEquals(await result, "ERR_HEADERS_TIMEOUT");
      assertEquals(new Set(requests.map((line) => line.split(" ")[0])), new Set(["1"]));
      assert(!types().includes("request.doubted"));
    });
  }

  const keyed: [string, RequestOptions][] = [
    ["called idempotent", { method: "PUT", body: "x", idempotent: true }],
    ["with an Idempotency-Key", { method: "POST", body: "x", headers: { "idempotency-key": "1" } }],
    ["HEAD", { method: "HEAD" }],
    ["QUERY", { method: "QUERY", body: "x" }],
  ];
  for (const [which, asked] of keyed) {
    it(`is sent again: ${which}`, async () => {
      const { ask, clock, requests } = await withDead();
      const { result } = ask(asked);
      await clock.advance(3000);
      await result;
      assertEquals(requests.at(-1), `2 ${asked.method}`);
    });
  }

  it("is not sent again within the idle age at which reuse has worked", async () => {
    const { ask, clock, dead, requests } = world();
    await ask().result;
    await clock.advance(5000);
    assertEquals(await ask().result, "1");
    await clock.advance(4000);
    dead.add(1);
    void ask({ headersTimeout: "1h" }).result;
    await clock.advance(60_000);
    assertEquals(requests.length, 3);
  });

  it("is sent again beyond it, whatever the server announced", async () => {
    const { ask, clock, answer, dead } = world();
    dead.add(1);
    const first = ask();
    await settled();
    answer(1);
    await first.result;
    await clock.advance(1000);
    const { result } = ask();
    await clock.advance(3000);
    assertEquals(await result, "2");
  });
});

describe("the two attempts", () => {
  async function bothSent(options: PoolOptions = {}): Promise<World & { readonly result: Promise<string> }> {
    const made = await withDead(options);
    made.dead.add(2);
    const { result } = made.ask();
    await made.clock.advance(3000);
    assertEquals(made.requests.at(-1), "2 GET");
    return { ...made, result };
  }

  it("the first one is answered first: the second one is cut, and nothing was learned", async () => {
    const { answer, result, retired, transport, pool, types } = await bothSent();
    answer(1);
    assertEquals([await result, retired()], ["1", ["aborted"]]);
    await settled();
    assertEquals([transport.peers[1]?.state, pool.stats().open], ["aborted", 1]);
    assert(!types().includes("limit.learned"));
  });

  it("the second one is answered while the first has begun: the first is cut, and nothing was learned", async () => {
    const { transport, answer, result, retired, types } = await bothSent();
    transport.peers[0]?.send("HTTP/1.1 200");
    await settled();
    answer(2);
    assertEquals([await result, retired()], ["2", ["aborted"]]);
    assert(!types().includes("limit.learned"));
  });

  it("the first one is lost: the second one is waited for", async () => {
    const { transport, answer, result, retired } = await bothSent();
    transport.peers[0]?.end();
    await settled();
    answer(2);
    assertEquals([await result, retired()], ["2", ["peer-closed"]]);
  });

  it("the second one is lost, then the first one: there is no third", async () => {
    const { transport, result, requests } = await bothSent();
    transport.peers[1]?.reset();
    await settled();
    transport.peers[0]?.end();
    assertEquals([await result, requests.length], ["ERR_CONNECTION_LOST", 3]);
  });

  it("the second one is lost: the first one goes on", async () => {
    const { transport, answer, result, retired } = await bothSent();
    transport.peers[1]?.reset();
    await settled();
    answer(1);
    assertEquals([await result, retired()], ["1", ["peer-closed"]]);
  });

  it("the second one is malformed: the first one goes on", async () => {
    const { transport, answer, result, retired } = await bothSent();
    transport.peers[1]?.send("nonsense\r\n\r\n");
    await settled();
    answer(1);
    assertEquals([await result, retired()], ["1", ["bad-framing"]]);
  });

  it("both are lost: the request fails, once, and nothing is open", async () => {
    const { transport, result, events, pool } = await bothSent();
    transport.peers[0]?.end();
    await settled();
    transport.peers[1]?.end();
    assertEquals(await result, "ERR_CONNECTION_LOST");
    assertEquals(events.filter(({ type }) => type === "request.failed").length, 1);
    assertEquals(pool.stats().open, 0);
  });

  it("end together with the request's deadline, which counts from the first", async () => {
    const { clock, result, pool, requests } = await bothSent({ headersTimeout: "8s" });
    await clock.advance(4999);
    assertEquals(pool.stats().active, 2);
    await clock.advance(1);
    assertEquals([await result, pool.stats().open, requests.length], ["ERR_HEADERS_TIMEOUT", 0, 3]);
  });

  it("end when the request is aborted, while connecting as well", async () => {
    for (const wait of [2000, 3000]) {
      const made = await withDead();
      made.dead.add(2);
      const controller = new AbortController();
      const { result } = made.ask({ signal: controller.signal });
      await made.clock.advance(wait);
      controller.abort("enough");
      assertEquals(await result, "enough");
      await made.clock.advance(5000);
      assertEquals(made.pool.stats().active, 0);
      assertEquals(made.requests.length, wait < 3000 ? 2 : 3);
    }
  });

  it("end when the pool is closed", async () => {
    const { pool, result } = await bothSent();
    await pool.close({ timeout: 0 });
    assertEquals([await result, pool.stats().open], ["ERR_POOL_CLOSED", 0]);
  });

  /** Connection 1 begins an answer, and may be reset behind it, when an event of the given type is delivered. */
  async function beginsAt(
    at: PoolEvent["type"],
    options: PoolOptions = {},
    isReset = false,
    beginning = "HTTP/1.1 200 OK\r\n",
  ): Promise<World> {
    const onEvent = ({ type }: PoolEvent): void => {
      if (type !== at || made?.dead.has(1) !== true) return;
      made.transport.peers[0]?.send(beginning);
      if (isReset) made.transport.peers[0]?.reset();
    };
    let made: World | undefined;
    made = await withDead({ ...options, onEvent });
    return made;
  }

  it("no second one is sent if the answer to the first begins before there is a connection for it", async () => {
    const made = await beginsAt("request.doubted");
    const { result } = made.ask();
    await made.clock.advance(5000);
    assertEquals([made.requests.length, made.transport.attempts], [2, 2]);
    made.transport.peers[0]?.send("content-length: 1\r\n\r\n1");
    assertEquals([await result, made.pool.stats().retired], ["1", { aborted: 1 }]);
  });

  it("no second one is sent if the first is lost after its answer has begun, before there is a connection for it", async () => {
    const made = await beginsAt("request.doubted", {}, true);
    const { result } = made.ask();
    await made.clock.advance(5000);
    assertEquals([await result, made.requests.length], ["ERR_CONNECTION_LOST", 2]);
  });

  it("no second one is sent if the first is lost behind a 1xx, before there is a connection for it", async () => {
    const made = await beginsAt("request.doubted", {}, true, "HTTP/1.1 103 Early Hints\r\n\r\n");
    const { result } = made.ask();
    await made.clock.advance(5000);
    assertEquals([await result, made.requests.length], ["ERR_CONNECTION_LOST", 2]);
  });

  it("no second one is sent if a listener aborts on request.doubted", async () => {
    const controller = new AbortController();
    const onEvent = (event: PoolEvent) => {
      if (event.type === "request.doubted") controller.abort("doubted");
    };
    const made = await withDead({ onEvent });
    const { result } = made.ask({ signal: controller.signal });
    await made.clock.advance(1);
    await made.clock.advance(5000);
    assertEquals([await result, made.requests.length, made.pool.stats().open], ["doubted", 2, 0]);
  });

  it("the second one is cut if a listener aborts when the first one is retired", async () => {
    const controller = new AbortController();
    const onEvent = (event: PoolEvent) => {
      if (event.type === "connection.retired") controller.abort("retired");
    };
    const made = await withDead({ onEvent });
    const { result } = made.ask({ signal: controller.signal });
    await made.clock.advance(5000);
    assertEquals([await result, made.pool.stats().open], ["retired", 0]);
  });

  it("the first one leaves its place where a limit allows no other connection", async () => {
    const made = await withDead({ maxConnectionsPerOrigin: 1 });
    const { result } = made.ask();
    await made.clock.advance(3000);
    assertEquals([await result, made.retired()], ["2", ["no-answer"]]);
  });
});

describe("the budget of doubts", () => {
  it("bounds how often a slow server is asked twice, and says so once a minute", async () => {
    const { ask, clock, dead, requests, types } = world({ headersTimeout: "1h" });
    await Promise.all(Array.from({ length: 30 }, () => ask().result));
    await clock.advance(5000);
    for (let id = 1; id <= 100; id++) dead.add(id);
    for (let count = 0; count < 30; count++) void ask().result;
    await clock.advance(10_000);
    assertEquals(requests.length, 30 + 30 + 10);
    assertEquals(types().filter((type) => type === "doubt.exhausted").length, 1);
  });
});

describe("what an origin's silence teaches", () => {
  it("after two silent deaths connections are retired before the age at which they die", async () => {
    const { ask, clock, dead, types, retired } = world();
    for (const id of [1, 2]) {
      assertEquals(await ask().result, String(id));
      await clock.advance(4000);
      dead.add(id);
      const { result } = ask();
      await clock.advance(3000);
      assertEquals(await result, String(id + 1));
      if (id === 1) assert(!types().includes("limit.learned"));
    }
    await clock.advance(4000);
    assertEquals(retired(), ["no-answer", "no-answer", "learned-limit"]);
    assertEquals(await ask().result, "4");
  });

  it("a POST that gets no byte for a while is a warning to others, which an answer takes back", async () => {
    for (const answered of [false, true]) {
      const { ask, clock, dead, answer, requests } = world({ unsafeReuse: "10s" });
      await Promise.all([ask().result, ask().result]);
      await clock.advance(5000);
      dead.add(2);
      const first = ask({ method: "POST", body: "x" });
      await clock.advance(1);
      await clock.advance(3000);
      if (answered) {
        dead.delete(2);
        answer(2);
        await first.result;
        await clock.advance(5000);
      }
      await ask({ method: "POST", body: "x" }).result;
      assertEquals(requests.at(-1), answered ? "2 POST" : "3 POST");
      assertEquals(requests.length, 4);
    }
  });

  it("a POST that got no byte until its deadline makes announcements unproven for others", async () => {
    const { ask, clock, dead } = world({ unsafeReuse: "10s", headersTimeout: "2s" });
    await ask().result;
    await clock.advance(5000);
    dead.add(1);
    const first = ask({ method: "POST", body: "x" });
    await clock.advance(2000);
    assertEquals(await first.result, "ERR_HEADERS_TIMEOUT");
    assertEquals(await ask().result, "2");
    await clock.advance(5000);
    dead.add(2);
    assertEquals(await ask({ method: "POST", body: "x" }).result, "3");
  });
});

describe("doubt of one call", () => {
  it("is refused for a body that cannot be sent again, and for a wait that headersTimeout ends", async () => {
    const { pool } = world();
    const stream = { method: "PUT", body: streamOf("x") };
    await assertRejects(
      () => pool.request(URL, { ...stream, doubt: {} }),
      TypeError,
      "doubt requires a body",
    );
    const late = { doubt: { after: "2s" }, headersTimeout: "1s" } as const;
    await assertRejects(() => pool.request(URL, late), RangeError, "doubt.after (2000 ms)");
  });
});

describe("a request that was under way when the network went out", () => {
  /** A world in which the connections are busy, connect attempts get nowhere, and the network is back after `outMs`. */
  async function out(
    outMs: number,
    options: PoolOptions = {},
  ): Promise<World & { readonly tries: number[] }> {
    const tries: number[] = [];
    let isOut = false;
    const made = world(options, () => {
      tries.push(made.clock.now());
      return isOut ? "never" : "accept";
    });
    for (let count = 0; count < 30; count++) assertEquals(await made.ask().result, "1");
    isOut = true;
    made.dead.add(1);
    tries.length = 0;
    made.clock.schedule(outMs, () => {
      isOut = false;
    });
    return { ...made, tries };
  }

  it("is answered on a fresh connection within a second of its end", async () => {
    const { ask, clock, requests, tries, types } = await out(10_000);
    const start = clock.now();
    const { result } = ask();
    for (let ms = 0; ms < 11_000; ms += 50) await clock.advance(50);
    assertEquals(requests.length, 32);
    assert((await result) !== "1");
    const began = tries.map((at) => at - start);
    assertEquals(began.slice(0, 3), [300, 1050, 1800]);
    assert(began.every((at) => at < 11_000));
    assertEquals(types().filter((type) => type === "request.doubted").length, 1);
  });

  it("teaches nothing about idle connections", async () => {
    const { ask, clock, events } = await out(10_000);
    void ask();
    for (let ms = 0; ms < 11_000; ms += 50) await clock.advance(50);
    assertEquals(
      events.filter(({ type }) => type === "limit.learned"),
      [],
    );
  });

  it("is not sent again if it is a POST", async () => {
    const { ask, clock, requests, tries } = await out(10_000);
    const { result } = ask({ method: "POST", body: "x" });
    void result;
    for (let ms = 0; ms < 11_000; ms += 50) await clock.advance(50);
    assertEquals([requests.length, tries.length], [31, 0]);
  });

  /** An idle connection, and a network that goes out before the request: `first` comes of the first attempts to connect. */
  async function outWhileIdle(
    first: readonly MemoryOutcome[],
    options: PoolOptions = {},
  ): Promise<World & { back(): void }> {
    const outcomes = [...first];
    let isOut = false;
    const made = world(options, () => (isOut ? (outcomes.shift() ?? "never") : "accept"));
    assertEquals(await made.ask().result, "1");
    await made.clock.advance(200);
    isOut = true;
    made.dead.add(1);
    const back = (): void => {
      isOut = false;
    };
    return { ...made, back };
  }

  const attempts: [string, readonly MemoryOutcome[], PoolOptions?][] = [
    ["hung", []],
    ["took too long", [], { connectTimeout: "2s" }],
    ["failed at once", ["unreachable"]],
    ["failed, one after the other", ["unreachable", "unreachable", "unreachable"]],
  ];
  for (const [what, outcomes, options] of attempts)
    it(`is answered within a second of its end, if the connect attempt of its doubt ${what}`, async () => {
      const { ask, clock, requests, back, events } = await outWhileIdle(outcomes, options);
      const { result } = ask();
      for (let ms = 0; ms < 10_000; ms += 50) await clock.advance(50);
      assertEquals(requests.length, 2);
      back();
      for (let ms = 0; ms < 1000; ms += 50) await clock.advance(50);
      assertEquals(requests.length, 3);
      assert((await result) !== "1");
      assertEquals(events.filter(({ type }) => type === "request.doubted").length, 1);
      assertEquals(
        events.filter(({ type }) => type === "limit.learned"),
        [],
      );
    });

  it("is answered within a second of its end, if that began when the origin had been tried", async () => {
    const made = world({}, () => outcome);
    let outcome: MemoryOutcome = "accept";
    for (let count = 0; count < 30; count++) assertEquals(await made.ask().result, "1");
    made.dead.add(1);
    const { result } = made.ask();
    for (let ms = 0; ms < 3000; ms += 50) await made.clock.advance(50);
    assertEquals([made.requests.length, made.pool.stats().open], [31, 2]);
    outcome = "never";
    for (let ms = 0; ms < 10_000; ms += 50) await made.clock.advance(50);
    outcome = "accept";
    for (let ms = 0; ms < 1000; ms += 50) await made.clock.advance(50);
    assertEquals(made.requests.length, 32);
    assert((await result) !== "1");
  });

  it("asks the user's rule once per outage", async () => {
    let asked = 0;
    const retry = (): false => {
      asked += 1;
      return false;
    };
    const { ask, clock, requests } = await out(10_000, { retry });
    void ask().result;
    for (let ms = 0; ms < 20_000; ms += 50) await clock.advance(50);
    assertEquals([asked, requests.length], [1, 31]);
  });

  it("is not sent again where only the server is slow: a connection is tried now and then, and gets through", async () => {
    const { ask, clock, requests, tries, answer } = await out(0);
    await clock.advance(1);
    const { result } = ask();
    for (let ms = 0; ms < 20_000; ms += 100) await clock.advance(100);
    assertEquals([requests.length, tries.length], [31, 3]);
    answer(1);
    assertEquals(await result, "1");
  });
});
