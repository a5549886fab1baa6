/** What a session says to its peer, and what it tells the exchanges and the pool, as long as everybody keeps to the protocol. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { TransportError } from "../../src/contract/transport.ts";
import * as f from "./frame-text.ts";
import { GET, Link, request } from "./link.ts";

const GET_SENT = ":method=GET :scheme=https :authority=a.test :path=/";

describe("the beginning of a connection", () => {
  it("says the preface, its settings and the connection's window, with the first request in one write", async () => {
    const link = new Link();
    link.send();
    await Promise.resolve();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assertEquals(link.writes.length, 1);
    assertEquals(link.peer(), [
      JSON.stringify("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      "SETTINGS 2=0,4=1048576,6=65536",
      "WINDOW_UPDATE 1073676289",
      `HEADERS 1 ${GET_SENT} END_STREAM`,
    ]);
  });

  it("waits for the requests that are made in the microtasks of the same turn", async () => {
    const link = new Link();
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) await Promise.resolve();
      link.send();
    };
    await Promise.all([turns(0), turns(1), turns(2), turns(3)]);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assertEquals([link.writes.length, link.peer().length], [1, 7]);
  });

  it("takes 100 streams before the peer's settings, and then as many as both allow", () => {
    assertEquals(new Link().capacity, 100);
    assertEquals(new Link({ maxStreams: 7 }).capacity, 7);
    const link = new Link();
    link.arrive(f.settings([3, 250]));
    link.arrive(f.settings([3, 5]));
    assertEquals(link.said(), ["capacity 250", "capacity 5"]);
    const limited = new Link({ maxStreams: 7 });
    limited.arrive(f.settings([3, 250]));
    limited.arrive(f.settings([3, 200]));
    assertEquals(limited.said(), ["capacity 7"]);
    const unlimited = new Link();
    unlimited.arrive(f.settings());
    assertEquals(unlimited.said(), ["capacity 1000"]);
  });

  it("retires a connection that takes no stream at all", () => {
    const link = new Link();
    link.arrive(f.settings([3, 0]));
    assertEquals(link.said(), ["retire goaway"]);
  });

  it("acknowledges settings, and answers a PING with its payload", () => {
    const link = Link.settled();
    link.arrive(f.settings(), f.frame(f.PING, 0, 0, f.latin1("12345678")));
    assertEquals(link.peer(), ["SETTINGS ACK", "PING ACK 12345678"]);
  });
});

describe("responses", () => {
  it("a head, a body and its end", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(
      f.head(1, 200, [
        ["content-length", "5"],
        ["server", "x"],
      ]),
      f.data(1, "hel"),
      f.data(1, "lo", f.END_STREAM),
    );
    assertEquals(told.lines, ["head 200 content-length: 5; server: x; (5)", "body hello", 'complete ""']);
    assertEquals(link.peer(), [`HEADERS 1 ${GET_SENT} END_STREAM`]);
  });

  it("several at a time, in any order", () => {
    const link = Link.settled();
    const [a, b, c] = [link.send(), link.send(), link.send()];
    link.arrive(
      f.head(5),
      f.head(1),
      f.data(5, "five"),
      f.data(1, "one", f.END_STREAM),
      f.head(3, 204, [], f.END_STREAM),
    );
    link.arrive(f.data(5, "!", f.END_STREAM));
    assertEquals(a.lines, ["head 200 (undefined)", "body one", 'complete ""']);
    assertEquals(b.lines, ["head 204 (0)", 'complete ""']);
    assertEquals(c.lines, ["head 200 (undefined)", "body five!", 'complete ""']);
  });

  it("interim heads and trailers", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(
      f.head(1, 103, [["link", "</a>"]]),
      f.head(1),
      f.data(1, "x"),
      f.headers(1, [["grpc-status", "0"]], f.END_STREAM),
    );
    assertEquals(told.lines, [
      "interim 103 link: </a>;",
      "head 200 (undefined)",
      "body x",
      'complete "grpc-status: 0\\r\\n"',
    ]);
  });

  it("HEAD, 204 and 304 have no body, whatever they announce", () => {
    const link = Link.settled();
    const told = [link.send(request({ method: "HEAD" })), link.send(), link.send()];
    link.arrive(f.head(1, 200, [["content-length", "9"]], f.END_STREAM));
    link.arrive(f.head(3, 304, [["content-length", "9"]], f.END_STREAM));
    link.arrive(f.head(5, 204), f.data(5, "", f.END_STREAM));
    assertEquals(
      told.map(({ lines }) => lines.at(-1)),
      Array(3).fill('complete ""'),
    );
  });

  it("a head that is the same again is told again", () => {
    const link = Link.settled();
    const told = [link.send(), link.send(), link.send()];
    for (const id of [1, 3]) link.arrive(f.head(id, 200, [["a", "b"]], f.END_STREAM));
    link.arrive(f.head(5, 200, [["a", "c"]], f.END_STREAM));
    assertEquals(
      told.map(({ lines }) => lines[0]),
      ["head 200 a: b; (0)", "head 200 a: b; (0)", "head 200 a: c; (0)"],
    );
  });
});

describe("the table of the peer", () => {
  const indexed = (id: number): number[] =>
    f.frame(f.HEADERS, f.END_HEADERS | f.END_STREAM, id, [0x88, 0xbe]);
  const inserting = (id: number, value: string): number[] =>
    f.frame(f.HEADERS, f.END_HEADERS | f.END_STREAM, id, [0x88, ...f.block([["a", value]], 0x40)]);

  it("the same bytes say something else once it has changed", () => {
    const link = Link.settled();
    const told = [1, 2, 3, 4, 5].map(() => link.send());
    link.arrive(inserting(1, "x"), indexed(3), indexed(5), inserting(7, "y"), indexed(9));
    assertEquals(
      told.map(({ lines }) => lines[0]),
      ["x", "x", "x", "y", "y"].map((value) => `head 200 a: ${value}; (0)`),
    );
  });
});

describe("the end of a connection", () => {
  it("GOAWAY: streams above its number were not processed, the others go on", () => {
    const link = Link.settled();
    const [a, b] = [link.send(), link.send()];
    link.arrive(f.goaway(1));
    assertEquals(b.lines, ["unprocessed goaway"]);
    link.arrive(f.head(1, 200, [], f.END_STREAM));
    assertEquals(a.lines, ["head 200 (0)", 'complete ""']);
    assertEquals(link.said(), ["retire goaway 1"]);
    assertEquals(link.wire.open(link, b).gone, true);
  });

  it("GOAWAY in two steps: the first only retires", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.goaway(2 ** 31 - 1));
    assertEquals(told.lines, []);
    link.arrive(f.goaway(0));
    assertEquals(told.lines, ["unprocessed goaway"]);
    assertEquals(link.said(), ["retire goaway", "retire goaway 0"]);
  });

  it("the socket ends: the streams are lost, after the connection was retired", () => {
    const link = Link.settled();
    const told = link.send();
    told.onLine = (line) => link.pool.push(line);
    link.user?.closed(undefined);
    assertEquals(link.said(), ["retire peer-closed", "lost undefined", "ended peer-closed"]);
  });

  it("a GOAWAY with an error is why the streams are lost that it did not spare", () => {
    const link = Link.settled();
    const told = link.send();
    link.arrive(f.goaway(1, "INTERNAL_ERROR", "out of \x00 memory"));
    link.user?.closed(undefined);
    assertEquals(told.lines.length, 1);
    assertEquals(told.lines[0]?.startsWith('lost the peer sent GOAWAY with INTERNAL_ERROR: "out of'), true);
    assertEquals(link.said(), ["retire goaway", "retire peer-closed", "ended peer-closed"]);
  });

  it("the pool asks for a sign of life, and gives the connection up", () => {
    const link = Link.settled();
    const told = link.send();
    link.peer();
    link.wire.ping();
    assertEquals(link.peer(), ["PING \x00\x00\x00\x00\x00\x00\x00\x00"]);
    link.wire.giveUp("ping-timeout", new TransportError("timeout", "silence"));
    assertEquals(told.lines, ["lost silence"]);
    assertEquals(link.said(), ["abort", "retire ping-timeout", "ended ping-timeout: silence"]);
  });

  it("the pool is closed at once: each exchange is cut", () => {
    const link = Link.settled();
    const told = [link.send(), link.send()];
    link.user?.cut();
    assertEquals(
      told.map(({ lines }) => lines),
      [["cut"], ["cut"]],
    );
  });

  it("the pool closes: GOAWAY goes before", () => {
    const link = Link.settled();
    link.wire.closing();
    assertEquals(link.peer(), ["GOAWAY 0 NO_ERROR"]);
  });
});

describe("requests", () => {
  it("the block of the same head is copied", () => {
    const link = Link.settled();
    for (let count = 0; count < 3; count++) link.send();
    assertEquals(
      link.peer(),
      [1, 3, 5].map((id) => `HEADERS ${id} ${GET_SENT} END_STREAM`),
    );
    link.send({ ...GET, target: "/other" });
    assertEquals(link.peer(), [
      "HEADERS 7 :method=GET :scheme=https :authority=a.test :path=/other END_STREAM",
    ]);
  });

  it("what the first block put into the table is an index in the next", () => {
    const link = Link.settled();
    const sizes = [1, 2, 3].map(() => {
      link.send(request({ headers: { "x-a": "1" } }));
      link.peer();
      return link.writes.at(-1) ?? 0;
    });
    assertEquals(
      sizes.map((size) => size - (sizes[1] ?? 0) > 0),
      [true, false, false],
    );
    assertEquals(sizes[2], sizes[1]);
  });

  it("the block is encoded anew when the peer changes the size of its table", () => {
    const link = Link.settled();
    const lines: string[] = [];
    for (const size of [4096, 0, 0, 4096, 100]) {
      link.arrive(f.settings([1, size]));
      for (let count = 0; count < 3; count++) link.send(request({ headers: { "x-a": "1" } }));
      lines.push(...link.peer().filter((line) => line !== "SETTINGS ACK"));
    }
    assertEquals(
      lines,
      lines.map((_, index) => `HEADERS ${2 * index + 1} ${GET_SENT} x-a=1 END_STREAM`),
    );
    assertEquals(lines.length, 15);
  });

  it("fields in lower case, cookies in crumbs, nothing of HTTP/1.1", () => {
    const link = Link.settled();
    link.send(request({ headers: { "X-A": "1", Cookie: "a=1; b=2", Host: "b.test", Connection: "close" } }));
    link.send(request({ method: "POST" }));
    assertEquals(link.peer(), [
      "HEADERS 1 :method=GET :scheme=https :authority=b.test :path=/ x-a=1 cookie=a=1 cookie=b=2 END_STREAM",
      "HEADERS 3 :method=POST :scheme=https :authority=a.test :path=/ content-length=0 END_STREAM",
    ]);
  });

  it("a small body goes with its head", () => {
    const link = Link.settled();
    const body = new TextEncoder().encode("hello");
    link.send(request({ method: "POST", body: { length: 5 } }), body);
    assertEquals(link.peer(), [
      "HEADERS 1 :method=POST :scheme=https :authority=a.test :path=/ content-length=5",
      'DATA 1 "hello" END_STREAM',
    ]);
  });

  it("one whose fields are larger than the peer takes is not sent, to the byte", () => {
    const link = Link.settled();
    const most = (count: number) => link.arrive(f.settings([6, count]));
    const headers = { Cookie: "a=1; b=2; c=3", Connection: "close", "x-a": "1" };
    const fields = [":methodGET", ":schemehttps", ":authoritya.test", ":path/", "x-a1"];
    const size = [...fields, "cookiea=1", "cookieb=2", "cookiec=3"].reduce(
      (all, { length }) => all + length + 32,
      0,
    );
    most(size);
    link.send(request({ headers }));
    most(size - 1);
    const refused = link.send(request({ headers }));
    assertEquals(refused.lines, [
      `fault local head-too-large: HTTP/2: the request's fields are ${size} bytes, and the peer takes ${size - 1} (MAX_HEADER_LIST_SIZE)`,
    ]);
    assertEquals([refused.error?.sent, refused.error?.limitBytes], ["none", size - 1]);
    most(size);
    link.send(request({ headers }));
    assertEquals(
      link
        .peer()
        .filter((line) => line.startsWith("HEADERS"))
        .map((line) => line.split(" ")[1]),
      ["1", "3"],
    );
    assertEquals(link.said(), []);
  });

  it("each crumb of a cookie counts as a field of its own", () => {
    const link = Link.settled();
    link.arrive(f.settings([6, 6000]));
    const crumbs = new Array(200).fill("").join("; ");
    assertEquals(link.send(request({ headers: { Cookie: crumbs } })).error?.fault, "head-too-large");
    assertEquals(link.send(request({ headers: { "x-a": crumbs } })).lines, []);
  });

  it("trailers that are larger than the peer takes reset the stream", () => {
    const link = Link.settled();
    link.arrive(f.settings([6, 500]));
    const told = link.send(request({ method: "POST", body: { length: undefined } }));
    const body = told.opened.openBody(undefined);
    body.write(new Uint8Array([120]));
    body.end(`x-sum: ${"1".repeat(500)}\r\n`);
    assertEquals(told.lines, [
      "fault local head-too-large: HTTP/2: the request's trailers are 537 bytes, and the peer takes 500 (MAX_HEADER_LIST_SIZE)",
    ]);
    assertEquals([told.error?.sent, link.peer().at(-1)], ["partial", "RST_STREAM 1 CANCEL"]);
  });

  it("a cancelled one is reset, and what still comes of it is ignored", () => {
    const link = Link.settled();
    const told = link.send();
    link.peer();
    assertEquals(told.stream?.close("aborted"), undefined);
    assertEquals(link.peer(), ["RST_STREAM 1 CANCEL"]);
    link.arrive(f.head(1), f.data(1, "late", f.END_STREAM));
    assertEquals(told.lines, []);
    assertEquals(link.said(), []);
  });
});
