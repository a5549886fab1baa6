/** Body buffer: what collects bodies of unknown length is used again where nobody else has seen it. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { portableText } from "../../src/contract/text.ts";
import type { Alloc } from "../../src/contract/transport.ts";
import { BodyBuffer } from "../../src/exchange/body-buffer.ts";

const encoder = new TextEncoder();

/** An allocator that notes how much it was asked for. */
function counting() {
  const lengths: number[] = [];
  const alloc: Alloc = (length) => {
    lengths.push(length);
    return new Uint8Array(length);
  };
  return { alloc, lengths };
}

function collected(alloc: Alloc, pieces: readonly (string | Uint8Array)[], announced?: number): BodyBuffer {
  const buffer = new BodyBuffer(announced, alloc);
  for (const piece of pieces) {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
    buffer.add(bytes, 0, bytes.length);
  }
  return buffer;
}

const FOUR = ["a", "b", "c", "d"].map((letter) => letter.repeat(4096));

describe("a body of unknown length that is read as text", () => {
  it("is collected in the memory of the one before", () => {
    const { alloc, lengths } = counting();
    const read = () => collected(alloc, FOUR).text(portableText) === FOUR.join("");
    assertEquals([read(), lengths.length], [true, 2]);
    assertEquals([read(), read(), lengths.length], [true, true, 2]);
  });

  it("has memory of its own beside others that are not read yet", () => {
    const { alloc } = counting();
    collected(alloc, FOUR).text(portableText);
    const [first, second] = [collected(alloc, FOUR), collected(alloc, FOUR.toReversed())];
    assertEquals(first.text(portableText) === FOUR.join(""), true);
    assertEquals(second.text(portableText) === FOUR.toReversed().join(""), true);
  });

  it("ends where it ends, whatever lies behind", () => {
    const { alloc } = counting();
    const marked = new Uint8Array(8192).fill(0xbf);
    collected(alloc, [marked]).text(portableText);
    assertEquals(collected(alloc, [new Uint8Array([0xef, 0xbb])]).text(portableText), "\ufffd");
    collected(alloc, [marked]).text(portableText);
    assertEquals(collected(alloc, [new Uint8Array([0xef, 0xbb, 0xbf, 0x61])]).text(portableText), "a");
  });

  it("may be longer than that memory", () => {
    const { alloc } = counting();
    collected(alloc, FOUR).text(portableText);
    const long = [...FOUR, ...FOUR, ...FOUR];
    assertEquals(collected(alloc, long).text(portableText) === long.join(""), true);
    assertEquals(collected(alloc, [long.join("")]).text(portableText) === long.join(""), true);
  });
});

describe("a body of unknown length that is lent", () => {
  it("ends where it ends, and gives its memory to the next one, but not before", () => {
    const { alloc, lengths } = counting();
    const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const first = collected(alloc, FOUR);
    const lent = first.lend();
    const second = collected(alloc, FOUR.toReversed());
    assertEquals([read(lent) === FOUR.join(""), lengths.length], [true, 4]);
    first.release();
    second.release();
    const third = collected(alloc, ["short"]);
    assertEquals([read(third.lend()), lengths.length], ["short", 4]);
    third.release();
    assertEquals([third.size, third.take().length], [0, 0]);
  });
});

describe("the bytes of a body", () => {
  it("are in memory of exactly their length, which no later body gets", () => {
    const { alloc } = counting();
    collected(alloc, FOUR).text(portableText);
    const short = collected(alloc, ["short"]).take();
    assertEquals([short.length, short.buffer.byteLength], [5, 5]);
    const exact = collected(alloc, FOUR).take();
    assertEquals([exact.length, exact.buffer.byteLength], [16_384, 16_384]);
    collected(
      alloc,
      FOUR.map((piece) => piece.toUpperCase()),
    ).text(portableText);
    assertEquals(new TextDecoder().decode(short), "short");
    assertEquals(new TextDecoder().decode(exact) === FOUR.join(""), true);
  });

  it("and a body of known length are not collected in spare memory", () => {
    const { alloc, lengths } = counting();
    collected(alloc, FOUR).text(portableText);
    const before = lengths.length;
    collected(alloc, FOUR, 16_384).text(portableText);
    assertEquals(lengths.slice(before), [16_384]);
  });
});

describe("what is kept", () => {
  const allocations = (alloc: Alloc, lengths: number[], count: number, size: number): number => {
    const all = Array.from({ length: count }, () => collected(alloc, ["x".repeat(size)]));
    for (const buffer of all) buffer.text(portableText);
    const before = lengths.length;
    const again = Array.from({ length: count }, () => collected(alloc, ["x".repeat(size)]));
    for (const buffer of again) buffer.take();
    return lengths.length - before;
  };

  it("are four buffers", () => {
    const { alloc, lengths } = counting();
    assertEquals(allocations(alloc, lengths, 10, 8192), 6);
  });

  for (const size of [4095, 65_537])
    it(`is none of ${size} bytes`, () => {
      const { alloc, lengths } = counting();
      assertEquals(allocations(alloc, lengths, 1, size), 1);
    });

  it("is each allocator's own", () => {
    const { alloc, lengths } = counting();
    collected(counting().alloc, FOUR).text(portableText);
    collected(alloc, FOUR).text(portableText);
    assertEquals(lengths.length, 2);
  });
});
