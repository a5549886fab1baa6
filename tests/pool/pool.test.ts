import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { HoldfastError } from "../../src/contract/errors.ts";
import { originOf } from "../../src/contract/origin.ts";
import { type Socket, type Target, type Transport, TransportError } from "../../src/contract/transport.ts";
import type { PoolWire } from "../../src/contract/wire.ts";
import { isLastExchange } from "../../src/pool/connection.ts";
import { explain } from "../../src/pool/explain.ts";
import { poolStats } from "../../src/pool/stats.ts";
import { NO_HINTS } from "../../src/rules/rules.ts";
import { settled } from "../support/clock.ts";
import { hints } from "../support/facts.ts";
import { Shell } from "../support/shell.ts";

describe("an idle connection", () => {
  it("is closed when its idle timeout is over, and not before", async () => {
    const { pool, clock, ...shell } = await parked({ idleTimeout: "60s" });
    await clock.advance(59_999);
    assertEquals(shell.peer.state, "open");
    await clock.advance(1);
    assertEquals([shell.peer.state, ...shell.shell.retired], ["closed", "idle-timeout"]);
    assertEquals([pool.core.origins.open, clock.timers], [0, 0]);
  });

  it("is closed when its lifetime is over, less the jitter drawn for it", async () => {
    const { clock, shell } = await parked({ maxLifetime: 1000, lifetimeJitter: 0.5, random: () => 0.5 });
    await clock.advance(749);
    assertEquals(shell.retired, []);
    await clock.advance(1);
    assertEquals(shell.retired, ["max-lifetime"]);
  });

  it("is closed before the server's announced timeout", async () => {
    const { clock, shell } = await parked({}, hints({ timeoutMs: 5000 }));
    await clock.advance(3999);
    assertEquals(shell.retired, []);
    await clock.advance(1);
    assertEquals(shell.retired, ["hint-timeout"]);
  });

  const endings = {
    FIN: ["end", "peer-closed"],
    RST: ["reset", "peer-closed"],
  } as const;
  for (const [what, [how, reason]] of Object.entries(endings)) {
    it(`is retired by a ${what} at once`, async () => {
      const { peer, shell } = await parked();
      peer[how]();
      await settled();
      assertEquals(shell.retired, [reason]);
      assertEquals((await shell.request()).connection, 2);
    });
  }

  it("is retired by one stray byte, which reaches no request", async () => {
    const { peer, shell } = await parked();
    peer.send("x");
    await settled();
    assertEquals([shell.retired, peer.state], [["unsolicited-data"], "closed"]);
    assertEquals((await shell.request()).connection, 2);
  });

  it("does not keep the process alive, an active one does", async () => {
    const shell = new Shell();
    const request = await shell.request();
    assertEquals(shell.peer(1).hasRef, true);
    request.release();
    assertEquals(shell.peer(1).hasRef, false);
    const again = await shell.request();
    assertEquals([again.connection, shell.peer(1).hasRef], [1, true]);
  });

  it("keeps the process alive even if it is granted during an event", async () => {
    let shell: Shell | undefined;
    shell = new Shell({
      acquireTimeout: 100,
      maxConnectionsPerOrigin: 1,
      onEvent: ({ type }) => {
        if (type === "connection.released") shell?.ask();
      },
    });
    const first = await shell.request();
    first.release();
    assertEquals([shell.pool.core.origins.active, shell.peer(1).hasRef], [1, true]);
  });
});

describe("a connection that ends", () => {
  it("while it is active is reported to its user, and closed at the release", async () => {
    const shell = new Shell();
    const request = await shell.request();
    shell.peer(1).end();
    await settled();
    assertEquals([request.ended, shell.retired], ["closed", ["peer-closed"]]);
  });

  it("carries its last request at maxRequests", async () => {
    const shell = new Shell({ maxRequests: 2 });
    (await shell.request()).release();
    const last = await shell.request();
    assert(last.lease);
    assertEquals(isLastExchange(last.lease), true);
    last.release();
    assertEquals([shell.retired, shell.peer(1).state], [["max-requests"], "open"]);
    await settled();
    assertEquals(shell.peer(1).state, "closed");
  });
});

