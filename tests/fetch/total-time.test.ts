/** Total time: `requestTimeout` limits the whole call, from its start to the last byte of the last response. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, type HoldfastError } from "../../mod.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { MovableClock, settled } from "../support/clock.ts";
import { type Service, service } from "../support/service.ts";

const OK = "HTTP/1.1 200 OK\r\n";

/** A pool whose server the test answers for, and the result of a call. */
function slow(): Service {
  return service({ requestTimeout: "1s" }, undefined, { respond: undefined, accept: () => {} });
}

function resultOf(call: Promise<Response>): { value: unknown } {
  const result: { value: unknown } = { value: undefined };
  call
    .then((response) => response.text())
    .then(
      (text) => {
        result.value = text;
      },
      (error) => {
        result.value = factsOf(error);
      },
    );
  return result;
}

function factsOf(error: Error): unknown {
  const { code, elapsedMs, limitMs } = error.cause as HoldfastError;
  return [code, elapsedMs, limitMs];
}

const last = (world: Service): MemoryPeer => world.transport.peers.at(-1) as MemoryPeer;

describe("requestTimeout", () => {
  it("limits a chain of redirects as a whole", async () => {
    const world = slow();
    const result = resultOf(world.pool.fetch("http://a.test/0"));
    for (const host of ["b", "c"]) {
      await world.clock.advance(400);
      last(world).send(`HTTP/1.1 302 Found\r\nlocation: http://${host}.test/\r\ncontent-length: 0\r\n\r\n`);
      await settled();
    }
    assertEquals(world.transport.peers.length, 3);
    await world.clock.advance(199);
    assertEquals(result.value, undefined);
    await world.clock.advance(1);
    assertEquals(result.value, ["ERR_REQUEST_TIMEOUT", 1000, 1000]);
    assertEquals([world.pool.stats().active, world.pool.stats().queued], [0, 0]);
  });

  it("includes the body of the last response", async () => {
    const world = slow();
    const result = resultOf(world.pool.fetch("http://a.test/"));
    await world.clock.advance(600);
    last(world).send("HTTP/1.1 302 Found\r\nlocation: http://b.test/\r\ncontent-length: 0\r\n\r\n");
    await world.clock.advance(300);
    last(world).send(`${OK}content-length: 10\r\n\r\nsome`);
    await world.clock.advance(100);
    assertEquals(result.value, ["ERR_REQUEST_TIMEOUT", 1000, 1000]);
  });

  it("does not end a chain that is faster", async () => {
    const world = slow();
    const result = resultOf(world.pool.fetch("http://a.test/"));
    await world.clock.advance(600);
    last(world).send("HTTP/1.1 302 Found\r\nlocation: http://b.test/\r\ncontent-length: 0\r\n\r\n");
    await world.clock.advance(399);
    last(world).send(`${OK}content-length: 2\r\n\r\nok`);
    await settled();
    assertEquals(result.value, "ok");
  });

  it("sends no further request when it has passed", async () => {
    const world = slow();
    const result = resultOf(world.pool.fetch("http://a.test/"));
    await settled();
    // The event loop is blocked: the redirect is read before the timer runs.
    world.clock.block(1500);
    last(world).send("HTTP/1.1 302 Found\r\nlocation: http://b.test/\r\ncontent-length: 0\r\n\r\n");
    await settled();
    assertEquals(result.value, ["ERR_REQUEST_TIMEOUT", 1500, 1000]);
    assertEquals(world.transport.peers.length, 1);
  });

  it("includes the time in which the length of a body is sought", async () => {
    const world = slow();
    world.clock.manualTurns = true;
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
    });
    const request = new Request("http://a.test/", { method: "POST", body, duplex: "half" } as RequestInit);
    const result = resultOf(world.pool.fetch(request));
    await settled();
    world.clock.block(700);
    controller?.enqueue(new Uint8Array(2));
    controller?.close();
    for (let turn = 0; turn < 40; turn++) {
      world.clock.endTurn();
      await settled();
    }
    assertEquals(world.transport.peers.length, 1);
    await world.clock.advance(299);
    assertEquals(result.value, undefined);
    await world.clock.advance(1);
    assertEquals(result.value, ["ERR_REQUEST_TIMEOUT", 1000, 1000]);
  });

  it("includes the time in which the transport is loaded", async () => {
    const clock = new MovableClock();
    const pool = createPool({ clock, requestTimeout: "1s" });
    const call = pool.fetch("http://127.0.0.1:10009/");
    clock.block(1500);
    assertEquals(await call.catch(factsOf), ["ERR_REQUEST_TIMEOUT", 1500, 1000]);
    await pool.close();
  });
});
