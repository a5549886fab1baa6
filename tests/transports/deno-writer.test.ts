/**
 * The Deno writer: each request is written completely, whatever its buffer contained before, and small ones that begin together
 * are written together.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { SocketHandler } from "../../src/contract/transport.ts";
import { ChunkGathering } from "../../transports/chunk-gathering.ts";
import type { DenoConn } from "../../transports/deno-api.ts";
import { DenoWriter } from "../../transports/deno-writer.ts";
import { latin1Text } from "../../transports/latin1.ts";
import { ReceiveQueue } from "../../transports/receive-queue.ts";
import { TransportError } from "../../transports/transport-error.ts";
import { timed, work } from "./standing-time.ts";
import { Recorder, settled } from "./support.ts";

const nothing = (): void => {};

/** A connection that accepts `most` bytes at a time, and records everything written to it. `begun`: how many writes it got; `longest`: bytes of the longest. */
function connection(most = Infinity, handler: SocketHandler = new Recorder()) {
  const written: string[] = [];
  const at = { begun: 0, longest: 0, most, failures: 0 };
  const conn: DenoConn = {
    remoteAddr: {},
    localAddr: {},
    read: () => Promise.resolve(null),
    async write(bytes) {
      const taken = bytes.subarray(0, at.most);
      at.begun += 1;
      at.longest = Math.max(at.longest, bytes.length);
      await undefined;
      // Reads the bytes late, so that a buffer reused too early shows.
      written.push(latin1Text(taken));
      return taken.length;
    },
    close: nothing,
    closeWrite: () => Promise.resolve(),
    ref: nothing,
    unref: nothing,
  };
  return Object.assign(at, {
    written,
    writer: new DenoWriter(conn, new ReceiveQueue(handler), { writeFailed: () => void at.failures++ }),
  });
}

const body = new TextEncoder().encode("[body]");

/** A connection that was used before. */
async function used(handler?: SocketHandler): Promise<ReturnType<typeof connection>> {
  const it = connection(Infinity, handler);
  it.writer.write("before");
  await settled();
  it.begun = 0;
  it.written.length = 0;
  return it;
}

/** Others begin first, so that the next request waits. */
function crowd(): void {
  for (let count = 0; count < 4; count++) connection().writer.write("GET / HTTP/1.1");
}

