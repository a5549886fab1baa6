/** Happy Eyeballs (RFC 8305) to the millisecond, over made-up addresses. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import type { HoldfastError } from "../../../src/contract/errors.ts";
import { type Socket, type SocketHandler, TransportError } from "../../../src/contract/transport.ts";
import { happyEyeballs } from "../../../src/pool/connect/happy-eyeballs.ts";
import { MovableClock, settled } from "../../support/clock.ts";
import { namedWorld } from "../../support/names.ts";

const NOBODY: SocketHandler = { data() {}, drain() {}, closed() {} };

/** Lets a request go on until nothing happens by itself any more. Answers its connection, or its error. */
async function outcomeOf(request: Promise<string | undefined>): Promise<string | undefined> {
  return request.catch((error: HoldfastError) => `${error.code}: ${error.message}`);
}

describe("connecting to a name", () => {
  it("takes the first address, and says which it was", async () => {
    const { get, tried } = namedWorld(() => ["192.0.2.1", "192.0.2.2"]);
    assertEquals(await get(), "192.0.2.1");
    assertEquals(tried, [{ at: 0, address: "192.0.2.1" }]);
  });

  it("begins with the next after 250 ms, not at 249, and takes the one that answers", async () => {
    const { get, clock, tried } = namedWorld(
      () => ["2001:db8::1", "192.0.2.1"],
      (address) => (address === "2001:db8::1" ? "never" : { outcome: "accept", delayMs: 20 }),
    );
    const request = get();
    await clock.advance(249);
    assertEquals(tried.length, 1);
    await clock.advance(1);
    assertEquals(tried, [
      { at: 0, address: "2001:db8::1" },
      { at: 250, address: "192.0.2.1" },
    ]);
    await clock.advance(20);
    assertEquals(await request, "192.0.2.1");
  });

  it("goes on with the first meanwhile, and takes it if it answers first", async () => {
    const { get, clock, transport } = namedWorld(
      () => ["192.0.2.1", "192.0.2.2"],
      (address) => ({ outcome: "accept", delayMs: address === "192.0.2.1" ? 300 : 100 }),
    );
    const request = get();
    await clock.advance(300);
    assertEquals(await request, "192.0.2.1");
    await clock.advance(1000);
    assertEquals(transport.peers.length, 1); // the second was given up before it opened
  });

  it("begins with the next at once when one fails", async () => {
    const { get, tried } = namedWorld(
      () => ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
      (address) => (address === "192.0.2.3" ? "accept" : { outcome: "refused", delayMs: 0 }),
    );
    assertEquals(await get(), "192.0.2.3");
    assertEquals(
      tried.map(({ at }) => at),
      [0, 0, 0],
    );
  });

  it("tries an address that answered nothing last the next time, and first again after ten minutes", async () => {
    const { get, clock, tried } = namedWorld(
      () => ["192.0.2.1", "192.0.2.2"],
      (address) => (address === "192.0.2.1" ? "never" : "accept"),
      { maxRequests: 1 },
    );
    const race = async (): Promise<(string | undefined)[]> => {
      const before = tried.length;
      const request = get();
      await settled();
      await clock.advance(250);
      await request;
      return tried.slice(before).map(({ address }) => address);
    };
    assertEquals(await race(), ["192.0.2.1", "192.0.2.2"]);
    assertEquals(await race(), ["192.0.2.2"]);
    await clock.advance(600_000);
    assertEquals(await race(), ["192.0.2.1", "192.0.2.2"]);
  });

  it("does not hold against an address that another was tried after it", async () => {
    const { get, clock, tried } = namedWorld(
      () => ["192.0.2.1", "192.0.2.2"],
      (address) => ({ outcome: "accept", delayMs: address === "192.0.2.1" ? 300 : 100 }),
      { maxRequests: 1 },
    );
    for (let time = 0; time < 2; time++) {
      const before = tried.length;
      const request = get();
      await clock.advance(300);
      await request;
      assertEquals(tried[before]?.address, "192.0.2.1");
    }
  });

  it("takes the families in turn", async () => {
    const { get, clock, tried } = namedWorld(
      () => ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"],
      (address) => (address === "2001:db8::3" ? "accept" : "never"),
    );
    const request = get();
    await clock.advance(750);
    await request;
    assertEquals(
      tried.map(({ address }) => address),
      ["2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"],
    );
  });

  it("fails when all have failed, with the reason of each", async () => {
    const { get } = namedWorld(
      () => ["2001:db8::1", "192.0.2.1"],
      (address) => ({ outcome: address === "192.0.2.1" ? "refused" : "unreachable", delayMs: 0 }),
    );
    assertEquals(
      await outcomeOf(get()),
      "ERR_CONNECT: Could not connect to http://api.test: none of its addresses answered: 2001:db8::1 (unreachable), 192.0.2.1 (refused)",
    );
  });

  it("fails with the error of the only one as it is", async () => {
    const { get } = namedWorld(
      () => ["192.0.2.1"],
      () => "refused",
    );
    assertEquals(
      await outcomeOf(get()),
      "ERR_CONNECT: Could not connect to http://api.test: Connection to 192.0.2.1:80 failed: refused",
    );
  });

  it("ends all attempts at connectTimeout, the lookup included", async () => {
    const { get, clock, tried, transport } = namedWorld(
      async () => {
        await new Promise<void>((resolve) => void clock.schedule(300, resolve));
        return ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
      },
      () => ({ outcome: "accept", delayMs: 2000 }),
      { connectTimeout: 1000 },
    );
    const request = outcomeOf(get());
    await clock.advance(5000);
    assertEquals(
      await request,
      "ERR_CONNECT_TIMEOUT: Could not connect to http://api.test: timed out after 1000 ms",
    );
    assertEquals([tried.map(({ at }) => at), transport.peers.length], [[300, 550, 800], 0]);
  });

  it("neither looks up IP addresses nor tries others", async () => {
    let lookups = 0;
    const { get } = namedWorld(() => {
      lookups += 1;
      return [];
    });
    assertEquals(
      [await get("http://192.0.2.1"), await get("http://[2001:db8::1]"), lookups],
      ["192.0.2.1", "2001:db8::1", 0],
    );
  });

  it("looks up once for all connect attempts at the same time", async () => {
    let lookups = 0;
    const { get } = namedWorld(async () => {
      lookups += 1;
      return ["192.0.2.1"];
    });
    await Promise.all(Array.from({ length: 20 }, () => get()));
    assertEquals(lookups, 1);
  });

  it("retires a connection whose peer speaks first, as it would any other", async () => {
    const world = namedWorld(() => ["192.0.2.1", "192.0.2.2"]);
    const { pool, clock } = world;
    const open = pool.preconnect("http://api.test");
    await clock.advance(0);
    await open;
    world.transport.peers[0]?.send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    await clock.advance(0);
    assertEquals(world.retired(), ["unsolicited-data"]);
  });

  it("prefers a resolve option to the transport's", async () => {
    const { get } = namedWorld(() => ["192.0.2.1"], undefined, {
      resolve: (name) => [name === "api.test" ? "192.0.2.7" : ""],
    });
    assertEquals(await get(), "192.0.2.7");
  });

  for (const [what, answer] of [
    ["a name", ["other.test"]],
    ["no list", "192.0.2.1"],
    ["nothing", []],
  ] as const) {
    it(`refuses a resolve option that answers ${what}`, async () => {
      const { get } = namedWorld(() => [], undefined, { resolve: () => answer as readonly string[] });
      const error = (await assertRejects(() => get())) as HoldfastError;
      assertEquals([error.code, (error.cause as TransportError).kind], ["ERR_CONNECT", "dns"]);
    });
  }
});

