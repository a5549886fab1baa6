/** A connection that waited unused may be as stale as one that was used. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A pool with one connection opened in advance, whose FIN is on its way. */
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
      peer.onData(() => peer.send(ANSWER));
    },
  });
  const pool = createPool({ transport, clock });
  await pool.preconnect("http://server.test");
  now += 1000;
  return { pool, peers };
}

describe("a connection opened in advance that the server has closed", () => {
  it("costs a GET a second attempt, not its answer", async () => {
    const { pool, peers } = await preconnected();
    const response = pool.request("http://server.test/");
    peers[0]?.end();
    assertEquals(await (await response).text(), "ok");
    assertEquals([peers.length, pool.stats().retries], [2, 1]);
  });

  it("costs a POST its answer: it may have been executed", async () => {
    const { pool, peers } = await preconnected();
    const response = pool.request("http://server.test/", { method: "POST", body: "x" });
    peers[0]?.end();
    const error = await response.catch((reason: unknown) => reason);
    assertEquals(error instanceof HoldfastError && error.code, "ERR_CONNECTION_LOST");
    assertEquals(peers.length, 1);
  });
});
