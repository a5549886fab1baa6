/** Flow control in both directions (RFC 9113 §6.9): how far a body is sent, what a reader gives back, and what a setting changes. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { WireBody } from "../../src/contract/wire.ts";
import * as f from "./frame-text.ts";
import { Link, type LinkOptions, request, type Told } from "./link.ts";

const SENT = ":method=POST :scheme=https :authority=a.test :path=/";

/** An exchange that uploads a body of this length, or of an unknown one. */
function upload(link: Link, length?: number): { told: Told; body: WireBody } {
  const told = link.open();
  const body = told.opened.openBody(length);
  told.opened.send(request({ method: "POST", body: { length } }), false, undefined);
  return { told, body };
}

function piece(length: number): Uint8Array {
  return new Uint8Array(length).fill(120);
}

/** Writes a piece, as an upload does. */
function write(body: WireBody, length: number): boolean {
  body.count(length);
  return body.write(piece(length));
}

/** A link whose peer allows `window` bytes on each stream. */
function linkWith(window: number, options: LinkOptions = {}): Link {
  return Link.settled(options, [4, window]);
}

describe("sending", () => {
  it("a body of known length ends with its last byte", () => {
    const link = Link.settled();
    const { body } = upload(link, 6);
    assertEquals([write(body, 4), write(body, 2), body.left], [true, true, 0]);
    body.end();
    assertEquals(link.peer(), [
      `HEADERS 1 ${SENT} content-length=6`,
      'DATA 1 "xxxx"',
      'DATA 1 "xx" END_STREAM',
    ]);
  });

  it("a body of unknown length ends with an empty frame, or with its trailers", () => {
    const link = Link.settled();
    const [a, b] = [upload(link).body, upload(link).body];
    write(a, 2);
    a.end();
    b.end("Grpc-Status: 0\r\n");
    assertEquals(link.peer(), [
      `HEADERS 1 ${SENT}`,
      `HEADERS 3 ${SENT}`,
      'DATA 1 "xx"',
      'DATA 1 "" END_STREAM',
      "HEADERS 3 grpc-status=0 END_STREAM",
    ]);
  });

  it("a body of no bytes ends with the head", () => {
    const link = Link.settled();
    upload(link, 0).body.end();
    assertEquals(link.peer(), [`HEADERS 1 ${SENT} content-length=0 END_STREAM`]);
  });

  it("in frames of 16 KiB, even if the peer allows more: Bun 1.4 counts by a lower setting before it is acknowledged", () => {
    const link = linkWith(1_000_000);
    link.arrive(f.settings([5, 16_777_215]));
    write(upload(link).body, 40_000);
    assertEquals(link.peer().slice(-3), ["DATA 1 16384 bytes", "DATA 1 16384 bytes", "DATA 1 7232 bytes"]);
  });

  it("a large head in HEADERS and CONTINUATION", () => {
    const link = Link.settled();
    link.send(request({ headers: { a: "~".repeat(20_000) } }));
    const [first, second] = link.peer();
    assertEquals(
      [first, second?.slice(0, 14), second?.endsWith("~")],
      ["HEADERS 1 … END_STREAM", "CONTINUATION 1", true],
    );
  });

  it("stops at the window of the stream, and goes on when it is opened", () => {
    const link = linkWith(10);
    const { told, body } = upload(link, 25);
    assertEquals(write(body, 25), false);
    link.arrive(f.windowUpdate(1, 5));
    link.arrive(f.windowUpdate(1, 100));
    assertEquals(link.peer().slice(1), [
      'DATA 1 "xxxxxxxxxx"',
      'DATA 1 "xxxxx"',
      'DATA 1 "xxxxxxxxxx" END_STREAM',
    ]);
    assertEquals(told.lines, ["drained"]);
  });

  it("stops at the window of the connection, which streams share frame by frame", () => {
    const link = linkWith(1_000_000);
    const [a, b] = [upload(link, 60_000), upload(link, 60_000)];
    assertEquals([write(a.body, 60_000), write(b.body, 60_000)], [true, false]);
    link.peer();
    link.arrive(f.windowUpdate(0, 20_000));
    const c = upload(link, 50_000);
    write(c.body, 50_000);
    link.arrive(f.windowUpdate(0, 60_000));
    assertEquals(
      link.peer().filter((line) => line.startsWith("DATA")),
      [
        "DATA 3 16384 bytes",
        "DATA 3 3616 bytes",
        "DATA 3 16384 bytes",
        "DATA 5 16384 bytes",
        "DATA 3 16384 bytes",
        "DATA 5 10848 bytes",
      ],
    );
    assertEquals([a.told.lines, b.told.lines, c.told.lines], [[], [], []]);
  });

  it("a setting in mid-flight changes the windows of open streams, even to less than nothing", () => {
    const link = linkWith(10);
    const { body } = upload(link, 40);
    write(body, 40);
    link.arrive(f.settings([4, 4]));
    link.arrive(f.windowUpdate(1, 6));
    assertEquals(link.peer().slice(1), ['DATA 1 "xxxxxxxxxx"', "SETTINGS ACK"]);
    link.arrive(f.windowUpdate(1, 1));
    link.arrive(f.settings([4, 5]));
    link.arrive(f.settings([4, 1000]));
    assertEquals(link.peer(), [
      'DATA 1 "x"',
      "SETTINGS ACK",
      'DATA 1 "x"',
      "SETTINGS ACK",
      'DATA 1 "xxxxxxxxxxxxxxxxxxxxxxxxxxxx" END_STREAM',
    ]);
  });

  it("waits while the socket is behind, and so does what is sent later", () => {
    let accepts = true;
    const link = linkWith(1_000_000, { accepts: () => accepts });
    link.arrive(f.windowUpdate(0, 1_000_000));
    const { told, body } = upload(link, 600_000);
    accepts = false;
    assertEquals(write(body, 290_000), false);
    const before = link.peer().length;
    assertEquals([before, told.lines], [17, []]);
    link.send();
    assertEquals(link.peer(), []);
    accepts = true;
    link.user?.drain();
    assertEquals(link.peer(), [
      "HEADERS 3 :method=GET :scheme=https :authority=a.test :path=/ END_STREAM",
      "DATA 1 16384 bytes",
      "DATA 1 11472 bytes",
    ]);
    assertEquals(told.lines, ["drained"]);
  });

  it("what the socket may not have taken yet is never overwritten, and buffers are used again otherwise", () => {
    for (const allWritten of [undefined, () => false, () => true]) {
      const link = linkWith(2 ** 31 - 1, { ...(allWritten === undefined ? {} : { allWritten }) });
      link.arrive(f.windowUpdate(0, 2 ** 30));
      const { body } = upload(link, 4_000_000);
      for (let count = 0; count < 10; count++) write(body, 400_000);
      link.peer();
      const isKept = link.written.every(([now, then]) => now.every((byte, at) => byte === then[at]));
      assertEquals(isKept || allWritten?.() === true, true);
      const buffers = new Set(
        link.written.filter(([{ length }]) => length > 16_384).map(([{ buffer }]) => buffer),
      );
      assertEquals(buffers.size <= 3, allWritten?.() === true);
    }
  });

  it("buffers that are taken late are used again as well, and none is kept after the upload", () => {
    let isTaken = false;
    const link = linkWith(2 ** 31 - 1, { allWritten: () => isTaken });
    link.arrive(f.windowUpdate(0, 2 ** 30));
    const { body } = upload(link, 8_000_000);
    for (let count = 1; count <= 20; count++) {
      write(body, 400_000);
      link.peer();
      isTaken = count % 2 === 0;
    }
    const large = link.written.map(([{ buffer }]) => buffer).filter(({ byteLength }) => byteLength > 16_384);
    const early = new Set(large.slice(0, 20));
    assertEquals([large.length, large.slice(20).every((buffer) => early.has(buffer))], [40, true]);
    link.send();
    link.peer();
    assertEquals((link.written.at(-1)?.[0].buffer.byteLength ?? Infinity) <= 1024, true);
  });

  it("a small body that goes with its head waits for the window as well", () => {
    const link = linkWith(3);
    link.send(request({ method: "POST", body: { length: 5 } }), piece(5));
    link.arrive(f.windowUpdate(1, 2));
    assertEquals(link.peer().slice(1), ['DATA 1 "xxx"', 'DATA 1 "xx" END_STREAM']);
  });

  it("a response that is complete before the upload: the stream is reset without an error", () => {
    const link = linkWith(3);
    const { told, body } = upload(link, 5);
    write(body, 5);
    link.arrive(f.head(1, 413, [], f.END_STREAM));
    assertEquals(told.lines, ["head 413 (0)", 'complete ""']);
    assertEquals(link.peer().slice(1), ['DATA 1 "xxx"', "RST_STREAM 1 NO_ERROR"]);
    link.arrive(f.windowUpdate(1, 100), f.reset(1, "NO_ERROR"));
    assertEquals([link.peer(), link.said()], [[], []]);
  });

  it("a buffer that was transferred meanwhile never ends a body as if it were whole", () => {
    const link = linkWith(3);
    const bytes = piece(5);
    const told = link.send(request({ method: "POST", body: { length: 5 } }), bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    link.arrive(f.windowUpdate(1, 100));
    assertEquals(told.lines, [
      "fault local bad-content-length: The buffer of the request body was transferred or shrunk before it was sent",
    ]);
    assertEquals(link.peer().slice(1), ['DATA 1 "xxx"', "RST_STREAM 1 CANCEL"]);
  });

  it("a body that is longer or shorter than its length is refused", () => {
    const link = Link.settled();
    const { body } = upload(link, 3);
    let problems = 0;
    for (const wrong of [() => body.count(4), () => body.end()]) {
      try {
        wrong();
      } catch (error) {
        problems += error instanceof TypeError ? 1 : 0;
      }
    }
    assertEquals(problems, 2);
  });
});

describe("receiving", () => {
  const half = 524_288;

  /** DATA frames with `size` bytes in all. */
  function bytesOf(id: number, size: number): number[][] {
    const frames: number[][] = [];
    for (let left = size; left > 0; left -= 16_384)
      frames.push(f.frame(f.DATA, 0, id, new Array(Math.min(left, 16_384)).fill(120)));
    return frames;
  }

  it("half a window at a time is given back, and a reader that keeps up gets a larger one", () => {
    const link = Link.settled();
    link.send();
    link.arrive(f.head(1));
    link.peer();
    link.arrive(...bytesOf(1, half - 1));
    assertEquals(link.peer(), []);
    link.arrive(...bytesOf(1, 1));
    assertEquals(link.peer(), [`WINDOW_UPDATE 1 ${half + 1_048_576}`]);
    link.arrive(...bytesOf(1, 2 * half));
    assertEquals(link.peer(), [`WINDOW_UPDATE 1 ${2 * half + 2 * 1_048_576}`]);
    link.arrive(...bytesOf(1, 4 * half));
    assertEquals(link.peer(), [`WINDOW_UPDATE 1 ${4 * half}`]);
  });

  it("nothing is given back while the reader sleeps, and all at once when it goes on", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.head(1));
    link.peer();
    told.opened.pause();
    link.arrive(...bytesOf(1, 2 * half));
    assertEquals(link.peer(), []);
    told.opened.resume();
    assertEquals(link.peer(), [`WINDOW_UPDATE 1 ${2 * half}`]);
  });

  it("a reader that sleeps stops nobody else: the socket is never paused", () => {
    const link = Link.settled();
    const [sleeper, other] = [link.send(), link.send()];
    sleeper.opened.pause();
    link.arrive(f.head(1), f.data(1, "x"), f.head(3), f.data(3, "y", f.END_STREAM));
    assertEquals(other.lines.at(-1), 'complete ""');
    assertEquals(link.said(), []);
  });

  it("nothing is given back to a response whose rest fits the window", () => {
    const link = Link.settled();
    link.send();
    link.arrive(f.head(1, 200, [["content-length", "1000000"]]), ...bytesOf(1, 999_999));
    assertEquals(link.peer().length, 1);
  });

  it("padding counts, and is given back", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.head(1));
    const padded = f.frame(f.DATA, f.PADDED, 1, [255, 120, ...new Array(255).fill(0)]);
    for (let count = 0; count < 2041; count++) link.arrive(padded);
    assertEquals(link.peer().length, 2);
    link.arrive(f.data(1, "", f.END_STREAM));
    assertEquals(told.lines, ["head 200 (undefined)", "body 2041", 'complete ""']);
  });

  it("more than the window: the stream is reset", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.head(1));
    link.peer();
    told.opened.pause();
    link.arrive(...bytesOf(1, 2 * half + 1));
    assertEquals(
      told.lines.at(-1),
      "fault remote flow-control: HTTP/2: DATA on stream 1 is 1 bytes larger than the window",
    );
    assertEquals(link.peer(), ["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
  });
});

describe("a body that goes on", () => {
  it("does so behind the acknowledgement of the settings that let it: before it the peer counts by the old ones", () => {
    const link = linkWith(2);
    write(upload(link).body, 6);
    link.peer();
    link.arrive(f.settings([4, 10]));
    assertEquals(link.peer(), ["SETTINGS ACK", 'DATA 1 "xxxx"']);
  });

  it("when the socket accepts more is written without another cause", async () => {
    let accepts = true;
    const link = Link.settled({ accepts: () => accepts });
    const { body } = upload(link);
    accepts = false;
    write(body, 2);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assertEquals(write(body, 4), false);
    accepts = true;
    link.writes.length = 0;
    link.user?.drain();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assertEquals(link.writes, [9 + 4]);
  });
});
