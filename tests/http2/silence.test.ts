/** HTTP/2 over a connection that dies without a word: its streams are doubted, and no request follows on it. */

import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool, type PoolEvent, type RequestOptions } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import {
  END_HEADERS,
  END_STREAM,
  FrameReader,
  frame,
  settingsFrame,
  TYPE,
} from "../simulation/http2/frames.ts";
import { MovableClock } from "../support/clock.ts";
import { eventually, PATIENT } from "../support/patience.ts";

/** A server behind a relay that can forget the connections through it: what comes on them goes nowhere. */
class Forgetful implements AsyncDisposable {
  readonly requests: string[] = [];
  /** Answers that wait, in the order of their requests: those to requests with `x-wait`. */
  readonly waiting: (() => void)[] = [];
  readonly #forgotten: Set<number> = new Set();
  #connections = 0;
  readonly #origin = createHttp2Server();
  readonly #relay: Server;

  constructor() {
    this.#origin.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      const answer = (): void => {
        if (stream.destroyed) return;
        stream.respond({ ":status": 200 });
        stream.end("ok");
      };
      if (headers["x-wait"] === undefined) answer();
      else this.waiting.push(answer);
      this.requests.push(`${headers[":method"]} ${headers[":path"]}`);
    });
    this.#relay = createServer((client) => {
      this.#connections += 1;
      const number = this.#connections;
      const server = connect((this.#origin.address() as AddressInfo).port, "127.0.0.1");
      const pass = (to: typeof client) => (bytes: Uint8Array) =>
        void (this.#forgotten.has(number) || to.write(bytes));
      client
        .on("data", pass(server))
        .on("error", () => {})
        .on("close", () => server.destroy());
      server
        .on("data", pass(client))
        .on("error", () => {})
        .on("close", () => client.destroy());
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((listening) => void this.#origin.listen(0, "127.0.0.1", listening));
    await new Promise<void>((listening) => void this.#relay.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.#relay.address() as AddressInfo).port}/`;
  }

  forget(): void {
    for (let number = 1; number <= this.#connections; number++) this.#forgotten.add(number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relay.close();
    this.#origin.close();
  }
}

/** The sockets are real, and the time is the test's: a busy machine makes nothing late. */
async function withPool(
  test: (at: {
    server: Forgetful;
    clock: MovableClock;
    get: (path: string, init?: object) => Promise<string>;
    events: PoolEvent[];
  }) => Promise<void>,
): Promise<void> {
  await using server = new Forgetful();
  const url = await server.open();
  const events: PoolEvent[] = [];
  const clock = new MovableClock();
  const pool = createPool({
    http2: "prior-knowledge",
    doubt: { after: "300ms" },
    clock,
    onEvent: (event) => void events.push(event),
  });
  const get = async (path: string, init: object = {}): Promise<string> => {
    const response = await pool.request(url + path, init);
    return `${await response.text()} on ${response.connection.id}`;
  };
  await test({ server, clock, get, events });
  await pool.close({ timeout: 0 });
}

const retired = (events: readonly PoolEvent[]) =>
  events.flatMap((event) =>
    event.type === "connection.retired" ? [`${event.connection} ${event.reason}`] : [],
  );

const doubts = (events: readonly PoolEvent[]) =>
  events.filter(({ type }) => type === "request.doubted").length;

describe("HTTP/2 on a connection that died without a word", PATIENT, () => {
  it("requests that share it are all answered on fresh ones, and it is retired once", async () => {
    await withPool(async ({ server, clock, get, events }) => {
      assertEquals(await get("1"), "ok on 1");
      await clock.advance(200);
      server.forget();
      const asked = events.filter(({ type }) => type === "connection.acquired").length;
      // How many share the second one depends on when real sockets connect.
      const calls = Promise.all([get("2"), get("3"), get("4")]);
      const acquired = () => events.filter(({ type }) => type === "connection.acquired").length - asked;
      await eventually(() => acquired() === 3, "three requests on it");
      await clock.advance(300);
      assertEquals(doubts(events), 3);
      const answers = await calls;
      for (const answer of answers) assert(/^ok on [2-4]$/.test(answer), answers.join());
      assertEquals(retired(events), ["1 no-answer"]);
      assertEquals(server.requests.toSorted(), ["GET /1", "GET /2", "GET /3", "GET /4"]);
      assert(answers.includes(await get("5")), "the next one uses a connection that has answered");
    });
  });

  it("a slow answer on a connection that has answered others since is not doubted", async () => {
    await withPool(async ({ server, clock, get, events }) => {
      await get("1");
      await clock.advance(200);
      const slow = get("slow", { headers: { "x-wait": "1" } });
      await eventually(() => server.waiting.length === 1, "the slow request");
      assertEquals(await get("2"), "ok on 1");
      await clock.advance(700);
      server.waiting[0]?.();
      assertEquals(await slow, "ok on 1");
      assertEquals(doubts(events), 0);
      assertEquals(server.requests.length, 3);
    });
  });

  it("the stream that is not needed any more is cancelled, and its connection stays", async () => {
    await withPool(async ({ server, clock, get, events }) => {
      await get("1");
      await clock.advance(200);
      const slow = get("slow", { headers: { "x-wait": "1" } });
      await eventually(() => server.waiting.length === 1, "the slow request");
      await clock.advance(300);
      await eventually(() => server.waiting.length === 2, "the same on another connection");
      server.waiting[0]?.();
      assertEquals(await slow, "ok on 1");
      assertEquals(server.requests.length, 3);
      assertEquals(retired(events), []);
    });
  });
});

/** `:status: 200` from the static table (RFC 7541, appendix A): the whole of a response. */
const answer = (stream: number) => frame(TYPE.headers, END_HEADERS | END_STREAM, stream, [0x88]);

/** A signal that is aborted after `ms` of virtual time. */
function abortAfter(clock: MovableClock, ms: number): AbortSignal {
  const controller = new AbortController();
  clock.schedule(ms, () => controller.abort(new Error("left")));
  return controller.signal;
}

/** A pool in virtual time whose connections can be forgotten, and whose connect attempts can be held up. */
function asked(maxStreams: number) {
  const clock = new MovableClock();
  const events: PoolEvent[] = [];
  /** Connections on which nothing comes through any more. */
  const dead = new Set<number>();
  const unanswered: (() => void)[] = [];
  let held: Promise<void> | undefined;
  const transport = memoryTransport({
    accept: (peer) => {
      const reader = new FrameReader();
      peer.send(settingsFrame([[3, maxStreams]]));
      peer.onData((bytes) => {
        for (const { type, stream } of reader.push(bytes) ?? [])
          if (type === TYPE.headers && !dead.has(peer.id)) peer.send(answer(stream));
          else if (type === TYPE.headers) unanswered.push(() => peer.send(answer(stream)));
      });
    },
  });
  const connect: typeof transport.connect = async (target, handler, signal) => {
    await held;
    return transport.connect(target, handler, signal);
  };
  const onEvent = (event: PoolEvent) => void events.push(event);
  const pool = createPool({
    http2: "prior-knowledge",
    idleTimeout: "1h",
    onEvent,
    clock,
    transport: { ...transport, connect },
  });
  const one = async () => (await pool.request("http://a.test/")).connection.id;
  return {
    pool,
    transport,
    clock,
    events,
    dead,
    /** Sends requests. Each resolves with the number of the connection that answered. */
    get: (count: number) => Array.from({ length: count }, one),
    /** New connections open once the function that is returned is called. */
    hold() {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    /** What was not answered is, the first first. */
    late: () => unanswered.shift()?.(),
    doubted: () => events.filter(({ type }) => type === "request.doubted").length,
  };
}

describe("HTTP/2 on which nothing came since a request was sent that is given up", () => {
  const url = "http://a.test/";
  const rows: [string, init: (clock: MovableClock) => RequestOptions, id: number, reasons: string[]][] = [
    ["by its time limit", () => ({ headersTimeout: "4s" }), 2, ["1 no-answer"]],
    ["by its total time limit", () => ({ requestTimeout: "4s" }), 2, ["1 no-answer"]],
    ["by its caller", (clock) => ({ signal: abortAfter(clock, 4000) }), 2, ["1 no-answer"]],
    ["too soon to say", () => ({ headersTimeout: "2s" }), 1, []],
  ];
  for (const [how, init, id, reasons] of rows)
    it(`the connection takes ${reasons.length > 0 ? "no other" : "others"}: ${how}`, async () => {
      const { pool, clock, dead, events, ...world } = asked(100);
      await Promise.all(world.get(1));
      await clock.advance(500);
      dead.add(1);
      const posted = pool.request(url, { method: "POST", body: "x", ...init(clock) }).catch(() => "failed");
      await clock.advance(5000);
      assertEquals(await posted, "failed");
      if (reasons.length === 0) dead.clear();
      assertEquals(await Promise.all(world.get(1)), [id]);
      assertEquals([retired(events), world.doubted()], [reasons, 0]);
      await pool.close({ timeout: 0 });
    });

  it("those that wait on it beside it go on", async () => {
    const { pool, clock, dead, events, late, ...world } = asked(100);
    await Promise.all(world.get(1));
    await clock.advance(500);
    dead.add(1);
    const waits = pool.request(url, { doubt: false });
    const posted = pool
      .request(url, { method: "POST", body: "x", headersTimeout: "4s" })
      .catch(() => "failed");
    await clock.advance(5000);
    assertEquals(await posted, "failed");
    assertEquals(await Promise.all(world.get(1)), [2]);
    assertEquals(retired(events), []);
    late();
    assertEquals((await waits).connection.id, 1);
    assertEquals(retired(events), ["1 no-answer"]);
    await pool.close({ timeout: 0 });
  });

  it("the connection stays if anything came on it meanwhile", async () => {
    const { pool, clock, dead, events, ...world } = asked(100);
    await Promise.all(world.get(1));
    dead.add(1);
    const posted = pool
      .request(url, { method: "POST", body: "x", headersTimeout: "4s" })
      .catch(() => "failed");
    await clock.advance(1000);
    dead.clear();
    await Promise.all(world.get(1));
    await clock.advance(4000);
    assertEquals(await posted, "failed");
    assertEquals(await Promise.all(world.get(1)), [1]);
    assertEquals(retired(events), []);
    await pool.close({ timeout: 0 });
  });
});

describe("HTTP/2 requests that wait for a connection", () => {
  it("share the one that is on its way, as do those that come meanwhile", async () => {
    const { pool, transport, ...world } = asked(100);
    const release = world.hold();
    const first = world.get(3);
    await world.clock.advance(100);
    const later = world.get(2);
    release();
    assertEquals(await Promise.all([...first, ...later]), [1, 1, 1, 1, 1]);
    assertEquals([transport.peers.length, pool.stats().open], [1, 1]);
    await pool.close({ timeout: 0 });
  });

  it("share a fresh one where the one that they have has died without a word", async () => {
    const { pool, transport, ...world } = asked(100);
    await Promise.all(world.get(1));
    await world.clock.advance(60_000);
    world.dead.add(1);
    const release = world.hold();
    const calls = world.get(5);
    await world.clock.advance(3000);
    assertEquals([world.doubted(), transport.peers.length], [5, 1]);
    release();
    assertEquals(await Promise.all(calls), [2, 2, 2, 2, 2]);
    assertEquals([transport.peers.length, retired(world.events)], [2, ["1 no-answer"]]);
    await pool.close({ timeout: 0 });
  });

  it("open as many as the streams that the server takes ask for", async () => {
    const { pool, transport, ...world } = asked(2);
    await Promise.all(world.get(1));
    await world.clock.advance(60_000);
    world.dead.add(1);
    const release = world.hold();
    const doubtful = world.get(2);
    await world.clock.advance(3000);
    // The dead connection has no room for these.
    const later = world.get(2);
    await world.clock.advance(100);
    release();
    assertEquals(await Promise.all([...doubtful, ...later]), [2, 2, 3, 3]);
    assertEquals(transport.peers.length, 3);
    await pool.close({ timeout: 0 });
  });
});
