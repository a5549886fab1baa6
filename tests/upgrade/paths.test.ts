/** How an upgrade gets to its server: which protocol is offered, through which proxy, and under which name it is counted. */

import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createServer } from "node:tls";
import { assertEquals, assertRejects } from "@std/assert";
import { createPool, HoldfastError, type PoolOptions } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { textOf } from "./raw-server.ts";

const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\n\r\nhello";

/** A pool whose peers answer each head with the next of these. */
function answering(answers: readonly string[], options: PoolOptions = {}) {
  const peers: MemoryPeer[] = [];
  const transport = memoryTransport({
    alpn: "h2",
    accept(peer) {
      peers.push(peer);
      let next = 0;
      peer.onData(() => peer.send(answers[next++] ?? ""));
    },
  });
  return { pool: createPool({ transport, ...options }), peers };
}

describe("a connection for upgrades", () => {
  it("offers HTTP/1.1 alone, where others of the pool offer HTTP/2", async () => {
    for (const http2 of ["alpn", "prior-knowledge", false] as const) {
      const { pool, peers } = answering([SWITCH], { http2 });
      const { socket } = await pool.upgrade("https://a.test/", { protocol: "tcp" });
      assertEquals(peers[0]?.target.tls?.alpn, ["http/1.1"]);
      assertEquals(peers[0]?.target.tls?.serverName, "a.test");
      socket?.abort();
      assertEquals(Object.keys(pool.stats().origins), ["upgrade+https://a.test"]);
      await pool.close();
    }
  });

  it("goes through a tunnel where other requests are forwarded", async () => {
    const { pool, peers } = answering(["HTTP/1.1 200 OK\r\n\r\n", SWITCH], {
      proxy: "http://proxy.test:3128",
    });
    const { socket } = await pool.upgrade("http://a.test/ws", { protocol: "tcp" });
    assertEquals(peers[0]?.receivedText.split("\r\n")[0], "CONNECT a.test:80 HTTP/1.1");
    assertEquals(peers[0]?.receivedText.includes("\r\nGET /ws HTTP/1.1\r\n"), true);
    socket?.abort();
    await pool.close();
  });

  it("is drained with its origin", async () => {
    const { pool } = answering(["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]);
    const { status } = await pool.upgrade("http://a.test/", { protocol: "tcp" });
    assertEquals([status, pool.stats().idle], [404, 1]);
    pool.drain("http://a.test");
    assertEquals(pool.stats().idle, 0);
    await pool.close();
  });

  it("is no reason to accept a 101 that another request gets", async () => {
    const { pool } = answering([SWITCH]);
    const error = await assertRejects(() => pool.request("http://a.test/"), HoldfastError);
    assertEquals((error as HoldfastError).code, "ERR_PROTOCOL");
    await pool.close();
  });

  it("ends both directions with a transport that cannot end one", async () => {
    const { pool, peers } = answering([SWITCH]);
    const { socket } = await pool.upgrade("http://a.test/", { protocol: "tcp" });
    await socket?.writable.close();
    assertEquals(socket && (await textOf(socket.readable)), "hello");
    await socket?.closed;
    assertEquals(peers[0]?.state, "closed");
    await pool.close();
  });

  it("ends its directions one by one over TLS", async () => {
    const certs = new URL("../certs/", import.meta.url);
    const [key, cert, ca] = ["server.key", "server.pem", "ca.pem"].map((name) =>
      readFileSync(new URL(name, certs)),
    );
    const server = createServer(
      { key, cert, ALPNProtocols: ["h2", "http/1.1"], allowHalfOpen: true },
      (socket) => {
        let got = "";
        socket.once("data", () => {
          socket.write(`${SWITCH} over ${socket.alpnProtocol}: `);
          socket.on("data", (bytes) => {
            got += bytes.toString("latin1");
          });
          socket.on("end", () => socket.end(got));
        });
        socket.on("error", () => {});
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const pool = createPool({ tls: { ca: String(ca) } });
    const { socket } = await pool.upgrade(`https://localhost:${port}/`, { protocol: "tcp" });
    const writer = socket?.writable.getWriter();
    await writer?.write(new TextEncoder().encode("input"));
    await writer?.close();
    assertEquals(socket && (await textOf(socket.readable)), "hello over http/1.1: input");
    await socket?.closed;
    await pool.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
