/** The end of Zstandard data is found after every kind of frame, and not earlier. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ZstdFrames } from "../../transports/zstd-frames.ts";

/** Frames by RFC 8878: magic number, descriptor and the fields it announces, blocks with 3-byte headers, checksum. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const block = (kind: number, last: boolean, size: number, content: number): number[] => {
  const header = (size << 3) | (kind << 1) | (last ? 1 : 0);
  return [header & 255, (header >> 8) & 255, header >> 16, ...new Array<number>(content).fill(0xfd)];
};
const RAW = block(0, false, 300, 300);
const REPEATED = block(1, false, 100_000, 1);
const LAST = block(2, true, 40, 40);

const frames: Record<string, number[]> = {
  "with a window": [...MAGIC, 0b0000_0000, 0x58, ...LAST],
  "with a checksum": [...MAGIC, 0b0000_0100, 0x58, ...RAW, ...LAST, 1, 2, 3, 4],
  "in a single segment": [...MAGIC, 0b0010_0000, 40, ...LAST],
  "with a dictionary and a size in 8 bytes": [
    ...MAGIC,
    0b1100_0011,
    0x58,
    1,
    2,
    3,
    4,
    ...new Array(8).fill(0),
    ...LAST,
  ],
  "with repeated bytes, last of all": [...MAGIC, 0, 0x58, ...REPEATED, ...block(1, true, 9, 1)],
  "with an empty last block": [...MAGIC, 0, 0x58, ...RAW, ...block(0, true, 0, 0)],
  "to be skipped": [0x5f, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, ...MAGIC, 0xff],
};

function complete(...pieces: (readonly number[])[]): boolean {
  const walker = new ZstdFrames();
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) at = walker.push(Uint8Array.from(piece), at);
  }
  return walker.complete;
}

describe("Zstandard data", () => {
  for (const [name, frame] of Object.entries(frames)) {
    it(`ends with a frame ${name}, and not earlier`, () => {
      const ends = frame.map((_, at) => complete(frame.slice(0, at + 1)));
      assertEquals(ends.indexOf(true), frame.length - 1);
    });

    it(`ends with a frame ${name}, split in two at any point`, () => {
      const whole = frame.every((_, at) => complete(frame.slice(0, at), frame.slice(at)));
      assertEquals(new ZstdFrames().push(Uint8Array.from([...frame, ...frame]), 0), frame.length);
      assertEquals([whole, complete(frame, frame), complete(frame, MAGIC)], [true, true, false]);
    });
  }
});
