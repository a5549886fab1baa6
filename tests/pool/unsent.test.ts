/** A connection that is closed with bytes in its queue, whose peer does not read: it does not stay open for ever. */

import type { Socket as ServerSocket } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool, type Pool } from "../../mod.ts";
import type { Socket } from "../../src/contract/transport.ts";
import { closeInTime, UNSENT_MS } from "../../src/pool/unsent.ts";
import { MovableClock } from "../../src/testing/movable-clock.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { eventually, guarded, PATIENT } from "../support/patience.ts";
import { moment, tcpServer } from "../transports/support.ts";

const PIECE = 1_048_576;

/** A socket that writes nothing by itself, and what was done to it. */
function scripted(allWritten: boolean | undefined): { socket: Socket; calls: string[]; sendAll(): void } {
  const calls: string[] = [];
  const state = { allWritten, close: () => calls.push("close"), abort: () => calls.push("abort") };
  const sendAll = (): void => {
    state.allWritten = true;
  };
  return { socket: state as unknown as Socket, calls, sendAll };
}

describe("a socket that is closed with bytes in its queue", () => {
  it("is aborted after a while, and not before", async () => {
    const [clock, { socket, calls }] = [new MovableClock(), scripted(false)];
    closeInTime(socket, clock);
    await clock.advance(UNSENT_MS - 1);
    assertEquals(calls, ["close"]);
    await clock.advance(1);
    assertEquals(calls, ["close", "abort"]);
  });

  it("is left alone if it has sent them by then", async () => {
    const [clock, { socket, calls, sendAll }] = [new MovableClock(), scripted(false)];
    closeInTime(socket, clock);
    sendAll();
    await clock.advance(UNSENT_MS);
    assertEquals(calls, ["close"]);
  });

  it("needs no timer if there are none, or the transport cannot tell", () => {
    for (const allWritten of [true, undefined]) {
      const [clock, { socket, calls }] = [new MovableClock(), scripted(allWritten)];
      closeInTime(socket, clock);
      assertEquals([calls, clock.timers], [["close"], 0]);
    }
  });
});

describe("a socket of a user's transport that is closed with bytes in its queue", () => {
  it("is aborted after a while, too", async () => {
    const [clock, calls] = [new MovableClock(), [] as string[]];
    const transport = memoryTransport({ respond: () => ({ headers: { connection: "close" } }) });
    const connect: typeof transport.connect = async (target, handler, signal) => ({
      ...(await transport.connect(target, handler, signal)),
      allWritten: false,
      close: () => void calls.push("close"),
      abort: () => void calls.push("abort"),
    });
    const pool = createPool({ clock, transport: { ...transport, connect } });
    (await pool.request("http://a.test/")).discard();
    await pool.close();
    assertEquals(calls, ["close"]);
    await clock.advance(UNSENT_MS);
    assertEquals(calls, ["close", "abort"]);
  });
});

/** Uploads until the peer takes no more. Returns how many bytes were asked for, and the status that comes then. */
async function uploadUntilStuck(pool: Pool, url: string, answer: () => void): Promise<number> {
  let pulled = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      pulled += PIECE;
      yield new Uint8Array(PIECE);
    }
  }
  const answered = pool.request(url, { method: "POST", body: endless });
  let before = 0;
  await eventually(async () => {
    before = pulled;
    await moment();
    return before > 0 && pulled === before;
  }, "a peer that takes no more");
  answer();
  assertEquals((await guarded(answered, "the response")).status, 413);
  return pulled;
}

/** Counts what a peer reads, which pauses after the first of it. */
class Reading {
  length = 0;
  readonly ended: Promise<void>;

  constructor(peer: ServerSocket) {
    this.ended = new Promise((resolve) => void peer.once("close", () => resolve()));
    peer.on("data", (chunk) => {
      this.length += chunk.length;
    });
    peer.once("data", () => peer.pause());
  }
}

describe("a connection whose server has answered an upload, and reads no more of it", PATIENT, () => {
  for (const passes of [true, false]) {
    it(`${passes ? "is dropped when the time for the rest is over" : "sends the rest before that"}`, async () => {
      const clock = new MovableClock();
      const readings: Reading[] = [];
      await using server = await tcpServer((socket) => void readings.push(new Reading(socket)));
      await using pool = createPool({ clock });
      const sent = await uploadUntilStuck(pool, `http://127.0.0.1:${server.port}/`, () =>
        server.sockets[0]?.write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
      );
      await pool.close();
      if (passes) await clock.advance(UNSENT_MS);
      await moment();
      (await server.first()).resume();
      const [reading] = readings;
      assert(reading !== undefined);
      await guarded(reading.ended, "the end of the connection");
      assert(reading.length < sent === passes, `${reading.length} bytes of ${sent} were received`);
    });
  }
});
