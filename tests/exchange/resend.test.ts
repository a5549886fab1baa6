/** Resending: a request that was never written, and a request that was answered by 408. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, type HoldfastError, type PoolEvent } from "../../mod.ts";
import type { Socket } from "../../src/contract/transport.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { MovableClock, settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

const URL = "http://a.test/";
const POST = { method: "POST", body: "hello" };

/** A pool whose first `dead` sockets have ended without a callback. */
function withDeadSockets(dead: number, retry: boolean) {
  const memory = memoryTransport({ respond: () => ({ body: "ok" }) });
  const connect = async (...given: Parameters<typeof memory.connect>): Promise<Socket> => {
    const socket = await memory.connect(...given);
    const lost = memory.peers.length <= dead;
    return Object.defineProperty(socket, "lost", { value: lost });
  };
  const events: PoolEvent[] = [];
  const pool = createPool({
    transport: { ...memory, connect },
    clock: new MovableClock(),
    retry,
    onEvent: (event) => void events.push(event),
  });
  return { pool, memory, events };
}

describe("a request whose connection has ended before it is written", () => {
  it("is sent on another connection, whatever its method", async () => {
    const { pool, memory, events } = withDeadSockets(1, true);
    const response = await pool.request(URL, POST);
    assertEquals([await response.text(), response.resendCount], ["ok", 1]);
    assertEquals(
      memory.peers.map(({ receivedText }) => receivedText.startsWith("POST")),
      [false, true],
    );
    const retried = events.find((event) => event.type === "request.retried");
    assertEquals(retried?.type === "request.retried" && retried.reason, "not-sent");
    assertEquals(pool.stats().retired, { "peer-closed": 1 });
  });

  it("is resent only once", async () => {
    const { pool, memory } = withDeadSockets(2, true);
    const error = (await pool.request(URL, POST).catch((thrown) => thrown)) as HoldfastError;
    assertEquals([error.code, error.sent, error.retriable], ["ERR_CONNECTION_LOST", "none", true]);
    assertEquals([memory.peers.length, pool.stats().active], [2, 0]);
  });

  it("fails if retries are off", async () => {
    const { pool } = withDeadSockets(1, false);
    const error = (await pool.request(URL, POST).catch((thrown) => thrown)) as HoldfastError;
    assertEquals([error.code, error.sent, error.retriable], ["ERR_CONNECTION_LOST", "none", true]);
  });
});

describe("a request that its transport deferred", () => {
  it("is sent on another connection, whatever its method, if its own ends first", async () => {
    const memory = memoryTransport({ respond: () => ({ body: "ok" }) });
    const connect = async (...given: Parameters<typeof memory.connect>): Promise<Socket> => {
      const socket = await memory.connect(...given);
      if (memory.peers.length > 1) return socket;
      const [, handler] = given;
      const write = (): boolean => {
        queueMicrotask(() => handler.writeDropped?.(true));
        return true;
      };
      return Object.defineProperty(socket, "write", { value: write });
    };
    const pool = createPool({ transport: { ...memory, connect }, clock: new MovableClock() });
    const response = await pool.request(URL, { method: "POST" });
    assertEquals([await response.text(), response.resendCount], ["ok", 1]);
    assertEquals(pool.stats().retired, { "peer-closed": 1 });
  });
});

describe("a 408 after which a rule resends the request", () => {
  const HEAD = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 1000\r\n\r\n";

  for (const [when, body] of [
    ["at its head", ""],
    ["with part of its body", "some"],
    ["when it is complete", "x".repeat(1000)],
  ] as const) {
    it(`ends its connection ${when}`, async () => {
      const accept = (peer: MemoryPeer) =>
        peer.onData(() =>
          peer.send(peer.id === 1 ? HEAD + body : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        );
      const retry = ({ status }: { readonly status?: 408 | undefined }) => status === 408;
      const world = service({ retry }, undefined, { respond: undefined, accept });
      const response = await world.pool.request(URL, POST);
      assertEquals([await response.text(), response.resendCount], ["ok", 1]);
      await settled();
      assertEquals([world.retired(), world.transport.peers[0]?.state], [["peer-close"], "aborted"]);
      assertEquals([world.pool.stats().active, world.pool.stats().idle], [0, 1]);
    });
  }

  it("is returned as it is without such a rule", async () => {
    const accept = (peer: MemoryPeer) => peer.onData(() => peer.send(HEAD + "x".repeat(1000)));
    const world = service({}, undefined, { respond: undefined, accept });
    const response = await world.pool.request(URL, POST);
    assertEquals([response.status, (await response.text()).length], [408, 1000]);
  });
});