/** Waits for the turn of the event loop that a late request waits for. */
async function turned(isOver: () => boolean): Promise<void> {
  for (let count = 0; count < 5000 && !isOver(); count++)
    await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("small requests that begin together", () => {
  timed("are written at once if they are the first four, and a microtask later otherwise", async () => {
    const all = await Promise.all(Array.from({ length: 7 }, () => used()));
    for (const [at, { writer }] of all.entries()) assertEquals(writer.write(`request ${at}`), true);
    const begun = () => all.map((each) => each.begun);
    assertEquals(begun(), [1, 1, 1, 1, 0, 0, 0]);
    await undefined;
    assertEquals(begun(), [1, 1, 1, 1, 1, 1, 1]);
    await settled();
    assertEquals(
      all.flatMap(({ written }) => written),
      all.map((_, at) => `request ${at}`),
    );
  });

  timed("are written as soon as they are many", async () => {
    const all = await Promise.all(Array.from({ length: 4 + 64 + 1 }, () => used()));
    for (const { writer } of all) writer.write("request");
    assertEquals(all.filter(({ begun }) => begun === 0).length, 1);
    await settled();
  });

  timed("are written at once on new connections", async () => {
    const all = Array.from({ length: 7 }, () => connection());
    for (const { writer } of all) writer.write("request");
    assertEquals(
      all.map(({ begun }) => begun),
      all.map(() => 1),
    );
    await settled();
  });

  timed("are written before what follows on their connection, and before FIN", async () => {
    const { writer, written } = await used();
    crowd();
    writer.write("first");
    writer.write("head", body, "tail");
    writer.finish(() => void written.push("FIN"));
    await settled();
    assertEquals(written.join(" "), "first head[body]tail FIN");
  });

  timed("are not written after an abort, and their buffer serves the next one", async () => {
    const aborted = await used();
    crowd();
    aborted.writer.write("never");
    aborted.writer.stop();
    await settled();
    assertEquals([aborted.written, aborted.writer.isEmpty], [[], false]);
  });

  timed("wait until the sockets were polled if others took long", async () => {
    const late = await used();
    crowd();
    late.writer.write("request");
    work();
    await settled();
    assertEquals(late.begun, 0);
    await turned(() => late.written.length > 0);
    assertEquals(late.written, ["request"]);
  });

  timed("are dropped if bytes arrive before they are written, and their handler is told", async () => {
    const calls: string[] = [];
    const handler = Object.assign(new Recorder(), { writeDropped: () => void calls.push("dropped") });
    const dropped = await used(handler);
    crowd();
    dropped.writer.write("stale");
    dropped.writer.received();
    assertEquals([calls, dropped.writer.isEmpty], [["dropped"], true]);
    await settled();
    assertEquals(dropped.written, []);
    dropped.writer.write("fresh");
    dropped.writer.received();
    await settled();
    assertEquals([calls.length, dropped.written], [1, ["fresh"]]);
  });

  timed(
    "are dropped if their connection ends before they are written, and their handler is told how",
    async () => {
      const calls: unknown[] = [];
      const writeDropped = (...how: unknown[]) => void calls.push(how);
      const { writer, written } = await used(Object.assign(new Recorder(), { writeDropped }));
      crowd();
      writer.write("request");
      const error = new TransportError("reset", "by the peer");
      writer.ended(error);
      writer.ended(error);
      await settled();
      assertEquals([calls, written, writer.isEmpty], [[[true, error]], [], true]);
    },
  );

  timed("are written if bytes arrive and nobody wants to know", async () => {
    const { writer, written } = await used();
    crowd();
    writer.write("request");
    writer.received();
    await settled();
    assertEquals(written, ["request"]);
  });
});

describe("chunks of a body", () => {
  const chunk = (length: number, letter = "x") => new TextEncoder().encode(letter.repeat(length));

  it("that come within microtasks are one write, and their buffer is the caller's again", async () => {
    const { writer, written } = connection();
    const piece = chunk(3);
    for (const letter of ["a", "b", "c"]) {
      piece.fill(letter.charCodeAt(0));
      assertEquals(writer.write("3\r\n", piece, "\r\n"), true);
      await undefined;
      await undefined;
    }
    writer.write(new TextEncoder().encode("0\r\n\r\n"));
    piece.fill(0);
    assertEquals([written.length, writer.isEmpty], [0, false]);
    for (let turn = 0; turn < 30; turn++) await undefined;
    assertEquals([written, writer.isEmpty], [["3\r\naaa\r\n3\r\nbbb\r\n3\r\nccc\r\n0\r\n\r\n"], true]);
  });

  it("are written when the next one has no room behind 128 KiB, and the caller waits", async () => {
    const calls: string[] = [];
    const handler = Object.assign(new Recorder(), { drain: () => void calls.push("drain") });
    const at = connection(Infinity, handler);
    const write = () => at.writer.write("10000\r\n", chunk(65_536), "\r\n");
    assertEquals([write(), write(), at.begun], [true, true, 0]);
    assertEquals([write(), at.begun], [false, 1]);
    assertEquals(calls, []);
    await settled();
    assertEquals([calls, at.written.map(({ length }) => length)], [["drain"], [2 * 65_545, 65_545]]);
  });

  /** A connection that sends bodies of 1 MiB as an upload does, which waits when it is told to. */
  function uploading() {
    let goOn = nothing;
    const at = connection(Infinity, Object.assign(new Recorder(), { drain: () => goOn() }));
    const send = async (): Promise<void> => {
      for (let piece = 0; piece < 16; piece++) {
        if (at.writer.write("10000\r\n", chunk(65_536), "\r\n")) continue;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      }
      at.writer.write("0\r\n\r\n");
      for (let turn = 0; turn < 100 && !at.writer.isEmpty; turn++) await settled();
    };
    return Object.assign(at, { send });
  }

  it("are written by 512 KiB once the kernel took a page at once, the end with the last of them", async () => {
    const at = uploading();
    await at.send();
    at.written.length = 0;
    await at.send();
    assertEquals(
      at.written.map(({ length }) => length),
      [8 * 65_545, 8 * 65_545 + 5],
    );
    const pieces = at.written.join("").replaceAll(`10000\r\n${"x".repeat(65_536)}\r\n`, ".");
    assertEquals(pieces, `${".".repeat(16)}0\r\n\r\n`);
  });

  it("are written by 128 KiB where the kernel took less the last time, short ones aside", async () => {
    const at = uploading();
    await at.send();
    at.most = 100_000;
    await at.send();
    at.longest = 0;
    at.writer.write("10000\r\n", chunk(65_536), "\r\n");
    await settled();
    await at.send();
    assertEquals(at.longest, 2 * 65_545 + 5);
    assertEquals(at.written.join("").length, 3 * (16 * 65_545 + 5) + 65_545);
  });

  it("are not larger because the rest of a page was taken at once", () => {
    const gathering = new ChunkGathering(nothing);
    const page = new Uint8Array(520 * 1024);
    const rooms = [page, page.subarray(300_000)].map((bytes) => {
      gathering.taken(bytes.length - 1, { bytes, length: bytes.length });
      gathering.taken(bytes.length, { bytes, length: bytes.length });
      return gathering.hasRoomFor(200_000);
    });
    assertEquals(rooms, [true, false]);
  });

  it("are one write with the head before them, which goes alone if none is at hand", async () => {
    const { writer, written } = connection();
    writer.write("head", undefined, undefined, true);
    await undefined;
    writer.write("3\r\n", chunk(3), "\r\n");
    await settled();
    writer.write("another", undefined, undefined, true);
    assertEquals(written, ["head3\r\nxxx\r\n"]);
    await settled();
    assertEquals(written, ["head3\r\nxxx\r\n", "another"]);
  });

  it("wait while a write is under way, and come in their order", async () => {
    const { writer, written } = connection(60_000);
    const pieces = ["a", "b", "c", "d", "e"].map((letter) => chunk(50_000, letter));
    for (const piece of pieces) writer.write("c350\r\n", piece, "\r\n");
    writer.write("end");
    await settled();
    await settled();
    const expected = pieces.map((piece) => `c350\r\n${latin1Text(piece)}\r\n`).join("");
    assertEquals(written.join(""), `${expected}end`);
  });

  it("that are too long to be joined are written as they are", async () => {
    const { writer, written } = connection();
    writer.write("3\r\n", chunk(3), "\r\n");
    writer.write("30000\r\n", chunk(196_608), "\r\n");
    await settled();
    assertEquals(
      written.map(({ length }) => length),
      [8, 7, 196_608, 2],
    );
  });

  it("are dropped by an abort", async () => {
    const { writer, written } = connection();
    writer.write("3\r\n", chunk(3), "\r\n");
    writer.stop();
    await settled();
    assertEquals(written, []);
  });
});

/** Room for head, body and tail in one page. */
const PAGE = 65 * 1024;

/** What may be written, each with letters of its own. */
const PARTS: readonly (readonly [head: string | Uint8Array, body?: Uint8Array | undefined, tail?: string])[] =
  [
    ["small"],
    ["h\u00e4"],
    [letters(5, "b"), letters(7, "c"), "tail"],
    [letters(5, "b"), letters(7, "c")],
    ["head", letters(0, ""), "tail"],
    ["head", letters(PAGE - 4, "f")],
    ["head", letters(PAGE - 3, "g")],
    ["head", letters(200_000, "h"), "tail"],
    ["k".repeat(PAGE + 1), letters(0, "")],
    [letters(PAGE + 1, "m"), letters(70_000, "n")],
  ];

function letters(length: number, letter: string): Uint8Array {
  return new TextEncoder().encode(letter.repeat(length));
}

const text = (part: string | Uint8Array): string => (typeof part === "string" ? part : latin1Text(part));

describe("what is written on Deno", () => {
  for (const most of [1000, 40_000, PAGE, Infinity]) {
    it(`comes once and in order to a kernel that takes ${most} bytes at a time`, async () => {
      for (const [head, body, tail] of PARTS) {
        const { writer, written } = connection(most);
        for (const times of [1, 2]) {
          written.length = 0;
          writer.write(head, body, tail);
          // Behind all that waits, in whatever pieces.
          writer.write("behind", letters(3, "y"));
          writer.write("chunk", letters(3, "z"), "end");
          writer.write("last");
          for (let turn = 0; turn < 100 && !writer.isEmpty; turn++) await settled();
          const expected = [head, body ?? "", tail ?? "", "behindyyychunkzzzendlast"].map(text).join("");
          assertEquals([times, written.join("") === expected], [times, true]);
        }
      }
    });
  }

  it("is followed by nothing after finish() or stop()", async () => {
    const [finished, stopped] = [connection(), connection()];
    finished.writer.write("all", letters(1, "b"));
    finished.writer.finish(() => void finished.written.push("FIN"));
    stopped.writer.stop();
    for (const { writer } of [finished, stopped]) assertEquals(writer.write("more", letters(1, "c")), true);
    await settled();
    assertEquals([finished.written, stopped.written], [["allb", "FIN"], []]);
  });

  for (const [name, most] of [
    ["before it was sent", Infinity],
    ["while it was sent", 50_000],
  ] as const) {
    it(`ends the connection if its buffer is gone ${name}, and nothing is written behind the gap`, async () => {
      const seen = new Recorder();
      const at = connection(most, seen);
      const gone = letters(100_000, "b");
      seen.drain = () => {
        seen.drains++;
        at.writer.write("next", letters(1, "c"));
      };
      at.writer.write("head", gone);
      at.writer.write("behind", letters(1, "d"));
      const isUnderWay = () => at.written.length > 1;
      for (let turn = 0; most < Infinity && turn < 20 && !isUnderWay(); turn++) await undefined;
      structuredClone(gone.buffer, { transfer: [gone.buffer] });
      for (let turn = 0; turn < 4; turn++) await settled();
      const lengths = at.written.map(({ length }) => length);
      assertEquals(lengths, most < Infinity ? [4, 50_000] : [4]);
      assertEquals([seen.drains, at.failures], [1, 1]);
    });
  }
});
