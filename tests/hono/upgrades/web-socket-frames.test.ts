/** WebSocket frames: those of a server are read in pieces of any size, and what breaks the protocol has its code. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  closeFrame,
  frameOf,
  type ReceivedFrame,
  WebSocketFault,
  WebSocketReader,
} from "../../../src/hono/upgrades/web-socket-frames.ts";

const frame = (first: number, payload: readonly number[], second = payload.length): number[] => [
  first,
  second,
  ...payload,
];
const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];

function readAll(sent: readonly number[], step = sent.length, max = 1000): ReceivedFrame[] {
  const reader = new WebSocketReader(max);
  const all: ReceivedFrame[] = [];
  for (let at = 0; at < sent.length; at += step)
    all.push(...reader.read(new Uint8Array(sent.slice(at, at + step))));
  return all;
}

describe("WebSocket frames", () => {
  it("are read whole, in pieces of any size, with parts and control frames between them", () => {
    const sent = [
      ...frame(0x81, bytes("hé")),
      ...frame(0x01, bytes("a")),
      ...frame(0x89, [1, 2]),
      ...frame(0x00, []),
      ...frame(0x80, bytes("b")),
      ...frame(0x82, []),
      ...frame(0x8a, [9]),
      0x81,
      126,
      0,
      200,
      ...bytes("x".repeat(200)),
      ...[0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 7],
      ...frame(0x88, [0x0f, 0xa1, ...bytes("bye")]),
    ];
    const received: ReceivedFrame[] = [
      { type: "text", text: "hé" },
      { type: "ping", bytes: new Uint8Array([1, 2]) },
      { type: "text", text: "ab" },
      { type: "binary", bytes: new Uint8Array() },
      { type: "pong" },
      { type: "text", text: "x".repeat(200) },
      { type: "binary", bytes: new Uint8Array([7]) },
      { type: "close", code: 4001, reason: "bye" },
    ];
    for (const step of [1, 2, 3, 7, 64, sent.length]) assertEquals(readAll(sent, step), received, `${step}`);
    assertEquals(readAll(frame(0x88, [])), [{ type: "close", code: 1005, reason: "" }]);
  });

  const BROKEN: Readonly<Record<string, [sent: number[], code: number]>> = {
    "reserved bits": [frame(0xc1, [1]), 1002],
    "a masked frame": [frame(0x81, [0, 0, 0, 0], 0x80), 1002],
    "an unknown opcode": [frame(0x83, [1]), 1002],
    "an unknown control frame": [frame(0x8b, [1]), 1002],
    "a control frame in parts": [frame(0x09, [1]), 1002],
    "a long control frame": [frame(0x89, [0, 126], 126), 1002],
    "a part of nothing": [frame(0x80, [1]), 1002],
    "a message within another": [[...frame(0x01, [97]), ...frame(0x81, [97])], 1002],
    "a text that is no UTF-8": [frame(0x81, [0xff]), 1007],
    "a Close of one byte": [frame(0x88, [3]), 1002],
    "a Close with a code that is never sent": [frame(0x88, [0x03, 0xed]), 1002],
    "a message that is too big": [frame(0x82, [0x03, 0xe9], 126), 1009],
    "a length beyond all bounds": [[0x82, 127, ...new Array<number>(8).fill(255)], 1009],
    "parts that are too big together": [
      [...frame(0x02, new Array<number>(100)), ...frame(0x80, [], 126), 0x03, 0xe8],
      1009,
    ],
  };
  for (const [what, [sent, code]] of Object.entries(BROKEN)) {
    it(`refuses ${what} with ${code}`, () => {
      assertEquals((assertThrows(() => readAll(sent), WebSocketFault) as WebSocketFault).code, code);
    });
  }

  it("of a client are masked, and have the length in the shortest form", () => {
    const STARTS = { 0: 6, 125: 6, 126: 8, 65535: 8, 65536: 14 } as const;
    for (const [text, head] of Object.entries(STARTS)) {
      const length = Number(text);
      const payload = Uint8Array.from({ length }, (_, at) => at);
      const sent = frameOf(2, payload);
      const start = sent.length - length;
      assertEquals([sent[0], start], [0x82, head]);
      const mask = sent.subarray(start - 4, start);
      const unmasked = sent.subarray(start).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      assertEquals(Buffer.compare(unmasked, payload), 0);
    }
    for (const code of [1005, 1006, 1015, 999, 5000])
      assertEquals(closeFrame(code, "x").length, 6, `${code}`);
    assertEquals(closeFrame(1000, "x".repeat(200)).length, 6 + 125);
  });
});