describe("after the event loop was blocked, an idle connection", () => {
  async function blocked(how: "end" | "reset" | "send" | "nothing", unsafe: boolean) {
    const shell = new Shell({}, { manual: true });
    shell.clock.manualTurns = true;
    const first = shell.ask();
    shell.transport.flush();
    await settled();
    first.release();
    const peer = shell.peer(1);
    if (how === "send") peer.send("x");
    else if (how !== "nothing") peer[how]();
    shell.clock.block(1000);
    const request = shell.ask("a", { unsafe });
    assertEquals(request.answers, 0, "it is checked first");
    shell.transport.flush();
    shell.clock.endTurn();
    await settled();
    shell.transport.flush();
    await settled();
    return { shell, request };
  }

  for (const unsafe of [false, true]) {
    const what = unsafe ? "an unsafe" : "a safe";
    it(`that is alive carries ${what} request`, async () => {
      const { shell, request } = await blocked("nothing", unsafe);
      assertEquals([request.connection, request.answers, shell.retired], [1, 1, []]);
      assertEquals(request.lease?.idleMs, 1000);
    });

    for (const [how, reason] of [
      ["end", "peer-closed"],
      ["reset", "peer-closed"],
      ["send", "unsolicited-data"],
    ] as const) {
      it(`that is dead (${how}) is replaced for ${what} request, without a failure`, async () => {
        const { shell, request } = await blocked(how, unsafe);
        assertEquals([request.connection, request.answers, shell.retired], [2, 1, [reason]]);
      });
    }
  }

  it("is not checked if the loop has run since", async () => {
    const shell = new Shell();
    shell.clock.manualTurns = true;
    const other = await shell.request("other");
    await shell.park();
    shell.clock.block(1000);
    const checked = shell.ask();
    shell.clock.endTurn();
    checked.release();
    shell.clock.block(20);
    other.lease?.connection.data(new Uint8Array(1), 1);
    shell.clock.endTurn();
    assertEquals(shell.ask().answers, 1);
  });

  it("is checked although the loop has run since, if no check was considered of late", async () => {
    const shell = new Shell();
    shell.clock.manualTurns = true;
    const other = await shell.request("other");
    await shell.park();
    shell.clock.block(1000);
    other.lease?.connection.data(new Uint8Array(1), 1);
    shell.clock.endTurn();
    assertEquals(shell.ask().answers, 0);
  });

  it("is checked if a turn of the loop has only begun", async () => {
    const shell = new Shell();
    shell.clock.manualTurns = true;
    const other = await shell.request("other");
    await shell.park();
    shell.clock.block(1000);
    other.lease?.connection.data(new Uint8Array(1), 1);
    const request = shell.ask();
    assertEquals(request.answers, 0);
    shell.clock.endTurn();
    assertEquals(request.answers, 1);
  });

  it("is not checked if it was released just now", async () => {
    const shell = new Shell({ maxConnectionsPerOrigin: 1 });
    shell.clock.manualTurns = true;
    const first = await shell.request();
    const second = shell.ask();
    shell.clock.block(1000);
    first.release();
    assertEquals(second.connection, 1);
  });

  it("that is being checked when the pool is closed refuses its request", async () => {
    const shell = new Shell();
    shell.clock.manualTurns = true;
    await shell.park();
    shell.clock.block(1000);
    const request = shell.ask();
    void shell.pool.close(0);
    await shell.clock.advance(0);
    assertEquals([request.code, shell.retired], ["ERR_POOL_CLOSED", ["pool-closed"]]);
  });

  it("is given back if its request left during the check", async () => {
    const shell = new Shell();
    shell.clock.manualTurns = true;
    const peer = await shell.park();
    shell.clock.block(1000);
    const request = shell.ask();
    request.cancel();
    peer.end();
    await settled();
    shell.clock.endTurn();
    assertEquals([request.answers, shell.pool.core.origins.open, shell.retired], [0, 0, ["peer-closed"]]);
  });
});

