/**
 * What a peer may not do: each fault with the code that the peer gets, and the error of the request (RFC 9113 §5.4). A fault
 * of a stream leaves the others alone.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import * as f from "./frame-text.ts";
import { Link, request } from "./link.ts";

/** What arrives, after SETTINGS, while stream 1 and 3 wait for their responses. */
interface Row {
  readonly it: string;
  readonly arrives: readonly (readonly number[])[];
  /** The name of the error code. */
  readonly code: string;
  /** The fault and the frame of the request's error. */
  readonly fault: string;
  readonly frame: string;
}

const OK: f.Fields = [[":status", "200"]];
const HEAD_AND_BODY = [f.head(1, 200), f.data(1, "x")];

/** Ends the connection, and names stream 1. */
const OF_CONNECTION_AT_1: readonly Row[] = [
  {
    it: "PUSH_PROMISE",
    arrives: [f.frame(f.PUSH_PROMISE, 4, 1, f.uint32(2))],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "PUSH_PROMISE",
  },
  {
    it: "a block that is no HPACK",
    arrives: [f.frame(f.HEADERS, f.END_HEADERS, 1, [0x80])],
    code: "COMPRESSION_ERROR",
    fault: "bad-field-block",
    frame: "HEADERS",
  },
  {
    it: "a table larger than announced",
    arrives: [f.frame(f.HEADERS, f.END_HEADERS, 1, [0x3f, 0xe2, 0x1f])],
    code: "COMPRESSION_ERROR",
    fault: "bad-field-block",
    frame: "HEADERS",
  },
  {
    it: "DATA whose padding is longer than it",
    arrives: [f.head(1), f.frame(f.DATA, f.PADDED, 1, [3, 0, 0])],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "DATA",
  },
  {
    it: "DATA without room for its padding",
    arrives: [f.head(1), f.frame(f.DATA, f.PADDED, 1, [])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "DATA",
  },
  {
    it: "HEADERS whose padding is longer than it",
    arrives: [f.frame(f.HEADERS, f.PADDED | f.END_HEADERS, 1, [9, 0x88])],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "HEADERS",
  },
  {
    it: "HEADERS without room for its padding",
    arrives: [f.frame(f.HEADERS, f.PADDED | f.END_HEADERS, 1, [])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "HEADERS",
  },
  {
    it: "HEADERS without room for its priority",
    arrives: [f.frame(f.HEADERS, f.WITH_PRIORITY | f.END_HEADERS, 1, [0, 0])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "HEADERS",
  },
  {
    it: "a frame of more than 16 KiB",
    arrives: [[0, 64, 1, f.DATA, 0, 0, 0, 0, 1]],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "DATA",
  },
  {
    it: "a PRIORITY of 4 bytes",
    arrives: [f.frame(f.PRIORITY, 0, 1, [0, 0, 0, 0])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "PRIORITY",
  },
  {
    it: "an RST_STREAM of 3 bytes",
    arrives: [f.frame(f.RST_STREAM, 0, 1, [0, 0, 0])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "RST_STREAM",
  },
  {
    it: "a WINDOW_UPDATE of 3 bytes",
    arrives: [f.frame(f.WINDOW_UPDATE, 0, 1, [0, 0, 1])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "WINDOW_UPDATE",
  },
  {
    it: "a CONTINUATION that continues nothing",
    arrives: [f.frame(f.CONTINUATION, f.END_HEADERS, 1, [0x88])],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "CONTINUATION",
  },
  {
    it: "DATA within a field block",
    arrives: [f.frame(f.HEADERS, 0, 1, [0x88]), f.data(1, "x")],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "DATA",
  },
  {
    it: "HEADERS within a field block",
    arrives: [f.frame(f.HEADERS, 0, 1, [0x88]), f.head(1)],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "HEADERS",
  },
];

/** Ends the connection, and names no stream of ours. */
const OF_CONNECTION: readonly Row[] = [
  {
    it: "DATA for no stream",
    arrives: [f.data(0, "x")],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "DATA",
  },
  {
    it: "HEADERS for no stream",
    arrives: [f.headers(0, OK)],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "HEADERS",
  },
  {
    it: "PRIORITY for no stream",
    arrives: [f.frame(f.PRIORITY, 0, 0, [0, 0, 0, 0, 0])],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "PRIORITY",
  },
  {
    it: "RST_STREAM for no stream",
    arrives: [f.reset(0, "CANCEL")],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "RST_STREAM",
  },
  {
    it: "a WINDOW_UPDATE of 0",
    arrives: [f.windowUpdate(0, 0)],
    code: "PROTOCOL_ERROR",
    fault: "flow-control",
    frame: "WINDOW_UPDATE",
  },
  {
    it: "a window beyond 2^31-1",
    arrives: [f.windowUpdate(0, 2 ** 31 - 1)],
    code: "FLOW_CONTROL_ERROR",
    fault: "flow-control",
    frame: "WINDOW_UPDATE",
  },
  {
    it: "a setting makes a window too large",
    arrives: [f.windowUpdate(1, 2 ** 31 - 1 - 65_535), f.settings([4, 65_536])],
    code: "FLOW_CONTROL_ERROR",
    fault: "bad-settings",
    frame: "SETTINGS",
  },
  {
    it: "INITIAL_WINDOW_SIZE beyond 2^31-1",
    arrives: [f.settings([4, 2 ** 31])],
    code: "FLOW_CONTROL_ERROR",
    fault: "bad-settings",
    frame: "SETTINGS",
  },
  {
    it: "MAX_FRAME_SIZE below 16 KiB",
    arrives: [f.settings([5, 16_383])],
    code: "PROTOCOL_ERROR",
    fault: "bad-settings",
    frame: "SETTINGS",
  },
  {
    it: "MAX_FRAME_SIZE beyond 2^24-1",
    arrives: [f.settings([5, 2 ** 24])],
    code: "PROTOCOL_ERROR",
    fault: "bad-settings",
    frame: "SETTINGS",
  },
  {
    it: "ENABLE_PUSH, which only a client may set",
    arrives: [f.settings([2, 1])],
    code: "PROTOCOL_ERROR",
    fault: "bad-settings",
    frame: "SETTINGS",
  },
  {
    it: "ENABLE_CONNECT_PROTOCOL of 2",
    arrives: [f.settings([8, 2])],
    code: "PROTOCOL_ERROR",
    fault: "bad-settings",
    frame: "SETTINGS",
  },
  {
    it: "SETTINGS of 5 bytes",
    arrives: [f.frame(f.SETTINGS, 0, 0, [0, 1, 0, 0, 0])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "SETTINGS",
  },
  {
    it: "an acknowledgement that says something",
    arrives: [f.frame(f.SETTINGS, f.ACK, 0, [0, 1, 0, 0, 0, 0])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "SETTINGS",
  },
  {
    it: "a PING of 7 bytes",
    arrives: [f.frame(f.PING, 0, 0, [1, 2, 3, 4, 5, 6, 7])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "PING",
  },
  {
    it: "a GOAWAY of 7 bytes",
    arrives: [f.frame(f.GOAWAY, 0, 0, [0, 0, 0, 0, 0, 0, 0])],
    code: "FRAME_SIZE_ERROR",
    fault: "bad-frame",
    frame: "GOAWAY",
  },
];

/** Ends the connection, and names a stream that is not there. */
const OF_OTHER_STREAMS: readonly Row[] = [
  {
    it: "SETTINGS for a stream",
    arrives: [f.frame(f.SETTINGS, 0, 9, [])],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "SETTINGS",
  },
  {
    it: "PING for a stream",
    arrives: [f.frame(f.PING, 0, 9, [0, 0, 0, 0, 0, 0, 0, 0])],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "PING",
  },
  {
    it: "GOAWAY for a stream",
    arrives: [f.frame(f.GOAWAY, 0, 9, [0, 0, 0, 0, 0, 0, 0, 0])],
    code: "PROTOCOL_ERROR",
    fault: "bad-frame",
    frame: "GOAWAY",
  },
  {
    it: "DATA for a stream that was never opened",
    arrives: [f.data(9, "x")],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "DATA",
  },
  {
    it: "HEADERS for a stream that was never opened",
    arrives: [f.head(9)],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "HEADERS",
  },
  {
    it: "HEADERS for a stream of its own",
    arrives: [f.head(2)],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "HEADERS",
  },
  {
    it: "RST_STREAM for a stream that was never opened",
    arrives: [f.reset(9, "CANCEL")],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "RST_STREAM",
  },
  {
    it: "WINDOW_UPDATE for a stream that was never opened",
    arrives: [f.windowUpdate(9, 1)],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "WINDOW_UPDATE",
  },
];

/** Ends stream 1. */
const OF_STREAM: readonly Row[] = [
  {
    it: "DATA before HEADERS",
    arrives: [f.data(1, "x")],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "DATA",
  },
  {
    it: "DATA after an interim head",
    arrives: [f.head(1, 103), f.data(1, "x")],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "DATA",
  },
  {
    it: "no :status",
    arrives: [f.headers(1, [["a", "b"]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-pseudo-header",
    frame: "HEADERS",
  },
  {
    it: "an empty head",
    arrives: [f.headers(1, [])],
    code: "PROTOCOL_ERROR",
    fault: "bad-pseudo-header",
    frame: "HEADERS",
  },
  {
    it: ":status after a field",
    arrives: [f.headers(1, [["a", "b"], ...OK])],
    code: "PROTOCOL_ERROR",
    fault: "bad-pseudo-header",
    frame: "HEADERS",
  },
  {
    it: "two :status",
    arrives: [f.headers(1, [...OK, ...OK])],
    code: "PROTOCOL_ERROR",
    fault: "bad-pseudo-header",
    frame: "HEADERS",
  },
  {
    it: "a pseudo-header of a request",
    arrives: [f.headers(1, [...OK, [":path", "/"]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-pseudo-header",
    frame: "HEADERS",
  },
  ...["20", "2000", "2x0", "099", "", "+20"].map((status) => ({
    it: `the status "${status}"`,
    arrives: [f.headers(1, [[":status", status]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-pseudo-header",
    frame: "HEADERS",
  })),
  {
    it: "a name in upper case",
    arrives: [f.headers(1, [...OK, ["Server", "x"]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-header",
    frame: "HEADERS",
  },
  {
    it: "an empty name",
    arrives: [f.headers(1, [...OK, ["", "x"]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-header",
    frame: "HEADERS",
  },
  {
    it: "a line end in a value",
    arrives: [f.headers(1, [...OK, ["a", "b\r\nc: d"]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-header",
    frame: "HEADERS",
  },
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map((name) => ({
    it: `the field ${name}`,
    arrives: [f.headers(1, [...OK, [name, "x"]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-header",
    frame: "HEADERS",
  })),
  {
    it: "a content-length that is no number",
    arrives: [f.head(1, 200, [["content-length", "1x"]])],
    code: "PROTOCOL_ERROR",
    fault: "bad-content-length",
    frame: "HEADERS",
  },
  {
    it: "two content-lengths",
    arrives: [
      f.head(1, 200, [
        ["content-length", "1"],
        ["content-length", "2"],
      ]),
    ],
    code: "PROTOCOL_ERROR",
    fault: "bad-content-length",
    frame: "HEADERS",
  },
  {
    it: "a body longer than its content-length",
    arrives: [f.head(1, 200, [["content-length", "1"]]), f.data(1, "xy")],
    code: "PROTOCOL_ERROR",
    fault: "bad-content-length",
    frame: "DATA",
  },
  {
    it: "a body shorter than its content-length",
    arrives: [f.head(1, 200, [["content-length", "3"]]), f.data(1, "xy", f.END_STREAM)],
    code: "PROTOCOL_ERROR",
    fault: "bad-content-length",
    frame: "DATA",
  },
  {
    it: "no body where a content-length announced one",
    arrives: [f.head(1, 200, [["content-length", "3"]], f.END_STREAM)],
    code: "PROTOCOL_ERROR",
    fault: "bad-content-length",
    frame: "HEADERS",
  },
  {
    it: "trailers before the end of a content-length",
    arrives: [f.head(1, 200, [["content-length", "3"]]), f.headers(1, [["a", "b"]], f.END_STREAM)],
    code: "PROTOCOL_ERROR",
    fault: "bad-content-length",
    frame: "HEADERS",
  },
  {
    it: "a body with status 204",
    arrives: [f.head(1, 204), f.data(1, "x")],
    code: "PROTOCOL_ERROR",
    fault: "bad-content-length",
    frame: "DATA",
  },
  {
    it: "status 101",
    arrives: [f.head(1, 101)],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-upgrade",
    frame: "HEADERS",
  },
  {
    it: "an interim head that ends the stream",
    arrives: [f.head(1, 100, [], f.END_STREAM)],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "HEADERS",
  },
  {
    it: "a second head",
    arrives: [f.head(1), f.head(1)],
    code: "PROTOCOL_ERROR",
    fault: "bad-trailer",
    frame: "HEADERS",
  },
  {
    it: "trailers that do not end the stream",
    arrives: [...HEAD_AND_BODY, f.headers(1, [["a", "b"]])],
    code: "PROTOCOL_ERROR",
    fault: "unexpected-frame",
    frame: "HEADERS",
  },
  {
    it: "a pseudo-header among the trailers",
    arrives: [...HEAD_AND_BODY, f.headers(1, OK, f.END_STREAM)],
    code: "PROTOCOL_ERROR",
    fault: "bad-trailer",
    frame: "HEADERS",
  },
  {
    it: "a field of HTTP/1.1 among the trailers",
    arrives: [...HEAD_AND_BODY, f.headers(1, [["upgrade", "x"]], f.END_STREAM)],
    code: "PROTOCOL_ERROR",
    fault: "bad-header",
    frame: "HEADERS",
  },
  {
    it: "a WINDOW_UPDATE of 0",
    arrives: [f.windowUpdate(1, 0)],
    code: "PROTOCOL_ERROR",
    fault: "flow-control",
    frame: "WINDOW_UPDATE",
  },
  {
    it: "a window beyond 2^31-1",
    arrives: [f.windowUpdate(1, 2 ** 31 - 1)],
    code: "FLOW_CONTROL_ERROR",
    fault: "flow-control",
    frame: "WINDOW_UPDATE",
  },
];

/** The requests on stream 1 and 3, and what everybody was told. */
function arrivesOn(arrives: Row["arrives"]) {
  const link = Link.settled();
  const [told, other] = [link.send(), link.send()];
  link.peer();
  link.arrive(...arrives);
  return { link, told, other, peer: link.peer().filter((line) => line !== "SETTINGS ACK") };
}

describe("a fault of the connection in a frame of a stream", () => {
  for (const { it: name, arrives, code, fault, frame } of OF_CONNECTION_AT_1) {
    it(`${name}: ${code}`, () => {
      const { link, told, other, peer } = arrivesOn(arrives);
      assertEquals(peer, [`GOAWAY 0 ${code}`]);
      assertEquals([told.error?.side, told.error?.fault, told.error?.frame], ["remote", fault, frame]);
      assertEquals(other.lines, [`lost ${told.error?.message}`]);
      assertEquals(link.said(), ["close", "retire bad-framing", `ended bad-framing: ${told.error?.message}`]);
    });
  }
});

describe("a fault of the connection in a frame of its own, or of a stream that is not there", () => {
  for (const { it: name, arrives, code, fault, frame } of [...OF_CONNECTION, ...OF_OTHER_STREAMS]) {
    it(`${name}: ${code}`, () => {
      const { told, other, peer } = arrivesOn(arrives);
      assertEquals(peer, [`GOAWAY 0 ${code}`]);
      for (const { error } of [told, other])
        assertEquals([error?.side, error?.fault, error?.frame], ["remote", fault, frame]);
    });
  }
});

describe("a fault of a stream", () => {
  for (const { it: name, arrives, code, fault, frame } of OF_STREAM) {
    it(`${name}: ${code}`, () => {
      const { link, told, other, peer } = arrivesOn(arrives);
      assertEquals(peer, [`RST_STREAM 1 ${code}`]);
      assertEquals([told.error?.side, told.error?.fault, told.error?.frame], ["remote", fault, frame]);
      link.arrive(f.head(3, 200, [], f.END_STREAM));
      assertEquals(other.lines, ["head 200 (0)", 'complete ""']);
      assertEquals(link.said(), []);
    });
  }

  it("a body with the response to HEAD", () => {
    const link = Link.settled();
    const told = link.send(request({ method: "HEAD" }));
    link.arrive(f.head(1), f.data(1, "x"));
    assertEquals(told.error?.fault, "bad-content-length");
  });

  it("more fields than the limits allow", () => {
    const rows: readonly (readonly [string, number[][]])[] = [
      [
        "head-too-large",
        [
          f.head(1, 200, [
            ["a", "x".repeat(50)],
            ["b", "x".repeat(50)],
          ]),
        ],
      ],
      ["line-too-long", [f.head(1, 200, [["a", "x".repeat(61)]])]],
      ["too-many-headers", [f.head(1, 200, Array(6).fill(["a", "b"]))]],
      ["trailers-too-large", [f.head(1), f.headers(1, [["a", "x".repeat(50)]], f.END_STREAM)]],
      ["too-many-informational", Array(4).fill(f.head(1, 103))],
    ];
    const limits = { headBytes: 100, lineBytes: 60, headerCount: 5, trailerBytes: 40, informationalCount: 3 };
    for (const [fault, arrives] of rows) {
      const link = Link.settled({ limits });
      const told = link.send();
      link.peer();
      link.arrive(...arrives);
      assertEquals([told.error?.fault, link.peer()], [fault, ["RST_STREAM 1 PROTOCOL_ERROR"]]);
    }
  });

  it("interim heads are bounded together", () => {
    const link = Link.settled();
    const told = link.send();
    for (let count = 0; count < 70; count++) link.arrive(f.head(1, 103, [["link", "x".repeat(1000)]]));
    assertEquals(told.error?.fault, "too-many-informational");
    assertEquals(told.lines.length, 64);
  });
});

describe("after the end of a response", () => {
  it("DATA, HEADERS and CONTINUATION end the connection: STREAM_CLOSED", () => {
    for (const late of [f.data(1, "x"), f.head(1)]) {
      const link = Link.settled();
      link.send();
      const other = link.send();
      link.arrive(f.head(1, 200, [], f.END_STREAM));
      link.peer();
      link.arrive(late);
      assertEquals(link.peer(), ["GOAWAY 0 STREAM_CLOSED"]);
      assertEquals(other.error?.fault, "unexpected-frame");
    }
  });

  it("RST_STREAM, WINDOW_UPDATE and PRIORITY are ignored", () => {
    const link = Link.settled();
    link.send();
    link.arrive(f.head(1, 200, [], f.END_STREAM));
    link.peer();
    link.arrive(f.reset(1, "NO_ERROR"), f.windowUpdate(1, 5), f.frame(f.PRIORITY, 0, 1, [0, 0, 0, 0, 0]));
    assertEquals([link.peer(), link.said()], [[], []]);
  });

  it("while the upload goes on, DATA resets the stream: STREAM_CLOSED", () => {
    const link = Link.settled();
    const told = link.open();
    told.complete = () => void told.lines.push("complete");
    told.opened.openBody(undefined);
    told.opened.send(request({ method: "POST", body: { length: undefined } }), false, undefined);
    link.arrive(f.head(1, 200, [], f.END_STREAM));
    link.peer();
    link.arrive(f.data(1, "x"));
    assertEquals(link.peer(), ["RST_STREAM 1 STREAM_CLOSED"]);
    assertEquals(told.error?.fault, "unexpected-frame");
  });
});

describe("before SETTINGS", () => {
  it("any other frame ends the connection", () => {
    for (const first of [
      f.frame(f.PING, 0, 0, f.latin1("12345678")),
      f.head(1),
      f.goaway(0),
      f.frame(f.SETTINGS, f.ACK, 0),
    ]) {
      const link = new Link();
      const told = link.send();
      link.peer();
      link.arrive(first);
      assertEquals(link.peer(), ["GOAWAY 0 PROTOCOL_ERROR"]);
      assertEquals(told.lines.length, 1);
    }
  });

  it("a peer that speaks HTTP/1.1 is named", () => {
    const link = new Link();
    const told = link.send();
    link.arrive(f.latin1("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assertEquals(told.lines, ["fault remote bad-version: HTTP/2: the peer speaks HTTP/1.1"]);
  });
});

describe("resets by the peer", () => {
  it("REFUSED_STREAM: not processed; the second retires the connection", () => {
    const link = Link.settled();
    const [a, b, c] = [link.send(), link.send(), link.send()];
    for (const told of [a, b]) told.onLine = (line) => link.pool.push(line);
    link.arrive(f.reset(1, "REFUSED_STREAM"), f.reset(3, "REFUSED_STREAM"));
    assertEquals(link.said(), ["unprocessed refused", "retire refused", "unprocessed refused"]);
    // A response would be proof of the contrary, and the request would not be sent again.
    assertEquals([a.opened.responded, b.opened.responded], [false, false]);
    link.arrive(f.head(5, 200, [], f.END_STREAM));
    assertEquals(c.lines.at(-1), 'complete ""');
  });

  it("REFUSED_STREAM for what was opened before the peer said its limit, or lowered it: no blame", () => {
    const link = new Link();
    const early = [link.send(), link.send(), link.send()];
    link.arrive(f.settings([3, 1]), f.reset(3, "REFUSED_STREAM"), f.reset(5, "REFUSED_STREAM"));
    assertEquals(link.said(), ["capacity 1"]);
    // One that has begun without being sent is beyond the limit as well, until there is room.
    const late = link.open();
    assertEquals(late.opened.gone, true);
    link.arrive(f.head(1, 200, [], f.END_STREAM));
    assertEquals([early[0]?.lines.at(-1), late.opened.gone], ['complete ""', false]);
    link.arrive(f.settings([3, 4]));
    const [a, b] = [link.send(), link.send()];
    link.arrive(f.settings([3, 1]), f.reset(7, "REFUSED_STREAM"), f.reset(9, "REFUSED_STREAM"));
    assertEquals(link.said(), ["capacity 1", "capacity 4", "capacity 1"]);
    assertEquals([a.lines, b.lines], [["unprocessed refused"], ["unprocessed refused"]]);
    for (const id of [11, 13]) {
      link.send();
      link.arrive(f.reset(id, "REFUSED_STREAM"));
    }
    assertEquals(link.said().at(-1), "retire refused");
  });

  it("any other code, or a refusal after the head: lost, but not the connection", () => {
    const link = Link.settled();
    const [a, b] = [link.send(), link.send()];
    link.arrive(f.reset(1, "INTERNAL_ERROR"), f.head(3), f.reset(3, "REFUSED_STREAM"));
    assertEquals(a.lines, ["lost the peer reset the stream with INTERNAL_ERROR"]);
    assertEquals(b.lines, ["head 200 (undefined)", "lost the peer reset the stream with REFUSED_STREAM"]);
    assertEquals([a.opened.responded, link.said()], [true, []]);
  });

  it("ENHANCE_YOUR_CALM in a GOAWAY is told as such", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.goaway(0, "ENHANCE_YOUR_CALM", "too_many_pings"));
    assertEquals([told.lines, link.said()], [["unprocessed calm"], ["retire calm"]]);
  });
});
