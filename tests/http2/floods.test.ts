/**
 * Floods: what a hostile or broken peer can make us do is bounded. Each row is one kind, with the number of frames that is
 * still tolerated (`src/http2/limits.ts` has the reasons). CVE numbers are those of other implementations.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import * as f from "./frame-text.ts";
import { Link, request } from "./link.ts";

/** Frames that come with one read of the socket. */
interface Row {
  readonly it: string;
  readonly frame: readonly number[];
  /** How many are tolerated in one read, give or take what the frames before them cost. */
  readonly tolerated: number;
}

const EMPTY_PING = f.frame(f.PING, 0, 0, new Array(8).fill(0));

const ROWS: readonly Row[] = [
  { it: "PING (CVE-2019-9512)", frame: EMPTY_PING, tolerated: 9_990 },
  {
    it: "answers to a PING that was not sent",
    frame: f.frame(f.PING, f.ACK, 0, new Array(8).fill(0)),
    tolerated: 9_990,
  },
  { it: "SETTINGS (CVE-2019-9515)", frame: f.settings(), tolerated: 9_990 },
  { it: "PRIORITY", frame: f.frame(f.PRIORITY, 0, 1, [0, 0, 0, 0, 0]), tolerated: 9_990 },
  { it: "WINDOW_UPDATE of a stream that sends nothing", frame: f.windowUpdate(1, 1), tolerated: 9_990 },
  { it: "WINDOW_UPDATE of the connection", frame: f.windowUpdate(0, 1), tolerated: 9_990 },
  { it: "frames of an unknown type", frame: f.frame(0xbb, 0, 0, []), tolerated: 9_990 },
  { it: "empty DATA (CVE-2019-9518)", frame: f.data(1, ""), tolerated: 99 },
  { it: "DATA of padding alone", frame: f.frame(f.DATA, f.PADDED, 1, [3, 0, 0, 0]), tolerated: 99 },
  { it: "RST_STREAM of a stream that has ended", frame: f.reset(3, "CANCEL"), tolerated: 9_990 },
];

/** Frames on stream 1, whose response has begun, after stream 3 has ended. */
function flood(frame: readonly number[], count: number): { peer: string[]; pool: string[] } {
  const link = Link.settled();
  link.send();
  link.send();
  link.arrive(f.head(1), f.head(3, 200, [], f.END_STREAM));
  link.peer();
  link.arrive(...new Array(count).fill(frame));
  return { peer: link.peer(), pool: link.said() };
}

describe("frames that bring nothing", () => {
  for (const { it: name, frame, tolerated } of ROWS) {
    it(`${name}: ${tolerated} in one read are borne, and a hundredth more are not`, () => {
      assertEquals(flood(frame, tolerated).pool, []);
      const { peer, pool } = flood(frame, Math.ceil(1.01 * tolerated) + 10);
      assertEquals(peer.at(-1), "GOAWAY 0 ENHANCE_YOUR_CALM");
      assertEquals(pool.length, 3);
    });
  }

  it("a few with each read are borne for ever", () => {
    const link = Link.settled();
    link.send();
    link.arrive(f.head(1));
    for (let count = 0; count < 30_000; count++) {
      link.arrive(EMPTY_PING, f.settings());
      if (count % 100 === 0) link.peer();
    }
    assertEquals(link.said(), []);
  });

  it("data pays for them: a stream of messages with a PING each is borne for ever", () => {
    const link = Link.settled();
    link.send();
    link.arrive(f.head(1));
    const messages = new Array(1000).fill([...f.data(1, "x"), ...EMPTY_PING]);
    for (let count = 0; count < 30; count++) {
      link.arrive(...messages);
      link.peer();
    }
    assertEquals(link.said(), []);
  });
});

describe("answers", () => {
  it("do not pile up for a peer that does not read (CVE-2019-9512)", () => {
    let accepts = true;
    const link = Link.settled({ accepts: () => accepts });
    link.send();
    accepts = false;
    link.peer();
    let reads = 0;
    while (link.said().length === 0 && reads < 5000) {
      link.arrive(...new Array(10).fill(EMPTY_PING));
      reads += 1;
    }
    assertEquals([reads, link.said()[0]], [1001, "close"]);
  });
});

