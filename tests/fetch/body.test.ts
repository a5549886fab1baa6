/** Request bodies: every kind, with its length and type, as fast as the peer takes it. */

import { Readable } from "node:stream";
import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import type { BodySource } from "../../mod.ts";
import { eventually } from "../support/patience.ts";
import { causeOf, failure, pieces, retired, scripted, serving, settled, utf8 } from "./support.ts";

interface Kind {
  readonly make: () => BodySource;
  readonly text: string;
  readonly type: string | null;
  /** `null`: sent in chunks. */
  readonly length: number | null;
  readonly stream?: boolean;
}

async function* generated(): AsyncGenerator<Uint8Array> {
  yield utf8("pay");
  yield utf8("load");
}

const PADDED = utf8("--payload--");

const KINDS: Record<string, Kind> = {
  "a string": { make: () => "päyload", text: "päyload", type: "text/plain;charset=UTF-8", length: 8 },
  "an empty string": { make: () => "", text: "", type: "text/plain;charset=UTF-8", length: 0 },
  "a string with a lone surrogate": {
    make: () => "a\ud800",
    text: "a\ufffd",
    type: "text/plain;charset=UTF-8",
    length: 4,
  },
  bytes: { make: () => utf8("payload"), text: "payload", type: null, length: 7 },
  "a view into a larger buffer": {
    make: () => PADDED.subarray(2, 9),
    text: "payload",
    type: null,
    length: 7,
  },
  "a DataView": { make: () => new DataView(PADDED.buffer, 2, 7), text: "payload", type: null, length: 7 },
  "an ArrayBuffer": { make: () => utf8("payload").buffer, text: "payload", type: null, length: 7 },
  "other numbers than bytes": {
    make: () => new Uint16Array([0x6161, 0x6262]),
    text: "aabb",
    type: null,
    length: 4,
  },
  "a Blob": {
    make: () => new Blob(["pay", "load"], { type: "text/x" }),
    text: "payload",
    type: "text/x",
    length: 7,
  },
  "a Blob without a type": { make: () => new Blob(["payload"]), text: "payload", type: null, length: 7 },
  "an empty Blob": { make: () => new Blob([]), text: "", type: null, length: 0 },
  "a File": {
    make: () => new File(["payload"], "a.txt", { type: "text/x" }),
    text: "payload",
    type: "text/x",
    length: 7,
  },
  URLSearchParams: {
    make: () => new URLSearchParams({ a: "b c", d: "ä" }),
    text: "a=b+c&d=%C3%A4",
    type: "application/x-www-form-urlencoded;charset=UTF-8",
    length: 14,
  },
  "a stream": {
    make: () => pieces(utf8("pay"), utf8("load")).stream,
    text: "payload",
    type: null,
    length: null,
    stream: true,
  },
  "an empty stream": { make: () => pieces().stream, text: "", type: null, length: null, stream: true },
  "a stream with an empty piece": {
    make: () => pieces(utf8("pay"), new Uint8Array(0), utf8("load")).stream,
    text: "payload",
    type: null,
    length: null,
    stream: true,
  },
  "an async generator": { make: generated, text: "payload", type: null, length: null },
  "a Node stream": {
    make: () => Readable.from([Buffer.from("pay"), Buffer.from("load")]),
    text: "payload",
    type: null,
    length: null,
  },
};

