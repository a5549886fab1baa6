/**
 * The Bun writer: everything is written once and in order, whatever the kernel accepts at a time, and small requests of a busy turn of
 * the event loop are written together at its end.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { SocketHandler } from "../../src/contract/transport.ts";
import { BunWriter } from "../../transports/bun-writer.ts";
import { latin1Text } from "../../transports/latin1.ts";
import { ReceiveQueue } from "../../transports/receive-queue.ts";
import { TransportError } from "../../transports/transport-error.ts";
import { timed, work } from "./standing-time.ts";
import { Recorder } from "./support.ts";

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for the end of a turn, even of a long one. */
async function round(): Promise<void> {
  for (let count = 0; count < 4; count++) await immediate();
}

/** A kernel that accepts `room` bytes, and records everything written to it. */
function kernel(room = Infinity, handler: SocketHandler = new Recorder()) {
  const at = { room, written: [] as string[] };
  const sink = {
    write(bytes: Uint8Array, offset: number, length: number): number {
      const taken = Math.min(length, at.room);
      at.room -= taken;
      if (taken > 0) at.written.push(latin1Text(bytes.subarray(offset, offset + taken)));
      return taken;
    },
    end: () => void at.written.push("FIN"),
    shutdown: () => void at.written.push("FIN, reads on"),
    terminate: () => void at.written.push("RST"),
  };
  const receiveQueue = new ReceiveQueue(handler);
  return Object.assign(at, { receiveQueue, writer: new BunWriter(sink, receiveQueue) });
}

/** Writers in a turn in which four others have written already. */
async function crowded(): Promise<ReturnType<typeof kernel>> {
  await round();
  for (let count = 0; count < 4; count++) kernel().writer.write("GET / HTTP/1.1\r\n\r\n");
  return kernel();
}

describe("small requests of one turn of the event loop", () => {
  timed("are written immediately if they are the first four, and at its end in order otherwise", async () => {
    await round();
    const all = Array.from({ length: 7 }, () => kernel());
    for (const [at, { writer }] of all.entries()) assertEquals(writer.write(`request ${at}`), true);
    assertEquals(
      all.map(({ written }) => written.length),
      [1, 1, 1, 1, 0, 0, 0],
    );
    await round();
    assertEquals(
      all.flatMap(({ written }) => written),
      all.map((_, at) => `request ${at}`),
    );
  });

  timed("are written before the next write on their socket", async () => {
    const { writer, written } = await crowded();
    writer.write("first");
    writer.write("head", new Uint8Array([98]), "tail");
    assertEquals(written, ["first", "headbtail"]);
    await round();
    assertEquals(written, ["first", "headbtail"]);
  });

  timed("are written before FIN, and never after an abort", async () => {
    const closed = await crowded();
    closed.writer.write("last");
    closed.writer.finish();
    const aborted = kernel();
    aborted.writer.write("never");
    aborted.writer.stop();
    await round();
    assertEquals([closed.written, aborted.written], [["last", "FIN"], []]);
  });

  timed("are written immediately and completely if they are not small", async () => {
    const { writer, written } = await crowded();
    const head = `GET / HTTP/1.1\r\ncookie: ${"c".repeat(70_000)}\r\n\r\n`;
    writer.write(head);
    assertEquals(written.join("") === head, true);
  });

  timed("wait, like every write, for a kernel that has no room", async () => {
    const full = await crowded();
    full.room = 3;
    full.writer.write("request");
    await round();
    assertEquals(full.written, ["req"]);
    full.room = Infinity;
    full.writer.flush();
    assertEquals(full.written, ["req", "uest"]);
  });

  timed("are counted from zero in the next turn", async () => {
    await crowded();
    await round();
    const { writer, written } = kernel();
    writer.write("at once");
    assertEquals(written, ["at once"]);
  });

  timed("wait until the sockets were polled if the turn was long", async () => {
    const { writer, written } = await crowded();
    writer.write("request");
    work();
    await immediate();
    assertEquals(written, []);
    await round();
    assertEquals(written, ["request"]);
  });

  timed("are dropped if bytes arrive before they are written, and their handler is told", async () => {
    const calls: string[] = [];
    const handler = Object.assign(new Recorder(), { writeDropped: () => void calls.push("dropped") });
    await crowded();
    const { writer, written } = kernel(Infinity, handler);
    writer.write("request");
    writer.received();
    await round();
    assertEquals([calls, written], [["dropped"], []]);
  });

  timed(
    "are dropped if their connection ends before they are written, and their handler is told how",
    async () => {
      const calls: unknown[] = [];
      const writeDropped = (...how: unknown[]) => void calls.push(how);
      await crowded();
      const { writer, written } = kernel(Infinity, Object.assign(new Recorder(), { writeDropped }));
      writer.ended();
      writer.write("request");
      const error = new TransportError("reset", "by the peer");
      writer.ended(error);
      writer.ended(error);
      await round();
      assertEquals([calls, written], [[[true, error]], []]);
    },
  );

  timed("are written if bytes arrive and their handler cannot be calls of a drop", async () => {
    const { writer, written } = await crowded();
    writer.write("request");
    writer.received();
    assertEquals(written, ["request"]);
  });
});