describe("field blocks", () => {
  const begun = (id = 1): number[] => f.frame(f.HEADERS, 0, id, [0x88]);

  it("CONTINUATION (CVE-2024-27316): the number of frames is bounded", () => {
    const link = Link.settled();
    const told = link.send();
    link.peer();
    link.arrive(begun(), ...new Array(16).fill(f.frame(f.CONTINUATION, 0, 1, [])));
    assertEquals(link.said(), []);
    link.arrive(f.frame(f.CONTINUATION, 0, 1, []));
    assertEquals(link.peer(), ["GOAWAY 0 ENHANCE_YOUR_CALM"]);
    assertEquals([told.error?.fault, told.error?.frame], ["flood", "CONTINUATION"]);
  });

  it("CONTINUATION: the bytes of a block are bounded before it is decoded", () => {
    const link = Link.settled();
    const told = link.send();
    link.peer();
    const part = f.frame(f.CONTINUATION, 0, 1, new Array(16_384).fill(0x88));
    link.arrive(begun(), ...new Array(7).fill(part));
    assertEquals(link.said(), []);
    link.arrive(part);
    assertEquals(link.peer(), ["GOAWAY 0 ENHANCE_YOUR_CALM"]);
    assertEquals([told.error?.fault, told.error?.frame], ["head-too-large", "CONTINUATION"]);
  });

  it("an HPACK bomb (CVE-2016-1544) is not kept: only its stream ends", () => {
    const link = Link.settled();
    const [told, other] = [link.send(), link.send()];
    link.peer();
    const value = "x".repeat(3900);
    link.arrive(
      f.frame(f.HEADERS, f.END_HEADERS, 1, [
        0x88,
        ...f.block([["a", value]], 0x40),
        ...new Array(12_000).fill(0xbe),
      ]),
    );
    assertEquals(told.error?.fault, "head-too-large");
    assertEquals(link.peer(), ["RST_STREAM 1 PROTOCOL_ERROR"]);
    link.arrive(f.frame(f.HEADERS, f.END_HEADERS | f.END_STREAM, 3, [0x88, 0xbe]));
    assertEquals(other.lines[0], `head 200 a: ${value}; (0)`);
  });

  it("many fields of nothing (CVE-2019-9516)", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.head(1, 200, new Array(300).fill(["a", ""])));
    assertEquals(told.error?.fault, "too-many-headers");
  });
});

describe("settings", () => {
  it("more than 32 in one frame (CVE-2020-11080)", () => {
    const link = Link.settled();
    link.arrive(f.settings(...new Array(32).fill([0xff, 1])));
    assertEquals(link.said(), []);
    link.peer();
    link.arrive(f.settings(...new Array(33).fill([0xff, 1])));
    assertEquals(link.peer(), ["GOAWAY 0 ENHANCE_YOUR_CALM"]);
  });
});

describe("streams", () => {
  it("that we reset because of the peer are counted (CVE-2025-8671): the 101st ends the connection", () => {
    const link = Link.settled();
    for (let count = 0; count < 100; count++) {
      link.send();
      link.arrive(f.data(2 * count + 1, "x"));
    }
    assertEquals(link.said(), []);
    const told = link.send();
    link.peer();
    link.arrive(f.data(201, "x"));
    assertEquals(link.peer(), ["RST_STREAM 201 PROTOCOL_ERROR", "GOAWAY 0 ENHANCE_YOUR_CALM"]);
    assertEquals(told.lines.length, 1);
  });

  it("that the peer refuses retire the connection with the second", () => {
    const link = Link.settled();
    for (const id of [1, 3, 5]) {
      link.send();
      link.arrive(f.reset(id, "REFUSED_STREAM"));
    }
    assertEquals(link.said(), ["retire refused"]);
  });

  it("that were reset are remembered, a thousand of them; of older ones nothing is held against the peer", () => {
    const link = Link.settled();
    for (let count = 0; count < 1500; count++) link.send().opened.close(undefined);
    const ended = link.send();
    link.arrive(f.head(3001, 200, [], f.END_STREAM));
    assertEquals(ended.lines.length, 2);
    link.peer();
    link.arrive(f.head(1), f.data(1, "x"), f.head(2999), f.data(2999, "x", f.END_STREAM));
    assertEquals([link.peer(), link.said()], [[], []]);
    link.arrive(f.data(2999, "x"));
    assertEquals(link.peer(), ["GOAWAY 0 STREAM_CLOSED"]);
  });
});

describe("the connection's window", () => {
  it("is given back whatever becomes of the streams", () => {
    const link = Link.settled();
    link.send().opened.close(undefined);
    link.peer();
    const frame = f.frame(f.DATA, 0, 1, new Array(16_384).fill(0));
    const bytes = Uint8Array.from(frame);
    for (let count = 0; count < 32_768; count++) link.user?.data(bytes, bytes.length);
    assertEquals(link.peer(), ["WINDOW_UPDATE 536870912"]);
  });
});

describe("windows", () => {
  it("a peer that opens a window byte by byte gets a byte at a time, and pays for it (CVE-2019-9511, CVE-2019-9517)", () => {
    const link = Link.settled({}, [4, 0]);
    const told = link.open();
    const body = told.opened.openBody(undefined);
    told.opened.send(request({ method: "POST", body: { length: undefined } }), false, undefined);
    body.write(new Uint8Array(20_000));
    link.peer();
    link.arrive(...new Array(15_000).fill(f.windowUpdate(1, 1)));
    assertEquals([link.peer().length, link.said()], [15_000, []]);
  });
});
