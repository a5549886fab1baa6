/** The parts of a response in every number, each in one frame or several, and the end in every place. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import * as f from "./frame-text.ts";
import { Link } from "./link.ts";

/** A field block in this many frames. */
function split(id: number, fields: f.Fields, frames: number, flags: number): number[][] {
  const block = f.block(fields);
  const size = Math.ceil(block.length / frames);
  return Array.from({ length: frames }, (_, index) => {
    const part = block.slice(index * size, (index + 1) * size);
    const isLast = index === frames - 1;
    const ends = isLast ? f.END_HEADERS : 0;
    return index === 0 ? f.frame(f.HEADERS, flags | ends, id, part) : f.frame(f.CONTINUATION, ends, id, part);
  });
}

/** How many there are of each part. */
interface Pattern {
  readonly interims: number;
  readonly heads: number;
  readonly pieces: number;
  readonly trailers: number;
}

const FIELDS: f.Fields = [
  [":status", "200"],
  ["some-field", "some value"],
];

function patterns(): Pattern[] {
  const counts = [0, 1, 2];
  return counts.flatMap((interims) =>
    [1, 2, 3].flatMap((heads) =>
      counts.flatMap((pieces) => counts.map((trailers) => ({ interims, heads, pieces, trailers }))),
    ),
  );
}

function framesOf({ interims, heads, pieces, trailers }: Pattern): number[][] {
  const frames: number[][] = [];
  for (let count = 0; count < interims; count++) frames.push(...split(1, [[":status", "103"]], heads, 0));
  frames.push(...split(1, FIELDS, heads, pieces === 0 && trailers === 0 ? f.END_STREAM : 0));
  for (let count = 1; count <= pieces; count++)
    frames.push(f.data(1, "abc", count === pieces && trailers === 0 ? f.END_STREAM : 0));
  if (trailers > 0) frames.push(...split(1, [["some-trailer", "x"]], trailers, f.END_STREAM));
  return frames;
}

function expected({ interims, pieces, trailers }: Pattern): string[] {
  const length = pieces === 0 && trailers === 0 ? 0 : undefined;
  return [
    ...new Array<string>(interims).fill("interim 103"),
    `head 200 some-field: some value; (${length})`,
    ...(pieces === 0 ? [] : [`body ${"abc".repeat(pieces)}`]),
    `complete ${JSON.stringify(trailers === 0 ? "" : "some-trailer: x\r\n")}`,
  ];
}

describe("patterns of a response", () => {
  for (const pattern of patterns()) {
    it(JSON.stringify(pattern), () => {
      const link = Link.settled();
      const told = link.send();
      for (const frame of framesOf(pattern)) link.arrive(frame);
      assertEquals(told.lines, expected(pattern));
      assertEquals(link.said(), []);
    });
  }
});
