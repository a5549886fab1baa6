/**
 * What a peer may do although it means nothing to us, and what it may not do to a stream that it has reset: the rest of what
 * h2spec asks of a client, beside the faults of `faults.test.ts`.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import * as f from "./frame-text.ts";
import { Link } from "./link.ts";

const PING = f.latin1("12345678");
const RESERVED = 2 ** 31;

/** What arrives before the response, and must change nothing. */
const IGNORED: Readonly<Record<string, readonly (readonly number[])[]>> = {
  "a frame of an unknown type (RFC 9113 §4.1)": [f.frame(0x16, 0, 0, PING)],
  "one for a stream": [f.frame(0xff, 0xff, 1, PING)],
  "one for a stream that was never opened": [f.frame(0x16, 0, 99, PING)],
  "one without a payload": [f.frame(0x16, 0, 0)],
  "flags that mean nothing": [f.frame(f.SETTINGS, 0xf0, 0), f.frame(f.PRIORITY, 0xff, 1, [0, 0, 0, 0, 7])],
  "the reserved bit of a stream's number": [f.frame(f.PRIORITY, 0, RESERVED + 1, [0, 0, 0, 0, 7])],
  "the reserved bit of an increment": [f.windowUpdate(1, RESERVED + 1)],
  "a setting that nobody knows (§6.5.2)": [f.settings([0xff, 1])],
  "an acknowledgement that was not asked for": [f.frame(f.SETTINGS, f.ACK, 0)],
  "the answer to a PING that was not sent": [f.frame(f.PING, f.ACK, 0, PING)],
  "PRIORITY for a stream that was never opened (§5.1)": [f.frame(f.PRIORITY, 0, 99, [0, 0, 0, 1, 7])],
  "a stream that depends on itself": [f.frame(f.PRIORITY, 0, 1, [0, 0, 0, 1, 7])],
};

const FIELDS: f.Fields = [
  [":status", "200"],
  ["a", "b"],
];
const BLOCK = f.block(FIELDS);

/** Ways to send a head with one field, and a body of "hi". */
const RESPONSES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  "in a CONTINUATION for each byte, up to eight, and an empty one (§6.10)": [
    f.frame(f.HEADERS, 0, 1),
    ...BLOCK.slice(0, 7).map((byte) => f.frame(f.CONTINUATION, 0, 1, [byte])),
    f.frame(f.CONTINUATION, f.END_HEADERS, 1, BLOCK.slice(7)),
    f.data(1, "hi", f.END_STREAM),
  ],
  "with the most padding, and a priority (§6.2)": [
    f.frame(f.HEADERS, f.PADDED | f.WITH_PRIORITY | f.END_HEADERS, 1, [
      255,
      ...[0x80, 0, 0, 0, 255],
      ...BLOCK,
      ...new Array<number>(255).fill(0),
    ]),
    f.frame(f.DATA, f.PADDED | f.END_STREAM, 1, [255, ...f.latin1("hi"), ...new Array<number>(255).fill(0)]),
  ],
  "with padding of no bytes": [
    f.frame(f.HEADERS, f.PADDED | f.END_HEADERS, 1, [0, ...BLOCK]),
    f.frame(f.DATA, f.PADDED, 1, [0, ...f.latin1("hi")]),
    f.frame(f.DATA, f.PADDED | f.END_STREAM, 1, [0]),
  ],
  "with an empty frame at its end (§6.1)": [
    f.headers(1, FIELDS),
    f.data(1, "hi"),
    f.data(1, "", f.END_STREAM),
  ],
  "with empty frames between": [
    f.headers(1, FIELDS),
    f.data(1, ""),
    f.data(1, "h"),
    f.data(1, ""),
    f.data(1, "i", f.END_STREAM),
  ],
  "with the reserved bit and flags that mean nothing": [
    f.headers(RESERVED + 1, FIELDS, 0x40),
    f.data(RESERVED + 1, "hi", f.END_STREAM | 0x76),
  ],
  "with PING and SETTINGS between its frames": [
    f.headers(1, FIELDS),
    f.frame(f.PING, 0, 0, PING),
    f.data(1, "hi"),
    f.settings(),
    f.data(1, "", f.END_STREAM),
  ],
};