describe("after the machine slept", () => {
  it("every idle connection is retired before the next request", async () => {
    const shell = new Shell();
    await shell.park("a");
    await shell.park("b");
    shell.clock.sleepMachine(60_000);
    const request = await shell.request("a");
    assertEquals([request.connection, shell.retired], [3, ["slept", "slept"]]);
  });

  it("requests that follow one another compare the clocks once a millisecond, and none is lost that way", async () => {
    const shell = new Shell();
    await shell.park();
    await shell.clock.advance(2);
    let compared = 0;
    const wall = shell.clock.wall.bind(shell.clock);
    shell.clock.wall = () => {
      compared += 1;
      return wall();
    };
    const send = async (): Promise<number | undefined> => {
      const { connection, lease } = await shell.request();
      assert(lease);
      shell.pool.release(lease.connection, { hints: NO_HINTS, reason: undefined, answered: true });
      await shell.clock.advance(0.25);
      return connection;
    };
    for (let sent = 0; sent < 8; sent++) assertEquals(await send(), 1);
    assertEquals(compared, 2);
    shell.clock.sleepMachine(60_000);
    await shell.clock.advance(1);
    assertEquals([await send(), shell.retired], [2, ["slept"]]);
  });

  const learned = (shell: Shell) => shell.told("limit.learned").map(({ idleMs }) => idleMs);

  it("a close during the sleep teaches nothing about the server's limit, however it is noticed", async () => {
    const byFin = new Shell();
    const peer = await byFin.park();
    await byFin.clock.advance(3000);
    byFin.clock.sleepMachine(3_600_000);
    peer.end();
    await settled();
    assertEquals([byFin.retired, learned(byFin)], [["slept"], []]);

    const byTimer = new Shell();
    const other = await byTimer.park();
    await byTimer.clock.advance(3000);
    byTimer.clock.sleepMachine(3_600_000);
    await byTimer.clock.advance(600_000);
    other.end();
    await settled();
    assertEquals([byTimer.retired, learned(byTimer)], [["slept"], []]);
  });

  it("nor does a close under a request, whatever noticed it first", async () => {
    for (const noticed of [false, true]) {
      const shell = new Shell();
      await shell.park();
      await shell.clock.advance(3000);
      const { lease } = await shell.request();
      assert(lease);
      shell.clock.sleepMachine(3_600_000);
      if (noticed) await shell.request("b");
      shell.pool.release(lease.connection, { hints: NO_HINTS, reason: "peer-closed", answered: false });
      assertEquals(learned(shell), []);
    }
  });

  it("a close that a blocked loop reports late is an upper bound, and was not watched", async () => {
    for (const ms of [0, 9000]) {
      const never = { connect: ({ hostname }: Target) => (hostname === "b" ? "never" : "accept") } as const;
      const shell = new Shell({ acquireTimeout: "3s" }, never);
      const peer = await shell.park();
      await shell.clock.advance(1000);
      shell.ask("b");
      shell.clock.block(ms);
      peer.end();
      await settled();
      const [close] = shell.pool.core.origins.find("http://a")?.memory.closes ?? [];
      assertEquals([close?.idleMs, close?.watched], [1000 + ms, ms === 0]);
    }
  });

  it("a request that began afterwards does teach", async () => {
    const shell = new Shell();
    shell.clock.sleepMachine(3_600_000);
    const peer = await shell.park();
    await shell.clock.advance(3000);
    peer.end();
    await settled();
    assertEquals(learned(shell).length, 1);
  });

  it("a jump of less than a second is taken for an adjusted clock", async () => {
    const shell = new Shell();
    await shell.park();
    shell.clock.sleepMachine(999);
    assertEquals((await shell.request()).connection, 1);
  });

  it("a sleep is noticed once, and a clock that is set back is ignored", async () => {
    const shell = new Shell();
    await shell.park();
    shell.clock.sleepMachine(5000);
    (await shell.request()).release();
    (await shell.request()).release();
    shell.clock.sleepMachine(-60_000);
    assertEquals((await shell.request()).connection, 2);
    assertEquals(shell.retired, ["slept"]);
  });
});