/** Attempts that the test itself ends. */
class Attempts {
  readonly clock = new MovableClock();
  readonly tried: string[] = [];
  readonly aborted: string[] = [];
  readonly handlers = new Map<string, SocketHandler>();
  readonly settle = new Map<string, { open(socket: Socket): void; fail(error: unknown): void }>();
  readonly signal = new AbortController();
  readonly won: Promise<Socket>;

  constructor(addresses: readonly string[], raceEnded?: () => void) {
    this.won = happyEyeballs({
      raceEnded,
      wrap: (socket) => socket,
      addresses,
      clock: this.clock,
      handler: NOBODY,
      signal: this.signal.signal,
      connect: (address, handler, signal) => {
        this.tried.push(address);
        this.handlers.set(address, handler);
        signal.addEventListener("abort", () => this.aborted.push(address));
        return new Promise((open, fail) => this.settle.set(address, { open, fail }));
      },
    });
    this.won.catch(() => {});
  }
}

/** A socket that records its calls. */
function socketNoting(done: string[]): Socket {
  const note = (what: string) => () => void done.push(what);
  return {
    pause: note("pause"),
    setHandler: note("setHandler"),
    abort: note("abort"),
  } as Partial<Socket> as Socket;
}

describe("Happy Eyeballs with TLS", () => {
  it("is decided by TCP: no further attempt begins during the handshake, and the others are aborted", async () => {
    const attempts = new Attempts(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    await attempts.clock.advance(250);
    attempts.handlers.get("192.0.2.2")?.connected?.();
    await attempts.clock.advance(10_000);
    assertEquals([attempts.tried, attempts.aborted], [["192.0.2.1", "192.0.2.2"], ["192.0.2.1"]]);
    const done: string[] = [];
    attempts.settle.get("192.0.2.2")?.open(socketNoting(done));
    await attempts.won;
    assertEquals(done, ["pause", "setHandler"]);
  });

  it("fails with a peer that is not trusted, and tries no other address of the same origin", async () => {
    const attempts = new Attempts(["192.0.2.1", "192.0.2.2"]);
    const untrusted = new TransportError("tls", "expired");
    attempts.settle.get("192.0.2.1")?.fail(untrusted);
    assertEquals(
      [await attempts.won.catch((error) => error === untrusted), attempts.tried],
      [true, ["192.0.2.1"]],
    );
  });
});

describe("Happy Eyeballs", () => {
  it("aborts a socket that opens too late", async () => {
    const attempts = new Attempts(["192.0.2.1", "192.0.2.2"]);
    await attempts.clock.advance(250);
    const [first, second]: [string[], string[]] = [[], []];
    attempts.settle.get("192.0.2.1")?.open(socketNoting(first));
    attempts.settle.get("192.0.2.2")?.open(socketNoting(second));
    await settled();
    assertEquals([first, second], [["pause", "setHandler"], ["abort"]]);
  });

  it("aborts a socket whose attempt is aborted while the race is noted: nobody has it", async () => {
    const attempts = new Attempts(["192.0.2.1"], () => attempts.signal.abort("enough"));
    const done: string[] = [];
    attempts.settle.get("192.0.2.1")?.open(socketNoting(done));
    await settled();
    assertEquals([await attempts.won.catch((error) => error), done.at(-1)], ["enough", "abort"]);
  });

  it("rejects with the signal's reason, untouched, and aborts every attempt", async () => {
    const attempts = new Attempts(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    await attempts.clock.advance(250);
    attempts.signal.abort("enough");
    assertEquals(await attempts.won.catch((error) => error), "enough");
    assertEquals([attempts.aborted, attempts.clock.timers], [["192.0.2.1", "192.0.2.2"], 0]);
  });
});
