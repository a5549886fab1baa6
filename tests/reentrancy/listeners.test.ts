/** Re-entrancy: whatever a listener does, all listeners receive all events, and nothing is sent after an abort. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool, HoldfastError, type PoolEvent } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { type Service, service } from "../support/service.ts";

/** How a promise was settled. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return "resolved";
  } catch (error) {
    return error instanceof HoldfastError ? error.code : error;
  }
}

const REASON = new Error("aborted in a listener");

/** Requests that were executed by the server so far. */
const executed = ({ transport }: Service): number =>
  transport.peers.reduce((sum, peer) => sum + peer.receivedText.split("HTTP/1.1\r\n").length - 1, 0);

const count = (events: readonly PoolEvent[], type: PoolEvent["type"]): number =>
  events.filter((event) => event.type === type).length;

describe("a listener that aborts the request of its event", () => {
  for (const type of [
    "request.started",
    "request.queued",
    "connection.opened",
    "connection.acquired",
  ] as const)
    it(`on ${type}: nothing is sent, and it fails once`, async () => {
      const world = service({ maxConnections: 1 });
      const { pool, events, clock } = world;
      const controller = new AbortController();
      pool.subscribe((event) => event.type === type && controller.abort(REASON));
      const made = pool.request("http://a.test/", { method: "POST", body: "x", signal: controller.signal });
      assertEquals(await outcomeOf(made), REASON);
      await clock.advance(100);
      assertEquals([executed(world), count(events, "request.failed"), pool.stats().active], [0, 1, 0]);
      assertEquals(count(events, "request.finished"), 0);
    });

  it("on request.started, on a connection that is open: nothing is sent", async () => {
    const world = service();
    const { pool, get, events } = world;
    await get();
    const controller = new AbortController();
    pool.subscribe((event) => event.type === "request.started" && controller.abort(REASON));
    const made = pool.request("http://a.test/", { method: "POST", body: "x", signal: controller.signal });
    assertEquals(await outcomeOf(made), REASON);
    await settled();
    assertEquals([executed(world), count(events, "request.failed"), pool.stats().idle], [1, 1, 1]);
  });

  for (const type of ["request.retried", "connection.retired", "connection.released"] as const)
    it(`on ${type}, before a resend: nothing is sent again`, async () => {
      let received = 0;
      const accept = (peer: { onData(told: () => void): void; send(text: string): void; end(): void }) =>
        peer.onData(() => {
          received += 1;
          if (received === 2) peer.end();
          else peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        });
      const world = service({ headersTimeout: "1s" }, undefined, { respond: undefined, accept });
      const { pool, get, events, clock } = world;
      await get();
      const controller = new AbortController();
      pool.subscribe((event) => event.type === type && controller.abort(REASON));
      const made = outcomeOf(pool.request("http://a.test/", { signal: controller.signal }));
      await clock.advance(10_000);
      const retried = type === "connection.released";
      assertEquals(await made, retried ? "resolved" : REASON);
      assertEquals([received, count(events, "request.failed")], retried ? [3, 0] : [2, 1]);
      await pool.close({ timeout: 0 });
      assertEquals([pool.stats().open, clock.timers], [0, 0]);
    });

  it("on request.retried: if it does not abort, the second attempt has its deadlines", async () => {
    let received = 0;
    const world = service({ headersTimeout: "1s" }, undefined, {
      respond: undefined,
      accept: (peer) =>
        peer.onData(() => {
          received += 1;
          if (received === 1) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
          else if (received === 2) peer.end();
        }),
    });
    await world.get();
    const made = outcomeOf(world.pool.request("http://a.test/"));
    await world.clock.advance(1500);
    assertEquals([await made, received], ["ERR_HEADERS_TIMEOUT", 3]);
  });
});

