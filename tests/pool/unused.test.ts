/** A connection that waited unused may be as stale as one that was used. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A pool with one connection opened in advance, on which the server answers with FIN. */
async function preconnected() {
  let now = 0;
  const clock = {
    now: () => now,
    wall: () => now,
    schedule: () => ({ cancel() {} }),
    turn: (callback: () => void) => void setTimeout(callback, 0),
  };
  const peers: MemoryPeer[] = [];
  const transport = memoryTransport({
    accept(peer) {
      peers.push(peer);
      const isFirst = peers.length === 1;
      peer.onData(() => (isFirst ? peer.end() : peer.send(ANSWER)));
    },
  });
  const pool = createPool({ transport, clock });
  await pool.preconnect("http://server.test");
  now += 1000;
  return { pool, peers };
}

describe("a connection opened in advance that the server closes", () => {
  it("costs a GET a second attempt, not its answer", async () => {
    const { pool, peers } = await preconnected();
    assertEquals(await (await pool.request("http://server.test/")).text(), "ok");
    assertEquals([peers.length, pool.stats().retries], [2, 1]);
  });

  it("costs a POST its answer: it may have been executed", async () => {
    const { pool, peers } = await preconnected();
    const response = pool.request("http://server.test/", { method: "POST", body: "x" });
    const error = await response.catch((reason: unknown) => reason);
    assertEquals(error instanceof HoldfastError && error.code, "ERR_CONNECTION_LOST");
    assertEquals(peers.length, 1);
  });

  for (const method of ["GET", "POST"]) {
    it(`costs a ${method} nothing if that had come before`, async () => {
      const { pool, peers } = await preconnected();
      const response = pool.request("http://server.test/", { method });
      peers[0]?.end();
      assertEquals(await (await response).text(), "ok");
      assertEquals([peers.length, pool.stats().retries], [2, 0]);
    });
  }
});