describe("the pool's timer", () => {
  it("is a single one, however much there is to watch", async () => {
    const shell = new Shell({ acquireTimeout: "5s", connectTimeout: "3s", maxConnectionsPerOrigin: 2 });
    for (const origin of ["a", "b", "c", "d"]) await shell.park(origin);
    for (let nth = 0; nth < 6; nth++) shell.ask("a");
    await settled();
    await shell.clock.advance(120_000);
    assertEquals(shell.clock.mostTimers, 1);
  });

  it("is not set in a pool that does nothing", async () => {
    const shell = new Shell();
    assertEquals(shell.clock.timers, 0);
    await shell.request();
    await shell.clock.advance(20_000);
    assertEquals(shell.clock.timers, 0);
  });

  it("does not ring again and again for a connect attempt that is slow to end", async () => {
    const stubborn = (inner: Transport): Transport => ({
      ...inner,
      name: "stubborn",
      can: inner.can,
      connect: () => new Promise(() => {}),
    });
    const shell = new Shell({ connectTimeout: "1s", acquireTimeout: "5s" }, {}, stubborn);
    const request = await shell.request();
    await shell.clock.advance(60_000);
    assertEquals(request.answers, 1);
  });
});

describe("connectTimeout", () => {
  it("ends the connect attempt and says so", async () => {
    const shell = new Shell({ connectTimeout: "2s" }, { connect: () => "never" });
    const request = await shell.request();
    await shell.clock.advance(1999);
    assertEquals(request.answers, 0);
    await shell.clock.advance(1);
    assertEquals(
      [request.code, request.error?.phase, request.error?.limitMs],
      ["ERR_CONNECT_TIMEOUT", "connect", 2000],
    );
    assertEquals(request.error?.elapsedMs, 2000);
    assertEquals([shell.retired, shell.pool.core.origins.open], [["connect-failed"], 0]);
  });

  it("covers the loading of what is spoken, which may never end", async () => {
    const wire = new Promise<PoolWire>(() => {});
    const shell = new Shell({ connectTimeout: "2s" }, {}, undefined, wire);
    const request = await shell.request();
    await shell.clock.advance(1999);
    assertEquals([request.answers, shell.peer(1).state], [0, "open"]);
    await shell.clock.advance(1);
    assertEquals([request.code, request.error?.limitMs], ["ERR_CONNECT_TIMEOUT", 2000]);
    assertEquals([shell.retired, shell.peer(1).state], [["connect-failed"], "aborted"]);
  });

  it("is over once what is spoken is loaded, and a pool that closes waits for neither", async () => {
    let load = (_wire: PoolWire): void => {};
    const wire = new Promise<PoolWire>((loaded) => {
      load = loaded;
    });
    const shell = new Shell({ connectTimeout: "2s" }, {}, undefined, wire);
    const request = await shell.request();
    await shell.clock.advance(1000);
    load({ protocol: "http/1.1", start: () => 1 });
    await settled();
    assertEquals(request.connection, 1);
    await shell.clock.advance(5000);
    assertEquals([request.ended, shell.peer(1).state], [undefined, "open"]);
    const never = new Shell({}, {}, undefined, new Promise<PoolWire>(() => {}));
    const waiting = await never.request();
    await never.pool.close(0);
    await settled();
    assertEquals([waiting.code, never.peer(1).state], ["ERR_POOL_CLOSED", "aborted"]);
  });

  it("tells the transport to stop", async () => {
    let signal: AbortSignal | undefined;
    const shell = new Shell({ connectTimeout: "2s" }, {}, (inner) => ({
      ...inner,
      name: "spy",
      can: inner.can,
      connect: (_target, _handler, given) => {
        signal = given;
        return new Promise(() => {});
      },
    }));
    await shell.request();
    await shell.clock.advance(1999);
    assertEquals(signal?.aborted, false);
    await shell.clock.advance(1);
    assertEquals(signal?.aborted, true);
    assertInstanceOf(signal?.reason, HoldfastError);
  });

  it("that passes after the socket came does nothing", async () => {
    const shell = new Shell({ connectTimeout: "2s" });
    const request = await shell.request();
    await shell.clock.advance(10_000);
    assertEquals([request.answers, shell.peer(1).state], [1, "open"]);
  });
});