describe("close({ timeout: 0 })", () => {
  for (const type of ["request.failed", "connection.retired"] as const)
    it(`settles though a listener aborts another request on ${type}`, async () => {
      const { pool, clock, events } = service({}, undefined, { respond: undefined });
      const controllers = [new AbortController(), new AbortController(), new AbortController()];
      const made = controllers.map(({ signal }) => outcomeOf(pool.request("http://a.test/", { signal })));
      await clock.advance(0);
      pool.subscribe((event) => {
        if (event.type === type) controllers[1]?.abort(REASON);
      });
      await pool.close({ timeout: 0 });
      await Promise.all(made);
      assertEquals([count(events, "request.failed"), pool.stats().open, clock.timers], [3, 0, 0]);
    });

  for (const type of [
    "request.started",
    "request.queued",
    "connection.opened",
    "connection.acquired",
  ] as const)
    it(`settles when it is called on ${type}, and so does the request`, async () => {
      const world = service({ maxConnections: 1 });
      const { pool, clock } = world;
      const closings: Promise<void>[] = [];
      pool.subscribe((event) => {
        if (event.type === type) closings.push(pool.close({ timeout: 0 }), pool.close({ timeout: 0 }));
      });
      const made = [outcomeOf(pool.request("http://a.test/")), outcomeOf(pool.request("http://a.test/"))];
      await clock.advance(10);
      assertEquals(await Promise.all(made), ["ERR_POOL_CLOSED", "ERR_POOL_CLOSED"]);
      await Promise.all(closings);
      assertEquals([executed(world), pool.stats().open, clock.timers], [0, 0, 0]);
    });
});

describe("several listeners", () => {
  const types = (events: readonly PoolEvent[]): string[] => events.map(({ type }) => type);

  it("receive all events, even if one unsubscribes meanwhile", async () => {
    const { pool, events, get } = service();
    const seen: PoolEvent[] = [];
    const leave = pool.subscribe(() => leave());
    pool.subscribe((event) => seen.push(event));
    await get();
    assertEquals(types(seen), types(events));
  });

  it("receive the events after they were added, and none after they were removed", async () => {
    const { pool, events, get } = service();
    const late: PoolEvent[] = [];
    const removed: PoolEvent[] = [];
    const stop = pool.subscribe((event) => {
      if (event.type !== "connection.opened") return;
      stop();
      stop();
      pool.subscribe((later) => late.push(later));
      remove();
    });
    const remove = pool.subscribe((event) => removed.push(event));
    await get();
    // The connection was acquired in the step that opened it: before the late listener was added.
    assertEquals(types(late), types(events).slice(types(events).indexOf("connection.acquired") + 1));
    assertEquals(types(removed), types(events).slice(0, types(events).indexOf("connection.opened")));
  });

  it("receive them in one order, also those that a listener causes", async () => {
    const { pool, events, clock } = service();
    const seen: PoolEvent[] = [];
    let inner: Promise<unknown> | undefined;
    pool.subscribe((event) => {
      if (event.type === "request.started") inner ??= pool.request("http://b.test/");
      if (event.type === "connection.opened") pool.drain();
    });
    pool.subscribe((event) => seen.push(event));
    await pool.request("http://a.test/").then((answer) => answer.text());
    await inner;
    await clock.advance(1);
    assert(events.length > 8);
    assertEquals(seen, events);
  });
});

describe("a listener that fails", () => {
  const throwing = (): void => {
    throw new Error("in a listener");
  };
  const rejecting = async (): Promise<void> => {
    await undefined;
    throw new Error("in an async listener");
  };

  for (const [how, listener] of Object.entries({ throwing, rejecting }))
    it(`is counted: ${how}`, async () => {
      const { pool, events, get } = service();
      pool.subscribe(listener);
      await get();
      await settled();
      assertEquals(pool.stats().listenerErrors, events.length);
    });

  it("is counted if it is a subscriber of the diagnostics channel", async () => {
    const told: PoolEvent[] = [];
    const transport = memoryTransport({ respond: () => ({ body: "ok" }) });
    const channel = () => ({ hasSubscribers: true, publish: throwing });
    const pool = createPool({
      transport: { ...transport, channel },
      onEvent: (event) => void told.push(event),
    });
    await (await pool.request("http://a.test/")).text();
    assert(told.length > 0);
    assertEquals(pool.stats().listenerErrors, told.length);
    await pool.close();
  });
});
