/** Promise: a request that says `Connection: close` is the last on its connection, whatever the server answers. */

import { it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";

it("a connection is not used again after a request with Connection: close", async () => {
  const transport = memoryTransport({
    accept(peer) {
      peer.onData(() => peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
    },
  });
  await using pool = createPool({ transport });
  const closing = await pool.request("http://a/", { headers: { connection: "close" } });
  assertEquals(await closing.text(), "hi");
  await (await pool.request("http://a/")).text();
  assertEquals(pool.stats().opened, 2);
  assertEquals(pool.stats().retired, { "not-persistent": 1 });
});