/** Room for head, body and tail in one system call. */
const JOINED = 65 * 1024;

/** What may be written, each with letters of its own. */
const PARTS: readonly (readonly [head: string | Uint8Array, body?: Uint8Array | undefined, tail?: string])[] =
  [
    ["small"],
    [letters(5, "b"), letters(7, "c"), "tail"],
    ["head", undefined, "tail"],
    ["head", letters(0, ""), "tail"],
    ["head", letters(JOINED - 4, "f"), ""],
    ["head", letters(JOINED - 8, "g"), "tail"],
    ["head", letters(JOINED - 7, "h"), "tail"],
    ["head", letters(JOINED + 9000, "i"), "tail"],
    ["j".repeat(JOINED)],
    ["k".repeat(JOINED + 1), letters(3, "l"), "tail"],
    [letters(JOINED + 1, "m"), letters(70_000, "n")],
  ];

function letters(length: number, letter: string): Uint8Array {
  return new TextEncoder().encode(letter.repeat(length));
}

const text = (part: string | Uint8Array): string => (typeof part === "string" ? part : latin1Text(part));

/** Every other time the kernel has room. */
function flushSlowly(at: ReturnType<typeof kernel>): void {
  for (let count = 0; !at.writer.isEmpty && count < 100; count++) {
    at.room = count % 2 === 0 ? 50_000 : 0;
    at.writer.flush();
  }
}

describe("what is written on Bun", () => {
  for (const room of [0, 1, 3, 100, 40_000, JOINED - 1, JOINED, JOINED + 1, Infinity]) {
    timed(
      `comes once and in order to a kernel that has room for ${room} bytes, and that is told once`,
      async () => {
        const seen = new Recorder();
        const at = kernel(room, seen);
        for (const [head, body, tail] of PARTS) {
          await round();
          at.written.length = 0;
          at.room = room;
          const drains = seen.drains;
          const taken = at.writer.write(head, body, tail);
          assertEquals([at.writer.isEmpty, seen.drains], [taken, drains]);
          // Behind all that waits, in whatever pieces.
          const behind = at.writer.write("behind", letters(3, "z"), "end") && taken;
          flushSlowly(at);
          const expected = [head, body ?? "", tail ?? "", "behindzzzend"].map(text).join("");
          assertEquals(at.written.join("") === expected, true);
          assertEquals(seen.drains - drains, behind ? 0 : 1);
          at.room = Infinity;
          at.writer.flush();
          assertEquals(seen.drains - drains, behind ? 0 : 1);
        }
      },
    );
  }

  it("has its body half a page behind where a page begins, because a copy to right behind that would be slow", () => {
    const places: number[] = [];
    const sink = {
      write(_: Uint8Array, offset: number, length: number): number {
        places.push(offset);
        return length;
      },
      end() {},
      shutdown() {},
      terminate() {},
    };
    const writer = new BunWriter(sink, new ReceiveQueue(new Recorder()));
    for (const head of ["10000\r\n", "h".repeat(300), "h".repeat(3000)])
      writer.write(head, new Uint8Array(16_384));
    assertEquals(places, [2048 - 7, 2048 - 300, 0]);
  });

  it("is dropped by stop(), and nothing is written afterwards", () => {
    const { writer, written } = kernel(3);
    writer.write("head", letters(70_000, "b"));
    writer.stop();
    assertEquals([writer.write("more", letters(1, "c")), writer.isEmpty, written], [true, true, ["hea"]]);
  });

  it("is followed by FIN when all was written, and by nothing else", () => {
    const at = kernel(3);
    at.writer.write("head", letters(1, "b"));
    at.writer.finish();
    at.room = Infinity;
    assertEquals(at.writer.write("more", letters(1, "c")), true);
    at.writer.flush();
    assertEquals(at.written, ["hea", "db", "FIN"]);
  });

  it("ends the connection if its buffer is gone, and nothing is written behind the gap", async () => {
    const seen = new Recorder();
    const at = kernel(4, seen);
    at.receiveQueue.open();
    await undefined;
    const body = letters(100_000, "b");
    seen.drain = () => {
      seen.drains++;
      at.writer.write("next", letters(1, "c"));
    };
    at.writer.write("head", body, "tail");
    structuredClone(body.buffer, { transfer: [body.buffer] });
    at.room = Infinity;
    at.writer.flush();
    at.writer.write("later", letters(1, "d"));
    assertEquals(
      at.written.map(({ length }) => length),
      ["head".length, JOINED - 4, "RST".length],
    );
    assertEquals([seen.drains, seen.ends.map((error) => error?.kind)], [1, ["other"]]);
  });
});
