/** Content codings: `fetch` removes them, together with the fields that are no longer true then; `request` does not. */

import { describe, it } from "node:test";
import zlib from "node:zlib";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createPool, HoldfastError, type Pool } from "../../mod.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { answering, causeOf, scripted, serving, settled, utf8 } from "./support.ts";

// Node 20 has no zstd, and importing it by name would fail to load there.
const { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } = zlib;

type Encode = (bytes: Uint8Array) => Uint8Array;

const CODINGS: Record<string, [coding: string, encode: Encode]> = {
  gzip: ["gzip", gzipSync],
  "x-gzip, as old servers say": ["x-gzip", gzipSync],
  "deflate in the zlib format": ["deflate", deflateSync],
  "deflate without it, as some servers send it": ["deflate", deflateRawSync],
  br: ["br", brotliCompressSync],
  zstd: ["zstd", zstdCompressSync],
};

/** Long, and not compressible to nearly nothing. */
const TEXT = Array.from({ length: 20_000 }, (_, index) => String((index * 7919) % 1009)).join(",");

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

const headFor = (coding: string, more = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: ${coding}\r\nX-Kept: 1\r\n${more}\r\n`;

for (const [name, [coding, encode]] of Object.entries(CODINGS)) {
  const skip = zlibDecoder(coding) === undefined ? `this runtime has no ${coding}` : false;

  describe(`a body coded with ${name}`, { skip }, () => {
    const coded = (): Uint8Array => encode(utf8(TEXT));

    it("is decoded when it comes whole, without the fields that describe the coding", async () => {
      await using at = serving(() => ({
        headers: { "Content-Encoding": coding, "X-Kept": "1" },
        body: coded(),
      }));
      const response = await at.pool.fetch("http://a.test/");
      const { headers } = response;
      assertEquals(await response.text(), TEXT);
      assertEquals(
        [headers.get("content-encoding"), headers.get("content-length"), headers.get("x-kept")],
        [null, null, "1"],
      );
    });

    it("is decoded as it comes", async () => {
      await using at = scripted((peer) => {
        peer.onData(() => {
          peer.send(headFor(coding));
          const bytes = coded();
          for (let start = 0; start < bytes.length; start += 1000)
            peer.send(bytes.slice(start, start + 1000));
          peer.end();
        });
      });
      const response = await at.pool.fetch("http://a.test/");
      assertEquals([await response.text(), response.headers.get("content-encoding")], [TEXT, null]);
    });

    it("fails with ERR_DECODE when its coded data are cut short, though the framing is complete", async () => {
      const cut = coded().slice(0, -30);
      for (const streamed of [false, true]) {
        await using at = cutAnswer(coding, cut, streamed);
        const response = await at.pool.fetch("http://a.test/");
        assertEquals((await causeOf(response.text())).code, "ERR_DECODE");
      }
    });

    it("fails with ERR_DECODE when it is not coded so", async () => {
      for (const streamed of [false, true]) {
        await using at = cutAnswer(coding, utf8("\x05this was never compressed at all".repeat(5)), streamed);
        const response = await at.pool.fetch("http://a.test/");
        const cause = await causeOf(response.text());
        assertEquals([cause.code, cause.phase, cause.connection?.id], ["ERR_DECODE", "body", 1]);
        assertEquals([at.pool.stats().active, at.pool.stats().failures], [0, 0]);
      }
    });

    it("that is not coded so can be cancelled, whenever it comes", async () => {
      for (const more of ["", "plain text"]) {
        await using at = answering(`${headFor(coding, "Content-Length: 10\r\n")}${more}`);
        const { body } = await at.pool.fetch("http://a.test/");
        await body?.cancel();
      }
    });

    it("that is empty is empty", async () => {
      for (const streamed of [false, true]) {
        await using at = cutAnswer(coding, new Uint8Array(0), streamed);
        assertEquals(await (await at.pool.fetch("http://a.test/")).text(), "");
      }
    });

    it("whose connection is lost fails with that error, not with ERR_DECODE", async () => {
      await using at = scripted((peer) => {
        peer.onData(() => {
          peer.send(headFor(coding, "Content-Length: 100000\r\n"));
          peer.send(coded().slice(0, 500));
        });
      });
      const response = await at.pool.fetch("http://a.test/");
      const text = response.text();
      await settled();
      at.transport.peers[0]?.reset();
      assertEquals((await causeOf(text)).code, "ERR_CONNECTION_LOST");
    });

    it("that is aborted fails with the signal's reason", async () => {
      await using at = scripted((peer) => {
        peer.onData(() => {
          peer.send(headFor(coding));
          peer.send(coded().slice(0, 500));
        });
      });
      const aborting = new AbortController();
      const response = await at.pool.fetch("http://a.test/", { signal: aborting.signal });
      const reason = new Error("enough");
      const text = response.text().catch((error) => error);
      await settled();
      aborting.abort(reason);
      assertStrictEquals(await text, reason);
    });
  });
}

/** A response with a body of the given bytes, in one packet with the head or in one of its own. */
function cutAnswer(coding: string, bytes: Uint8Array, streamed: boolean) {
  return scripted((peer) => {
    peer.onData(async () => {
      const head = headFor(coding, "Transfer-Encoding: chunked\r\n");
      const body = `${bytes.length === 0 ? "" : `${bytes.length.toString(16)}\r\n${latin1(bytes)}\r\n`}0\r\n\r\n`;
      if (!streamed) return peer.send(head + body);
      peer.send(head);
      await settled();
      peer.send(body);
    });
  });
}

/** Gzip with a header of every optional part (RFC 1952 §2.3). */
function withLongHeader(text: string): Uint8Array {
  const plain = gzipSync(utf8(text));
  const parts = [...utf8("\x04\0four"), ...utf8("name\0"), ...utf8("comment\0"), 1, 2];
  const header = [...plain.slice(0, 3), 2 + 4 + 8 + 16, ...plain.slice(4, 10), ...parts];
  const bytes = Uint8Array.from([...header, ...plain.slice(10)]);
  // The checksum of the header, which some decoders check.
  const sum = zlib.crc32(bytes.slice(0, header.length - 2));
  bytes.set([sum & 255, (sum >> 8) & 255], header.length - 2);
  return bytes;
}

describe("gzip without its trailer, or with a part of it", () => {
  const read = async (bytes: Uint8Array, streamed: boolean): Promise<string> => {
    await using at = cutAnswer("gzip", bytes, streamed);
    const response = await at.pool.fetch("http://a.test/");
    return await response.text().catch((error) => error.cause.code);
  };

  const WHOLE: Record<string, [string, Uint8Array]> = {
    "of text": [TEXT, gzipSync(utf8(TEXT))],
    "of a few bytes": ["hello", gzipSync(utf8("hello"))],
    "of nothing": ["", gzipSync(utf8(""))],
    "with a header of every part": ["hello", withLongHeader("hello")],
    "of much that is alike": ["a".repeat(200_000), gzipSync(utf8("a".repeat(200_000)))],
  };

  for (const [name, [text, bytes]] of Object.entries(WHOLE)) {
    it(`is read: ${name}`, async () => {
      for (const streamed of [false, true])
        for (const missing of [0, 1, 4, 7, 8])
          assertEquals((await read(bytes.slice(0, bytes.length - missing), streamed)).length, text.length);
      assertEquals(await read(bytes.slice(0, -8), true), text);
    });
  }

  it("is read to its end by a slow reader", async () => {
    // Little and much waits for the reader when the body ends.
    for (const size of [65_536, 70_000, 100_000]) {
      const bytes = gzipSync(utf8("a".repeat(size)));
      await using at = cutAnswer("gzip", bytes.slice(0, -8), true);
      const { body } = await at.pool.fetch("http://a.test/");
      let length = 0;
      for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
        length += piece.length;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assertEquals(length, size);
    }
  });

  it("fails wherever more is missing", async () => {
    for (const [text, bytes] of Object.values(WHOLE)) {
      for (const streamed of [false, true])
        for (let missing = 9; missing < Math.min(30, bytes.length); missing++)
          assertEquals(
            await read(bytes.slice(0, bytes.length - missing), streamed),
            "ERR_DECODE",
            text.slice(0, 9),
          );
    }
  });

  it("fails where another member of the body is cut", async () => {
    const one = gzipSync(utf8("hello"));
    const two = Uint8Array.from([...one, ...one]);
    for (const streamed of [false, true]) {
      assertEquals(await read(two, streamed), "hellohello");
      assertEquals(await read(two.slice(0, -8), streamed), "ERR_DECODE");
      assertEquals(await read(two.slice(0, -14), streamed), "ERR_DECODE");
    }
  });

  it("fails where the trailer is wrong", async () => {
    const bytes = Uint8Array.from(gzipSync(utf8("hello")));
    bytes[bytes.length - 8]! ^= 1;
    for (const streamed of [false, true]) assertEquals(await read(bytes, streamed), "ERR_DECODE");
  });

  it("fails in a stream that is too long to be kept", async () => {
    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    assertEquals(
      await read(gzipSync(Uint8Array.from([...noise, ...noise])).slice(0, -8), true),
      "ERR_DECODE",
    );
  });
});

describe("Content-Encoding", () => {
  const twice = (): Uint8Array => deflateSync(gzipSync(utf8(TEXT)));

  it("of several codings is decoded from the last to the first", async () => {
    await using at = serving(() => ({ headers: { "Content-Encoding": "gzip, Deflate" }, body: twice() }));
    assertEquals(await (await at.pool.fetch("http://a.test/")).text(), TEXT);
  });

  it("over several lines is one list", async () => {
    const bytes = latin1(twice());
    const fields = `Content-Encoding: gzip\r\nContent-Encoding: deflate\r\nContent-Length: ${bytes.length}\r\n`;
    await using at = answering(`HTTP/1.1 200 OK\r\n${fields}\r\n${bytes}`);
    assertEquals(await (await at.pool.fetch("http://a.test/")).text(), TEXT);
  });

  it("of identity stays, and nothing is decoded", async () => {
    await using at = serving(() => ({ headers: { "Content-Encoding": "identity" }, body: "plain" }));
    const response = await at.pool.fetch("http://a.test/");
    assertEquals(
      [
        await response.text(),
        response.headers.get("content-encoding"),
        response.headers.get("content-length"),
      ],
      ["plain", "identity", "5"],
    );
  });

  it("of an unknown coding leaves body and fields unchanged", async () => {
    for (const coding of ["compress", "gzip, compress", "constructor", ""]) {
      await using at = serving(() => ({ headers: { "Content-Encoding": coding }, body: "coded" }));
      const response = await at.pool.fetch("http://a.test/");
      assertEquals(
        [
          await response.text(),
          response.headers.get("content-encoding"),
          response.headers.get("content-length"),
        ],
        ["coded", coding, "5"],
      );
    }
  });

  it("of more than five codings is refused", async () => {
    const headers = { "Content-Encoding": Array(6).fill("gzip").join(",") };
    await using at = serving(() => ({ headers, body: "x" }));
    const cause = await causeOf(at.pool.fetch("http://a.test/"));
    assertEquals([cause.code, at.pool.stats().active], ["ERR_DECODE", 0]);
  });

  it("of a response without a body changes nothing", async () => {
    for (const [method, status] of [
      ["HEAD", 200],
      ["GET", 204],
      ["GET", 304],
    ] as const) {
      const head = `HTTP/1.1 ${status} X\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n`;
      await using at = answering(head);
      const response = await at.pool.fetch("http://a.test/", { method });
      const { headers } = response;
      assertEquals([await response.text(), response.body], ["", null]);
      assertEquals([headers.get("content-encoding"), headers.get("content-length")], ["gzip", "99"]);
      assertEquals(at.pool.stats().idle, 1);
    }
  });

  it("is left unchanged by request()", async () => {
    const body = gzipSync(utf8(TEXT));
    await using at = serving(() => ({ headers: { "Content-Encoding": "gzip" }, body }));
    const response = await at.pool.request("http://a.test/");
    assertEquals(
      [response.headers.get("content-encoding"), (await response.bytes()).length],
      ["gzip", body.length],
    );
  });

  it("is decoded in clone() as well", async () => {
    await using at = serving(() => ({
      headers: { "Content-Encoding": "gzip" },
      body: gzipSync(utf8("twice")),
    }));
    const response = await at.pool.fetch("http://a.test/");
    const copy = response.clone();
    assertEquals([await response.text(), await copy.text()], ["twice", "twice"]);
  });

  it("of a bomb is decoded only as fast as the caller reads", async () => {
    const bomb = gzipSync(new Uint8Array(60_000_000));
    await using at = scripted((peer) => {
      peer.onData(async () => {
        peer.send(headFor("gzip"));
        await settled();
        peer.send(bomb);
        peer.end();
      });
    });
    const response = await at.pool.fetch("http://a.test/");
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    assert(value!.length < 10_000_000);
    await reader.cancel();
    assertEquals(at.pool.stats().active, 0);
  });
});

describe("on a transport without decoders", () => {
  const withoutDecoder = (encode: Encode, coding: string): Pool =>
    createPool({
      transport: memoryTransport({
        respond: ({ headers }) => ({
          headers: { "Content-Encoding": coding, "X-Offered": headers.get("accept-encoding") ?? "" },
          body: encode(utf8(TEXT)),
        }),
      }),
    });

  for (const [coding, encode] of [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const) {
    it(`${coding} is decoded by the standard's DecompressionStream`, async () => {
      await using pool = withoutDecoder(encode, coding);
      const response = await pool.fetch("http://a.test/");
      assertEquals([await response.text(), response.headers.get("x-offered")], [TEXT, "gzip, deflate"]);
    });
  }

  it("a body that is not coded so fails with ERR_DECODE", async () => {
    await using pool = withoutDecoder(() => utf8("not compressed"), "gzip");
    const response = await pool.fetch("http://a.test/");
    const error = await assertRejects(() => response.text(), TypeError);
    assert(error.cause instanceof HoldfastError);
    assertEquals(error.cause.code, "ERR_DECODE");
  });

  it("a coding that is missing is neither offered nor decoded", async () => {
    await using pool = withoutDecoder((bytes) => bytes, "br");
    const response = await pool.fetch("http://a.test/");
    assertEquals([await response.text(), response.headers.get("content-encoding")], [TEXT, "br"]);
  });
});
