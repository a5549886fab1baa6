/** However the bytes of a peer are cut into reads, the same is told, and the same is answered. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Prng } from "../support/prng.ts";
import * as f from "./frame-text.ts";
import { Link, type Told } from "./link.ts";

/** A session with a bit of everything. */
const GOOD: readonly (readonly number[])[] = [
  f.settings([3, 50], [4, 100_000]),
  f.frame(f.SETTINGS, f.ACK, 0),
  f.head(1, 103, [["link", "</a>"]]),
  f.head(1, 200, [["content-type", "text/plain"]]),
  f.data(1, "hello "),
  f.frame(f.PING, 0, 0, f.latin1("12345678")),
  f.frame(f.HEADERS, f.PADDED | f.WITH_PRIORITY, 3, [4, 0, 0, 0, 1, 9, 0x88, 0, 0, 0, 0]),
  f.frame(f.CONTINUATION, 0, 3, f.block([["a", "b"]], 0x40).slice(0, 3)),
  f.frame(f.CONTINUATION, f.END_HEADERS, 3, f.block([["a", "b"]], 0x40).slice(3)),
  f.frame(f.DATA, f.PADDED, 3, [5, ...f.latin1("padded"), 0, 0, 0, 0, 0]),
  f.frame(f.DATA, f.PADDED, 3, [0]),
  f.frame(0xbb, 7, 1, [1, 2, 3]),
  f.data(1, "world", f.END_STREAM),
  f.windowUpdate(3, 77),
  f.headers(3, [["grpc-status", "0"]], f.END_STREAM),
  f.head(5, 200, [["content-length", "2"]]),
  f.data(5, "xyz"),
  f.reset(7, "REFUSED_STREAM"),
  f.frame(f.PRIORITY, 0, 9, [0, 0, 0, 0, 0]),
  f.goaway(9, "NO_ERROR", "bye"),
  f.head(9, 204, [], f.END_STREAM),
];

const BAD: readonly (readonly (readonly number[])[])[] = [
  [f.settings(), f.head(1), f.frame(f.DATA, f.PADDED, 1, [9, 1, 2])],
  [f.settings(), f.frame(f.HEADERS, f.END_HEADERS, 1, [0x80]), f.head(3)],
  [f.settings(), [0, 64, 1, f.DATA, 0, 0, 0, 0, 1], new Array(99).fill(0)],
  [f.settings(), f.frame(f.PUSH_PROMISE, 0, 1, [0, 0, 0, 2])],
  [f.latin1("HTTP/1.1 400 Bad Request\r\n\r\n")],
];

/** What is told and answered if the bytes come in these pieces. */
function heard(pieces: readonly Uint8Array[]): unknown {
  const link = new Link();
  const told: Told[] = [];
  for (let count = 0; count < 6; count++) told.push(link.send());
  for (const piece of pieces) {
    // The buffer of the read is used again: nothing may be kept of it.
    const buffer = new Uint8Array(piece.length + 5);
    buffer.set(piece);
    link.user?.data(buffer, piece.length);
    buffer.fill(255);
  }
  return { peer: link.peer(), pool: link.said(), told: told.map(({ lines }) => lines) };
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...at, bytes.length];
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

describe("splits", () => {
  for (const [index, frames] of [GOOD, ...BAD].entries()) {
    const bytes = Uint8Array.from(frames.flat());
    const whole = heard([bytes]);

    it(`session ${index}: in two pieces, cut anywhere, and byte by byte`, () => {
      for (let at = 1; at < bytes.length; at++) assertEquals(heard(cut(bytes, [at])), whole);
      assertEquals(heard(cut(bytes, Array.from(bytes.keys()).slice(1))), whole);
    });

    it(`session ${index}: in random pieces`, () => {
      const random = new Prng(index + 1);
      for (let round = 0; round < 200; round++) {
        const at = Array.from(bytes.keys()).filter((position) => position > 0 && random.next() < 0.1);
        assertEquals(heard(cut(bytes, at)), whole);
      }
    });
  }

  it("the sessions are what they should be", () => {
    const { told, pool } = heard([Uint8Array.from(GOOD.flat())]) as { told: string[][]; pool: string[] };
    assertEquals(
      told.map((lines) => lines.at(-1)),
      [
        'complete ""',
        'complete "grpc-status: 0\\r\\n"',
        "fault remote bad-content-length: HTTP/2: DATA on stream 5 makes the response longer than its content-length",
        "unprocessed refused",
        'complete ""',
        "unprocessed goaway",
      ],
    );
    assertEquals(pool, ["capacity 50", "retire goaway 5"]);
  });
});

describe("random frames", () => {
  it("never throw, whatever they are", () => {
    const random = new Prng(7);
    const byte = (): number => Math.floor(random.next() * 256);
    for (let round = 0; round < 3000; round++) {
      const link = Link.settled();
      for (let count = 0; count < 3; count++) link.send();
      for (let count = 0; count < 8; count++) {
        const payload = Array.from({ length: Math.floor(random.next() * 20) }, byte);
        const id = Math.floor(random.next() * 8);
        link.arrive(f.frame(Math.floor(random.next() * 11), byte(), id, payload));
        if (random.next() < 0.3) link.arrive(f.head(id, 200, [], random.next() < 0.5 ? f.END_STREAM : 0));
      }
      link.peer();
    }
  });
});
