/** `pool.upgrade()`: another protocol on a connection of the pool, over real sockets. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { createPool, type HoldfastError, type PoolEvent, type PoolOptions } from "../../mod.ts";
import type { UpgradeOptions } from "../../src/fetch/upgrade.ts";
import { eventually, guarded } from "../support/patience.ts";
import { bytesOf, rawServer, textOf } from "./raw-server.ts";

const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

function observed(options: PoolOptions = {}) {
  const events: PoolEvent[] = [];
  return { events, pool: createPool({ ...options, onEvent: (event) => void events.push(event) }) };
}

describe("pool.upgrade", () => {
  it("gives status, fields and both directions, each of which ends on its own", async () => {
    let asked = "";
    await using server = await rawServer((head, socket) => {
      asked = head;
      socket.write(SWITCH);
      let got = "";
      socket.on("data", (bytes) => {
        got += bytes.toString("latin1");
      });
      // An attach: the output comes when the input has ended.
      socket.on("end", () => socket.end(`you said ${got}`));
    });
    const { pool, events } = observed();
    const answer = await pool.upgrade(`${server.url}/attach?x=1`, {
      method: "POST",
      protocol: "tcp",
      headers: { "x-a": "1" },
    });
    assertEquals(
      asked,
      `POST /attach?x=1 HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: upgrade\r\n` +
        "x-a: 1\r\nupgrade: tcp\r\ncontent-length: 0\r\n\r\n",
    );
    assertEquals(answer.status, 101);
    assertEquals(answer.headers.get("upgrade"), "tcp");
    const { socket } = answer;
    const writer = socket?.writable.getWriter();
    await writer?.write(bytesOf("hello "));
    await writer?.write(bytesOf("world"));
    await writer?.close();
    assertEquals(socket && (await guarded(textOf(socket.readable), "the output")), "you said hello world");
    await guarded(socket?.closed ?? Promise.reject(), "the end of both directions");
    const retired = events.find(({ type }) => type === "connection.retired");
    assertEquals(retired?.type === "connection.retired" && retired.reason, "upgraded");
    assertEquals(pool.stats().retired.upgraded, 1);
    assertEquals(pool.stats().open, 0);
    await pool.close();
  });

  it("loses no byte that came behind the answer in the same read, nor one in the middle of its head", async () => {
    await using server = await rawServer((head, socket) => {
      const whole = `${SWITCH}early`;
      const at = head.includes("/split") ? 30 : whole.length;
      socket.write(whole.slice(0, at), () => {
        if (at < whole.length) socket.write(whole.slice(at));
        socket.end(" late");
      });
    });
    await using pool = createPool();
    for (const path of ["/", "/split"]) {
      const { socket } = await pool.upgrade(server.url + path, { protocol: "tcp" });
      assertEquals(socket && (await textOf(socket.readable)), "early late");
      await socket?.writable.close();
      await socket?.closed;
    }
  });

  it("goes on writing after the peer's FIN", async () => {
    let got = "";
    let ended = false;
    await using server = await rawServer((_, socket) => {
      socket.end(SWITCH);
      socket.on("data", (bytes) => {
        got += bytes.toString("latin1");
      });
      socket.on("end", () => {
        ended = true;
      });
    });
    await using pool = createPool();
    const { socket } = await pool.upgrade(server.url, { protocol: "tcp" });
    assertEquals(socket && (await textOf(socket.readable)), "");
    const writer = socket?.writable.getWriter();
    await writer?.write(bytesOf("still here"));
    await writer?.close();
    await eventually(() => ended, "the server sees the end");
    assertEquals(got, "still here");
    await socket?.closed;
  });

  it("works over a Unix socket", async () => {
    const path = join(tmpdir(), `holdfast-upgrade-${process.pid}-${Math.floor(performance.now())}.sock`);
    await using server = await rawServer((_, socket) => {
      socket.write(`${SWITCH}> `);
      socket.on("data", (bytes) => socket.write(bytes));
      socket.on("end", () => socket.end("."));
    }, path);
    assertEquals(server.sockets.length, 0);
    await using pool = createPool({ unixPath: path });
    const { socket } = await pool.upgrade("http://docker/containers/1/attach", {
      method: "POST",
      protocol: "tcp",
    });
    const writer = socket?.writable.getWriter();
    await writer?.write(bytesOf("ls"));
    await writer?.close();
    assertEquals(socket && (await guarded(textOf(socket.readable), "the output")), "> ls.");
  });

  it("opens a tunnel with CONNECT, and gives another answer as a response whose connection is kept", async () => {
    let heads = "";
    await using server = await rawServer((head, socket) => {
      heads += head;
      if (head.startsWith("CONNECT")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntunnel");
      else socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    });
    const { pool, events } = observed();
    const options = { method: "CONNECT", authority: "db.internal:5432" };
    const { status, socket } = await pool.upgrade(server.url, options);
    assertEquals(status, 200);
    assertEquals(socket && (await textOf(socket.readable)), "tunnel");
    socket?.abort();
    assertEquals(
      heads,
      "CONNECT db.internal:5432 HTTP/1.1\r\nhost: db.internal:5432\r\nconnection: keep-alive\r\n\r\n",
    );
    const refused = await pool.upgrade(server.url, { protocol: "websocket" });
    assertEquals([refused.status, refused.socket, await refused.text()], [403, undefined, "no"]);
    assertEquals(pool.stats().idle, 1);
    assertEquals(events.filter(({ type }) => type === "request.finished").length, 2);
    await pool.close();
  });

  it("is the caller's: close() and drain() of the pool and its idle rules do not end it", async () => {
    await using server = await rawServer((_, socket) => {
      socket.write(SWITCH);
      socket.on("data", (bytes) => socket.write(bytes));
    });
    const pool = createPool({ idleTimeout: "1ms", maxLifetime: "1ms", requestTimeout: "1m" });
    const { socket } = await pool.upgrade(server.url, { protocol: "tcp" });
    pool.drain();
    await pool.close({ timeout: 0 });
    const writer = socket?.writable.getWriter();
    const reader = socket?.readable.getReader();
    await writer?.write(bytesOf("ping"));
    const answer = await guarded(reader?.read() ?? Promise.reject(), "the answer");
    assertEquals(new TextDecoder().decode(answer.value), "ping");
    await assertRejects(() => pool.upgrade(server.url, { protocol: "tcp" }));
    socket?.abort(new Error("enough"));
    await assertRejects(async () => await reader?.read(), Error, "enough");
    await socket?.closed;
  });

  it("times out and is aborted until the answer", async () => {
    await using server = await rawServer(() => {});
    await using pool = createPool();
    const late = await assertRejects(() =>
      pool.upgrade(server.url, { protocol: "tcp", headersTimeout: "20ms" }),
    );
    assertEquals((late as HoldfastError).code, "ERR_HEADERS_TIMEOUT");
    const controller = new AbortController();
    const waiting = pool.upgrade(server.url, { protocol: "tcp", signal: controller.signal });
    await eventually(() => server.sockets.length === 2, "the second request");
    controller.abort("no longer");
    assertEquals(await waiting.catch((reason) => reason), "no longer");
  });

  it("holds back a peer whose bytes nobody reads, and writers whose peer does not read", async () => {
    let unread = 0;
    let isFull = false;
    await using server = await rawServer((_, socket) => {
      socket.pause();
      socket.write(SWITCH);
      const piece = Buffer.alloc(65_536);
      const fill = (): void => {
        while (unread < 64 * 1024 * 1024) {
          unread += piece.length;
          isFull = !socket.write(piece);
          if (isFull) return;
        }
      };
      socket.on("drain", fill);
      fill();
    });
    await using pool = createPool();
    const { socket } = await pool.upgrade(server.url, { protocol: "tcp" });
    await eventually(() => isFull, "the server's buffers are full");
    assertEquals(unread < 32 * 1024 * 1024, true);
    const writer = socket?.writable.getWriter();
    const writes = Array.from({ length: 16 }, () => writer?.write(new Uint8Array(1024 * 1024)));
    let read = 0;
    server.sockets[0]?.on("data", (bytes) => {
      read += bytes.length;
    });
    server.sockets[0]?.resume();
    await guarded(Promise.all(writes), "the peer reads on");
    await eventually(() => read === 16 * 1024 * 1024, "all of it arrives");
    socket?.abort();
    await socket?.closed;
  });

  it("fails both streams when the connection is reset", async () => {
    await using server = await rawServer((_, socket) => {
      socket.write(SWITCH);
      socket.on("data", () => socket.resetAndDestroy());
    });
    await using pool = createPool();
    const { socket } = await pool.upgrade(server.url, { protocol: "tcp" });
    const writer = socket?.writable.getWriter();
    await writer?.write(bytesOf("x"));
    await guarded(socket?.closed ?? Promise.reject(), "the reset");
    const error = await assertRejects(async () => await writer?.write(bytesOf("y")));
    assertEquals((error as HoldfastError).code, "ERR_CONNECTION_LOST");
  });

  const REFUSED: Readonly<Record<string, [options: object | undefined, says: string]>> = {
    "no options": [undefined, "upgrade needs options"],
    "no protocol": [{}, "protocol must name"],
    "an empty protocol": [{ protocol: " " }, "protocol must name"],
    "a protocol that ends the line": [{ protocol: "a\r\nx: 1" }, "protocol must name"],
    h2c: [{ protocol: "foo, H2C" }, "h2c"],
    "a body": [{ protocol: "tcp", body: "x" }, "body must not be given"],
    "a length": [{ protocol: "tcp", headers: { "content-length": "3" } }, "there is no body"],
    "an unknown option": [{ protocol: "tcp", proto: 1 }, "proto"],
    "a field Upgrade": [{ protocol: "tcp", headers: { Upgrade: "x" } }, "upgrade"],
    "a field Connection": [{ protocol: "tcp", headers: { Connection: "close" } }, "connection"],
    "CONNECT without authority": [{ method: "CONNECT" }, "authority must be"],
    "CONNECT with a protocol": [
      { method: "CONNECT", authority: "a:1", protocol: "tcp" },
      "protocol must not",
    ],
    "an authority that ends the line": [{ method: "CONNECT", authority: "a\r\nb:1" }, "authority must be"],
    "an authority with a path": [{ method: "CONNECT", authority: "a/b:1" }, "authority must be"],
    "an authority without a port": [{ method: "CONNECT", authority: "a" }, "authority must be"],
    "an authority for another method": [{ protocol: "tcp", authority: "a:1" }, "authority is for CONNECT"],
  };
  for (const [what, [options, says]] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, async () => {
      await using pool = createPool();
      const asked = pool.upgrade("http://localhost:1", options as UpgradeOptions);
      const error = await assertRejects(() => asked, TypeError);
      assertEquals((error as Error).message.includes(says), true, (error as Error).message);
    });
  }
});