describe("a request body", () => {
  for (const [name, { make, text, type, length, stream }] of Object.entries(KINDS)) {
    it(`may be ${name}`, async () => {
      await using at = serving();
      const init = { method: "PUT", body: make(), ...(stream ? { duplex: "half" as const } : {}) };
      assertEquals((await at.pool.fetch("http://a.test/", init)).status, 200);
      assertEquals((await at.pool.request("http://a.test/", { method: "PUT", body: make() })).status, 200);
      assertEquals(at.requests.length, 2);
      for (const { headers, ...request } of at.requests) {
        assertEquals([request.text(), headers.get("content-type")], [text, type]);
        assertEquals(headers.get("content-length"), length === null ? null : String(length));
        assertEquals(headers.get("transfer-encoding"), length === null ? "chunked" : null);
      }
      assertEquals(at.transport.attempts, 1);
    });
  }

  it("may be a FormData, encoded with its boundary", async () => {
    await using at = serving();
    const body = new FormData();
    body.append("a", "1");
    body.append("file", new File(["payload"], "b.txt", { type: "text/x" }));
    for (const send of [at.pool.fetch, at.pool.request])
      await send("http://a.test/", { method: "POST", body });
    for (const { headers, body: sent } of at.requests) {
      const type = headers.get("content-type") ?? "";
      assertEquals(headers.get("content-length"), String(sent.length));
      const form = await new Response(sent as BodyInit, { headers: { "content-type": type } }).formData();
      const file = form.get("file");
      assertInstanceOf(file, File);
      assertEquals([form.get("a"), await file.text(), file.name], ["1", "payload", "b.txt"]);
      assertStringIncludes(new TextDecoder().decode(sent), "Content-Type: text/x\r\n");
    }
  });

  it("may be the FormData of another library, entry by entry", async () => {
    await using at = serving();
    const foreign = {
      [Symbol.toStringTag]: "FormData",
      *[Symbol.iterator]() {
        yield ["a", "1"];
        yield ["file", { name: "b.txt", type: "text/x", arrayBuffer: async () => utf8("payload").buffer }];
      },
    };
    await at.pool.fetch("http://a.test/", { method: "POST", body: foreign as unknown as FormData });
    const [{ headers, body: sent } = assertNever()] = at.requests;
    const form = await new Response(sent as BodyInit, {
      headers: { "content-type": headers.get("content-type") ?? "" },
    }).formData();
    const file = form.get("file") as File;
    assertEquals([form.get("a"), await file.text(), file.name], ["1", "payload", "b.txt"]);
  });

  it("keeps the caller's Content-Type", async () => {
    await using at = serving();
    const init = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
    await at.pool.fetch("http://a.test/", init);
    await at.pool.request("http://a.test/", init);
    for (const { headers } of at.requests) assertEquals(headers.get("content-type"), "application/json");
  });

  it("of a stream is framed by the caller's Content-Length", async () => {
    await using at = serving();
    const headers = { "content-length": "7" };
    const body = () => pieces(utf8("pay"), utf8("load")).stream;
    await at.pool.fetch("http://a.test/", { method: "PUT", body: body(), headers, duplex: "half" });
    await at.pool.request("http://a.test/", { method: "PUT", body: body(), headers });
    for (const request of at.requests) {
      assertEquals([request.headers.get("content-length"), request.text()], ["7", "payload"]);
    }
  });

  it("of another length than its Content-Length is the caller's error, and ends the connection", async () => {
    for (const list of [["pay"], ["pay", "load", "s"], ["payloads"]]) {
      await using at = scripted(() => {});
      const { stream: body } = pieces(...list.map(utf8));
      const init = { method: "PUT", body, headers: { "content-length": "7" }, duplex: "half" } as const;
      const cause = await causeOf(at.pool.fetch("http://a.test/", init));
      assertEquals([cause.code, cause.retriable], ["ERR_REQUEST_BODY", false]);
      assertEquals(at.transport.peers[0]?.receivedText.includes("loads"), false);
      assertStringIncludes(cause.message, "7 bytes");
      assertEquals(retired(at.events), ["aborted"]);
    }
  });

  it("that fails while it is read fails the request with its error as the cause", async () => {
    await using at = serving();
    const reason = new Error("disk on fire");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield utf8("pay");
      throw reason;
    }
    const cause = await causeOf(at.pool.fetch("http://a.test/", { method: "PUT", body: failing() }));
    assertEquals([cause.code, cause.sent], ["ERR_REQUEST_BODY", "partial"]);
    assertStrictEquals(cause.cause, reason);
    assertEquals([at.requests.length, retired(at.events)], [0, ["aborted"]]);
  });

  it("of a Request that fails before its first piece fails the request, and nothing is sent", async () => {
    await using at = serving();
    const reason = new Error("disk on fire");
    const body = new ReadableStream({ pull: (controller) => controller.error(reason) }, { highWaterMark: 0 });
    const request = { url: "http://a.test/", method: "PUT", body };
    const cause = await causeOf(at.pool.fetch(request));
    assertEquals([cause.code, cause.sent, at.transport.attempts], ["ERR_REQUEST_BODY", "none", 0]);
    assertStrictEquals(cause.cause, reason);
  });

  it("of a stream that gives something else than bytes is the caller's error", async () => {
    await using at = serving();
    const body = new ReadableStream({ start: (controller) => controller.enqueue("text") });
    const init = { method: "PUT", body, duplex: "half" } as const;
    assertEquals((await causeOf(at.pool.fetch("http://a.test/", init))).code, "ERR_REQUEST_BODY");
  });

  it("of a Request in pieces that come late is sent in chunks, without collecting it first", async () => {
    await using at = serving();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const sending = at.pool.fetch({ url: "http://a.test/", method: "POST", body: readable });
    await writer.write(utf8("pay"));
    const received = () => at.transport.peers[0]?.receivedText ?? "";
    await eventually(() => received().includes("\r\n3\r\npay\r\n"), "the first piece");
    await writer.write(utf8("load"));
    await writer.close();
    assertEquals((await sending).status, 200);
    assertEquals(at.requests[0]?.text(), "payload");
  });

  it("that is a stream is read only as fast as the peer reads, and goes on when the peer reads again", async () => {
    const window = 10_000;
    await using at = scripted((peer) => peer.stopReading(), {}, { window });
    const piece = new Uint8Array(4000).fill(120);
    const source = pieces(...Array.from({ length: 50 }, () => piece));
    const sending = at.pool.fetch("http://a.test/", { method: "PUT", body: source.stream, duplex: "half" });
    for (let turn = 0; turn < 20; turn++) await settled();
    const [peer] = at.transport.peers;
    assert(source.taken() <= 4, `${source.taken()} pieces were taken though the peer reads nothing`);
    peer?.startReading();
    await eventually(() => peer?.receivedText.endsWith("\r\n0\r\n\r\n") === true, "the last chunk");
    assertEquals(source.taken(), 50);
    peer?.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assertEquals((await sending).status, 200);
    assertEquals(at.pool.stats().idle, 1);
  });

  it("of several megabytes arrives as it was, whole and streamed", async () => {
    await using at = serving(({ body }) => ({ body: String(body.length) }));
    const large = new Uint8Array(3_000_001).map((_, index) => index * 31);
    const { stream } = pieces(large.subarray(0, 1_000_000), large.subarray(1_000_000));
    const whole = await at.pool.fetch("http://a.test/", { method: "PUT", body: large });
    const streamed = await at.pool.fetch("http://a.test/", { method: "PUT", body: stream, duplex: "half" });
    assertEquals([await whole.text(), await streamed.text()], ["3000001", "3000001"]);
    for (const { body } of at.requests)
      assertEquals(
        body.every((byte, index) => byte === large[index]),
        true,
      );
  });

  it("that is a stream in use is refused before a socket is opened", async () => {
    await using at = serving();
    const { stream: body } = pieces(utf8("x"));
    body.getReader();
    for (const send of [at.pool.fetch, at.pool.request]) {
      const error = await failure(
        send("http://a.test/", { method: "PUT", body, duplex: "half" } as RequestInit & object),
      );
      assertInstanceOf(error, TypeError);
    }
    assertEquals(at.transport.attempts, 0);
  });
});

function assertNever(): never {
  throw new Error("No request was answered");
}