describe("a request without a connection", () => {
  it("fails with the transport's error as the cause", async () => {
    const shell = new Shell({}, { connect: () => "refused" });
    const { error } = await shell.request();
    assertEquals(
      [error?.code, error?.phase, error?.sent, error?.origin],
      ["ERR_CONNECT", "connect", "none", "http://a"],
    );
    assertInstanceOf(error?.cause, TransportError);
  });

  for (const [kind, code, phase, retriable] of [
    ["dns", "ERR_CONNECT", "connect", true],
    ["unreachable", "ERR_CONNECT", "connect", true],
    ["tls", "ERR_TLS", "tls", false],
    ["unsupported", "ERR_UNSUPPORTED", "connect", false],
  ] as const) {
    it(`fails with ${code} when the transport says ${kind}`, async () => {
      const shell = new Shell({}, { connect: () => kind });
      const { error } = await shell.request();
      assertEquals([error?.code, error?.phase, error?.retriable], [code, phase, retriable]);
    });
  }

  it("fails after acquireTimeout with the numbers that explain it", async () => {
    const shell = new Shell({ acquireTimeout: "5s", maxConnectionsPerOrigin: 1 });
    await shell.request();
    const waiting = await shell.request();
    const other = await shell.request();
    await shell.clock.advance(5000);
    const { error } = waiting;
    assertEquals(
      [error?.code, error?.phase, error?.limitMs, error?.elapsedMs],
      ["ERR_ACQUIRE_TIMEOUT", "queue", 5000, 5000],
    );
    assertMatch(
      error?.message ?? "",
      /^No connection to http:\/\/a: timed out after 5000 ms in the queue \(1 active, 0 idle, \d queued\)$/,
    );
    assertEquals([other.code, error?.pool?.active], ["ERR_ACQUIRE_TIMEOUT", 1]);
  });

  it("fails at once beyond maxQueue", async () => {
    const shell = new Shell({ maxQueue: 1, maxConnectionsPerOrigin: 1 });
    await shell.request();
    shell.ask();
    const { error } = shell.ask();
    assertEquals(
      [error?.code, error?.pool],
      ["ERR_QUEUE_FULL", { active: 1, idle: 0, connecting: 0, queued: 1 }],
    );
    assertEquals(
      shell.told("request.queued").map(({ queued }) => queued),
      [1, 1],
    );
  });

  it("that left gets no answer, and its connect attempt serves the next", async () => {
    const shell = new Shell({}, { manual: true });
    const request = shell.ask();
    request.cancel();
    shell.transport.flush();
    await settled();
    assertEquals([request.answers, shell.pool.core.origins.idle.size], [0, 1]);
    assertEquals(shell.peer(1).hasRef, false);
  });
});