describe("what must change nothing", () => {
  for (const [name, frames] of Object.entries(IGNORED)) {
    it(name, () => {
      const link = Link.settled();
      const told = link.send();
      link.peer();
      link.arrive(...frames, f.frame(f.PING, 0, 0, PING), f.head(1, 204, [], f.END_STREAM));
      const answers = link.peer().filter((line) => line !== "SETTINGS ACK");
      assertEquals(answers, ["PING ACK 12345678"]);
      assertEquals(told.lines, ["head 204 (0)", 'complete ""']);
      assertEquals(link.said(), []);
    });
  }

  it("the most significant bit of GOAWAY's number", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.goaway(RESERVED + 1), f.head(1, 204, [], f.END_STREAM));
    assertEquals(told.lines, ["head 204 (0)", 'complete ""']);
    assertEquals(link.said(), ["retire goaway 1"]);
  });
});

describe("a response is the same", () => {
  for (const [name, frames] of Object.entries(RESPONSES)) {
    it(name, () => {
      const link = Link.settled();
      const told = link.send();
      link.arrive(...frames);
      assertEquals(told.lines, ["head 200 a: b; (undefined)", "body hi", 'complete ""']);
      assertEquals(link.said(), []);
    });
  }

  it("in a frame of 2^14 bytes (§4.2)", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.head(1), f.data(1, "x".repeat(16_384), f.END_STREAM));
    assertEquals(told.lines, ["head 200 (undefined)", "body 16384", 'complete ""']);
  });
});

/** What follows RST_STREAM of the peer's, and the code that it gets (§5.1). */
const AFTER_RESET: Readonly<Record<string, readonly [frames: readonly (readonly number[])[], code: string]>> =
  {
    DATA: [[f.data(1, "x")], "STREAM_CLOSED"],
    HEADERS: [[f.head(1)], "STREAM_CLOSED"],
    CONTINUATION: [[f.frame(f.CONTINUATION, f.END_HEADERS, 1, [0x88])], "PROTOCOL_ERROR"],
    "PRIORITY within a field block": [
      [f.frame(f.HEADERS, 0, 3, [0x88]), f.frame(f.PRIORITY, 0, 1, [0, 0, 0, 0, 7])],
      "PROTOCOL_ERROR",
    ],
    "CONTINUATION for no stream within a field block": [
      [f.frame(f.HEADERS, 0, 3, [0x88]), f.frame(f.CONTINUATION, f.END_HEADERS, 0, [0x88])],
      "PROTOCOL_ERROR",
    ],
    "CONTINUATION behind the end of a block": [
      [f.head(3), f.frame(f.CONTINUATION, f.END_HEADERS, 3, [0x88])],
      "PROTOCOL_ERROR",
    ],
  };

describe("on a connection with a stream that the peer has reset", () => {
  for (const [name, [frames, code]] of Object.entries(AFTER_RESET)) {
    it(`${name}: ${code}`, () => {
      const link = Link.settled();
      const told = link.send();
      link.send();
      link.peer();
      link.arrive(f.reset(1, "CANCEL"), ...frames);
      assertEquals(link.peer().at(-1), `GOAWAY 0 ${code}`);
      assertEquals(told.lines, ["lost the peer reset the stream with CANCEL"]);
    });
  }

  it("WINDOW_UPDATE, RST_STREAM and PRIORITY are ignored: they may have been on their way", () => {
    const link = Link.settled();
    link.send();
    const other = link.send();
    link.peer();
    link.arrive(
      f.reset(1, "CANCEL"),
      f.windowUpdate(1, 1),
      f.reset(1, "CANCEL"),
      f.frame(f.PRIORITY, 0, 1, [0, 0, 0, 0, 7]),
    );
    link.arrive(f.head(3, 204, [], f.END_STREAM));
    assertEquals(link.peer(), []);
    assertEquals(other.lines, ["head 204 (0)", 'complete ""']);
  });
});
