/** Sockets read into memory that their handler offers, where the runtime can, and a whole pool gets the right bodies so. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool } from "../../src/create-pool.ts";
import {
  assertSameBytes,
  guarded,
  open,
  pattern,
  Recorder,
  target,
  tcpServer,
  transport,
} from "./support.ts";

const MIB = 1024 * 1024;
/** Bun's sockets bring their own memory. */
const canChoose = transport.name !== "bun";

/** Collects into memory of its own, as a body does. */
class Collector extends Recorder {
  readonly memory: Uint8Array = new Uint8Array(MIB);
  size = 0;
  direct = 0;

  space(): Uint8Array | undefined {
    return this.size < MIB ? this.memory.subarray(this.size, this.size + 300_000) : undefined;
  }

  override data(bytes: Uint8Array, length: number): void {
    if (bytes.buffer === this.memory.buffer) {
      assertEquals(bytes.byteOffset, this.size);
      this.direct += length;
    } else this.memory.set(bytes.subarray(0, length), this.size);
    this.size += length;
    super.data(bytes, length);
  }
}

describe("a socket whose handler offers memory", () => {
  for (const pauses of [false, true]) {
    it(`reads ${pauses ? "in order, although it is paused often" : "most of a MiB into it"}`, async () => {
      await using peer = await tcpServer((socket) => {
        socket.once("data", () => socket.write(pattern(MIB)));
      });
      const { socket } = await open(target(peer.port));
      const collector = new Collector();
      socket.setHandler(collector);
      const hand = collector.data.bind(collector);
      let calls = 0;
      if (pauses)
        collector.data = (bytes, length) => {
          hand(bytes, length);
          calls += 1;
          const resume = (): void => socket.resume();
          if (calls % 4 === 1) socket.pause();
          if (calls % 4 === 1) queueMicrotask(resume);
          if (calls % 4 === 3)
            queueMicrotask(() => {
              socket.pause();
              setTimeout(resume, 0);
            });
        };
      socket.write("go");
      await collector.until(() => collector.size === MIB);
      assertSameBytes(collector.memory, pattern(MIB));
      assert(!canChoose || collector.direct > MIB / (pauses ? 8 : 2), `${collector.direct} bytes directly`);
      socket.abort();
    });
  }
});

const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${MIB}\r\n\r\n`;

describe("a large body", () => {
  for (const [what, cuts] of [
    ["at once", [MIB]],
    ["in pieces", [1, 70_000, 70_001, 400_000, MIB - 1025, MIB - 1024, MIB - 1, MIB]],
  ] as const) {
    it(`is right if it comes ${what}, by bytes(), text() and a stream`, async () => {
      const whole = pattern(MIB).map((byte) => byte & 127);
      await using peer = await tcpServer((socket) => {
        socket.on("data", () => {
          socket.write(HEAD);
          for (let at = 0; at < cuts.length; at++) socket.write(whole.subarray(cuts[at - 1] ?? 0, cuts[at]));
        });
      });
      await using pool = createPool();
      const url = `http://127.0.0.1:${peer.port}/`;
      const bytes = await guarded((await pool.request(url)).bytes(), "bytes()");
      assertSameBytes(bytes, whole);
      assertEquals(bytes.buffer.byteLength, MIB);
      const text = await guarded((await pool.request(url)).text(), "text()");
      assertSameBytes(new TextEncoder().encode(text), whole);
      const streamed = await guarded(new Response((await pool.request(url)).body).bytes(), "stream()");
      assertSameBytes(streamed, whole);
      assertEquals(peer.sockets.length, 1);
    });
  }

  it("ends its connection if the server sends more than it said, which answers no later request", async () => {
    let connections = 0;
    await using peer = await tcpServer((socket) => {
      connections += 1;
      const surplus = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
      const isFirst = connections === 1;
      const answer = isFirst
        ? HEAD + "x".repeat(MIB) + surplus
        : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
      socket.on("data", () => socket.write(answer));
    });
    await using pool = createPool();
    const ends: string[] = [];
    pool.subscribe((event) => {
      if (event.type === "connection.retired") ends.push(event.reason);
    });
    const url = `http://127.0.0.1:${peer.port}/`;
    assertEquals((await guarded((await pool.request(url)).bytes(), "the body")).length, MIB);
    assertEquals(await guarded((await pool.request(url)).text(), "the answer"), "good");
    assertEquals(ends, ["bad-framing"]);
  });
});