describe("what the runtime cannot honour", () => {
  const lame = (inner: Transport): Transport => ({
    ...inner,
    name: "lame",
    can: inner.can,
    connect: async (...given) => ({
      ...((await inner.connect(...given)) as Socket),
      applied: { tcpKeepAlive: false, noDelay: true },
    }),
  });

  it("is published once for all connections", async () => {
    const shell = new Shell({ tcpKeepAlive: { idle: "60s" } }, {}, lame);
    await shell.request("a");
    await shell.request("b");
    const asked = { idleMs: 60_000, intervalMs: undefined, probes: undefined };
    assertEquals(shell.told("option.degraded"), [
      { type: "option.degraded", transport: "lame", option: "tcpKeepAlive", asked, applied: false },
    ]);
  });

  it("is an error under strict, and the socket is not used", async () => {
    const shell = new Shell({ tcpKeepAlive: { idle: "60s" }, strict: true }, {}, lame);
    const { error } = await shell.request();
    assertEquals([error?.code, error?.retriable], ["ERR_UNSUPPORTED", false]);
    assertMatch(error?.message ?? "", /lame transport cannot honour tcpKeepAlive/);
    assertEquals([shell.peer(1).state, shell.told("option.degraded").length], ["aborted", 0]);
  });

  it("is an error under strict for preconnect, too", async () => {
    const shell = new Shell({ tcpKeepAlive: { idle: "60s" }, strict: true }, {}, lame);
    assertEquals(await outcome(shell.pool.preconnect(originOf("http://a"), 1)), "ERR_UNSUPPORTED");
  });

  it("is not published if it was honoured", async () => {
    const shell = new Shell({ tcpKeepAlive: { idle: "60s" }, strict: true });
    await shell.request();
    assertEquals(shell.told("option.degraded"), []);
  });
});

describe("preconnect", () => {
  it("resolves when the connections are open and idle", async () => {
    const shell = new Shell();
    await shell.pool.preconnect(originOf("http://a"), 3);
    assertEquals([shell.transport.peers.length, shell.pool.core.origins.idle.size], [3, 3]);
    assertEquals(
      shell.transport.peers.map(({ hasRef }) => hasRef),
      [false, false, false],
    );
    assertEquals((await shell.request()).lease?.requestNumber, 1);
    assertEquals(shell.transport.attempts, 3);
  });

  it("rejects when one cannot be opened", async () => {
    const shell = new Shell({}, { connect: () => "refused" });
    assertEquals(await outcome(shell.pool.preconnect(originOf("http://a"), 2)), "ERR_CONNECT");
  });

  it("rejects on a closed pool", async () => {
    const shell = new Shell();
    await shell.pool.close(0);
    assertEquals(await outcome(shell.pool.preconnect(originOf("http://a"), 1)), "ERR_POOL_CLOSED");
  });
});

describe("close", () => {
  it("resolves at once when nothing is open, and leaves no timer", async () => {
    const { shell, clock, peer } = await parked();
    await shell.pool.close(5000);
    await settled();
    assertEquals([peer.state, clock.timers, shell.retired], ["closed", 0, ["pool-closed"]]);
    await new Shell().pool.close(5000);
  });

  it("waits for active connections", async () => {
    const shell = new Shell();
    const request = await shell.request();
    const closing = watch(shell.pool.close(5000));
    await shell.clock.advance(4000);
    assertEquals([closing.done, request.ended], [false, undefined]);
    request.release();
    await settled();
    assertEquals([closing.done, shell.clock.timers, shell.retired], [true, 0, ["pool-closed"]]);
  });

  it("cuts them off after the timeout", async () => {
    const shell = new Shell();
    const request = await shell.request();
    const closing = watch(shell.pool.close(5000));
    await shell.clock.advance(4999);
    assertEquals([closing.done, request.ended], [false, undefined]);
    await shell.clock.advance(1);
    assertEquals([closing.done, request.ended, shell.clock.timers], [true, "cut", 0]);
  });

  it("cuts them off at once without a grace, by no timer", async () => {
    const shell = new Shell();
    const request = await shell.request();
    const closing = watch(shell.pool.close(0));
    await settled();
    assertEquals([closing.done, request.ended, shell.clock.timers], [true, "cut", 0]);
  });

  it("waits for ever with a timeout of Infinity", async () => {
    const shell = new Shell();
    const request = await shell.request();
    const closing = watch(shell.pool.close(Infinity));
    await shell.clock.advance(1e9);
    assertEquals([closing.done, request.ended, shell.clock.timers], [false, undefined, 0]);
    request.release();
    await settled();
    assertEquals(closing.done, true);
  });

  it("gives connect attempts up, and refuses waiting and later requests", async () => {
    const shell = new Shell({ maxConnectionsPerOrigin: 1 }, { connect: () => "never" });
    const [dialling, waiting] = [await shell.request(), await shell.request()];
    await shell.pool.close(5000);
    const late = await shell.request();
    assertEquals(
      [dialling.code, waiting.code, late.code],
      ["ERR_POOL_CLOSED", "ERR_POOL_CLOSED", "ERR_POOL_CLOSED"],
    );
    assertEquals([shell.clock.timers, shell.retired], [0, ["pool-closed"]]);
  });

  it("twice resolves twice", async () => {
    const shell = new Shell();
    const request = await shell.request();
    const both = [watch(shell.pool.close(1000)), watch(shell.pool.close(10))];
    await shell.clock.advance(10);
    assertEquals([both.map(({ done }) => done), request.ended], [[true, true], "cut"]);
    assertEquals(shell.clock.timers, 0);
  });

  it("drops a socket that comes too late", async () => {
    const deaf = (inner: Transport): Transport => ({
      ...inner,
      name: "deaf",
      can: inner.can,
      connect: (target, handler) => inner.connect(target, handler, new AbortController().signal),
    });
    const shell = new Shell({}, { manual: true }, deaf);
    shell.ask();
    await shell.pool.close(0);
    shell.transport.flush();
    await settled();
    shell.transport.flush();
    assertEquals([shell.peer(1).state, shell.told("connection.opened")], ["aborted", []]);
  });
});

