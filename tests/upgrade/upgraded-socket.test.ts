/** The upgraded socket over a scripted socket: when a peer is held back, and when a write waits. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import type { Socket, SocketHandler } from "../../src/contract/transport.ts";
import { upgradedSocket } from "../../src/exchange/upgraded-socket.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { open, target, tcpServer } from "../transports/support.ts";

/** A socket that does nothing, and notes what it is told. */
function scripted() {
  const calls: string[] = [];
  const at: { handler: SocketHandler | undefined; takes: boolean } = { handler: undefined, takes: true };
  const socket = {
    setHandler(handler: SocketHandler) {
      at.handler = handler;
    },
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
    abort: () => void calls.push("abort"),
    close: () => void calls.push("close"),
    write(bytes: Uint8Array) {
      calls.push(`write ${bytes.length}`);
      return at.takes;
    },
  };
  return { at, calls, socket: socket as unknown as Socket };
}

const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: tcp\r\n\r\n";

/** Lets every promise settle that nothing holds up. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

describe("an upgraded socket", () => {
  it("is aborted if a method of a user's socket aborts the request while it is taken over", async () => {
    const abort = new AbortController();
    const inner = memoryTransport({
      accept: (peer) => peer.onData(() => peer.send(SWITCHED)),
    });
    let handlers = 0;
    const connect: typeof inner.connect = async (...given) => {
      const socket = await inner.connect(...given);
      const setHandler = (handler: SocketHandler): void => {
        handlers += 1;
        abort.abort("enough");
        socket.setHandler(handler);
      };
      return { ...socket, setHandler };
    };
    await using pool = createPool({ transport: { ...inner, connect } });
    const asked = pool.upgrade("http://a.test/", { protocol: "tcp", signal: abort.signal });
    assertEquals(await asked.catch((reason) => reason), "enough");
    await settled();
    assertEquals([handlers, inner.peers.map(({ state }) => state)], [1, ["aborted"]]);
  });

  it("outlives its pool, and is asked for on a connection that offers HTTP/1.1 alone", async () => {
    const inner = memoryTransport({ accept: (peer) => peer.onData(() => peer.send(SWITCHED)) });
    const pool = createPool({ transport: inner, http2: "alpn" });
    const { socket } = await pool.upgrade("https://a.test/", { protocol: "tcp" });
    await pool.close({ timeout: 0 });
    const writer = socket?.writable.getWriter();
    await writer?.write(new Uint8Array([0x68, 0x69]));
    await settled();
    const [peer] = inner.peers;
    assertEquals([peer?.state, peer?.receivedText.endsWith("\r\n\r\nhi")], ["open", true]);
    assertEquals(peer?.target.tls?.alpn, ["http/1.1"]);
    socket?.abort();
  });

  it("pauses its socket at 64 KiB that nobody reads, and resumes it when they are read", async () => {
    const { at, calls, socket } = scripted();
    const { readable } = upgradedSocket(socket, new Uint8Array(), "http://a");
    await settled();
    at.handler?.data(new Uint8Array(65_535), 65_535);
    assertEquals(calls, []);
    at.handler?.data(new Uint8Array(8), 1);
    assertEquals(calls, ["pause"]);
    const reader = readable.getReader();
    assertEquals((await reader.read()).value?.length, 65_535);
    await settled();
    assertEquals(calls, ["pause", "resume"]);
    assertEquals((await reader.read()).value?.length, 1);
  });

  it("sends what it was given, though the caller uses one buffer for all of it and the peer reads late", async () => {
    const LENGTH = 9000;
    await using peer = await tcpServer((server) => void server.pause());
    const { socket } = await open(target(peer.port));
    const remote = await peer.first();
    const received: Buffer[] = [];
    remote.on("data", (bytes: Buffer) => void received.push(bytes)).pause();
    const writer = upgradedSocket(socket, new Uint8Array(0), "http://a.test").writable.getWriter();
    const buffer = new Uint8Array(LENGTH);
    let count = 0;
    for (let isTaken = true; isTaken; count++) {
      buffer.fill(count % 251);
      const writing = writer.write(buffer).then(() => true);
      isTaken = await Promise.race([writing, settled().then(() => false)]);
    }
    const ended = new Promise((resolve) => remote.once("end", resolve));
    remote.resume();
    await writer.close();
    await ended;
    const all = Buffer.concat(received);
    const wrong = all.findIndex((byte, at) => byte !== Math.floor(at / LENGTH) % 251);
    assertEquals([all.length, wrong], [count * LENGTH, -1]);
  });

  it("settles a write when the kernel has taken it, and begins the next one only then", async () => {
    const { at, calls, socket } = scripted();
    const { writable } = upgradedSocket(socket, new Uint8Array(), "http://a");
    const writer = writable.getWriter();
    await writer.write(new Uint8Array(1));
    at.takes = false;
    let done = 0;
    for (const length of [2, 3])
      void writer.write(new Uint8Array(length)).then(() => {
        done += 1;
      });
    await settled();
    assertEquals([calls, done], [["write 1", "write 2"], 0]);
    at.handler?.drain();
    await settled();
    assertEquals([calls, done], [["write 1", "write 2", "write 3"], 1]);
    at.handler?.drain();
    await settled();
    assertEquals(done, 2);
  });
});