describe("drain", () => {
  it("closes idle connections now and active ones at the release", async () => {
    const shell = new Shell();
    const active = await shell.request("a");
    await shell.park("b");
    shell.pool.drain(undefined, "origin-drained");
    assert(active.lease);
    assertEquals([shell.retired, isLastExchange(active.lease)], [["origin-drained"], true]);
    active.release();
    assertEquals(shell.retired, ["origin-drained", "origin-drained"]);
  });
});

describe("a listener", () => {
  it("that throws is counted, and breaks nothing", async () => {
    const shell = new Shell({
      onEvent: () => {
        throw new Error("not my pool");
      },
    });
    const request = await shell.request();
    request.release();
    const { listenerErrors } = poolStats(shell.pool.core.origins, shell.observers.errors);
    assertEquals([request.connection, listenerErrors], [1, 4]);
  });

  it("receives the events of a connection, in order and with its numbers", async () => {
    const shell = new Shell({ idleTimeout: "10s" });
    const first = await shell.request();
    await shell.clock.advance(5);
    first.release();
    await shell.clock.advance(20);
    (await shell.request()).release();
    await shell.clock.advance(10_000);
    const about = { connection: 1, origin: "http://a" };
    const asked = { request: 1, waitedMs: 0 };
    assertEquals(shell.events, [
      { type: "request.queued", request: 1, origin: "http://a", queued: 1 },
      { type: "connection.opened", ...about, elapsedMs: 0, protocol: "http/1.1", remoteAddress: "a" },
      { type: "connection.acquired", ...about, ...asked, reused: false, requestNumber: 1, idleMs: 0 },
      { type: "connection.released", ...about, requests: 1, streams: 0, keepMs: 10_000 },
      { type: "connection.acquired", ...about, ...asked, reused: true, requestNumber: 2, idleMs: 20 },
      { type: "connection.released", ...about, requests: 2, streams: 0, keepMs: 10_000 },
      {
        type: "connection.retired",
        ...about,
        reason: "idle-timeout",
        protocol: "http/1.1",
        ageMs: 10_025,
        idleMs: 10_000,
        requests: 2,
      },
    ]);
  });

  it("sees a released connection as it came back, even if a waiter got it at once", async () => {
    const shell = new Shell({ maxConnectionsPerOrigin: 1, idleTimeout: "10s" });
    const first = await shell.request();
    shell.ask();
    first.release();
    const [released] = shell.told("connection.released");
    assertEquals([released?.requests, Number.isFinite(released?.keepMs)], [1, true]);
  });
});

describe("stats", () => {
  it("count what is open and what happened", async () => {
    const shell = new Shell({ maxConnectionsPerOrigin: 1 });
    const busy = await shell.request("a");
    shell.ask("a");
    await shell.park("b");
    (await shell.request("b")).release("bad-framing");
    const stats = poolStats(shell.pool.core.origins, 0);
    const { open, active, idle, connecting, queued, opened, requests, reused, retired } = stats;
    assertEquals(
      { open, active, idle, connecting, queued, opened, requests, reused, retired },
      {
        open: 1,
        active: 1,
        idle: 0,
        connecting: 0,
        queued: 1,
        opened: 2,
        requests: 3,
        reused: 1,
        retired: { "bad-framing": 1 },
      },
    );
    assertEquals([stats.origins["http://a"]?.queued, stats.origins["http://b"]?.requests], [1, 2]);
    busy.release();
  });
});

describe("explain", () => {
  async function explained() {
    const { pool, clock } = await parked(
      { maxLifetime: "1h", maxRequests: 10 },
      hints({ timeoutMs: 5000, remaining: 3 }),
    );
    await clock.advance(1000);
    return explain("http://a", pool.settings, pool.core.origins, clock.now());
  }

  it("names every rule, its value and where it came from", async () => {
    const { rules } = await explained();
    const byName = Object.fromEntries(rules.map(({ rule, value, source }) => [rule, `${value} (${source})`]));
    assertEquals(byName.maxLifetime, "1h (option)");
    assertEquals(byName.maxRequests, "10 (option)");
    assertEquals(byName.idleTimeout, "55s (default)");
    assertEquals(byName.maxIdle, "off (default)");
    assertEquals(byName["idle limit"], "5s less 1s (server hint)");
    assertEquals(byName["requests left"], "3 (server hint)");
  });

  it("says what the runtime makes of keepalive probes and of changed local addresses", () => {
    const { pool, transport } = new Shell();
    const of = (tcpKeepAlive: "full" | "toggle", localAddresses?: () => string[]) => {
      const runtime = { can: { ...transport.can, tcpKeepAlive }, localAddresses };
      const { rules } = explain("http://a", pool.settings, undefined, 0, runtime);
      return ["tcpKeepAlive", "moved"].map((name) => rules.find(({ rule }) => rule === name)?.value);
    };
    assertEquals(
      of("full", () => []),
      ["after 15s, every 15s, 3 probes", "on"],
    );
    assertEquals(of("toggle"), [
      "after 15s, every 15s, 3 probes (this runtime: on, but at the system's own times, which on Linux is after 2 h)",
      "off (this runtime shows no local addresses, or none without permission; see doubt)",
    ]);
  });

  it("says how long each connection is kept", async () => {
    const { connections } = await explained();
    assertEquals(connections, [
      {
        id: 1,
        state: "idle",
        protocol: "http/1.1",
        streams: 0,
        maxStreams: 1,
        ageMs: 1000,
        idleMs: 1000,
        requests: 1,
        keepMs: 3000,
        hintedIdleMs: 4000,
        remainingRequests: 3,
      },
    ]);
  });

  it("answers for an origin that was never used", () => {
    const { pool } = new Shell();
    assertEquals(explain("http://b", pool.settings, pool.core.origins, 0).connections, []);
  });
});

async function parked(options: ConstructorParameters<typeof Shell>[0] = {}, given = hints()) {
  const shell = new Shell(options);
  const peer = await shell.park("a", given);
  return { shell, peer, pool: shell.pool, clock: shell.clock };
}

/** The code of the error, or `"resolved"`, or `"pending"` when it has not settled by itself. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  let result = "pending";
  promise.then(
    () => {
      result = "resolved";
    },
    (error: HoldfastError) => {
      result = error.code;
    },
  );
  await settled();
  return result;
}

function watch(promise: Promise<unknown>): { done: boolean } {
  const state = { done: false };
  void promise.then(() => {
    state.done = true;
  });
  return state;
}
