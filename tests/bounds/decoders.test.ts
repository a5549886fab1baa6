/** Decoders: a bomb (zeros compressed to nearly nothing) costs nothing before it is read, and little at a time then. */

import process from "node:process";
import { describe, it } from "node:test";
import zlib from "node:zlib";
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { decodeStream, decodeWhole, decodingOf, type FindDecoder } from "../../src/fetch/decode.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import { answering, causeOf, scripted, settled } from "../fetch/support.ts";

const MIB = 1024 * 1024;

/** A compressed body of zeros, made without having all of them in memory. */
async function zeros(engine: zlib.Gzip | zlib.BrotliCompress, mebibytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  engine.on("data", (piece: Uint8Array) => pieces.push(piece));
  const ended = new Promise((resolve) => engine.on("end", resolve));
  const piece = new Uint8Array(MIB);
  for (let count = 0; count < mebibytes; count++) {
    if (!engine.write(piece)) await new Promise((resolve) => engine.once("drain", resolve));
  }
  engine.end();
  await ended;
  return new Uint8Array(Buffer.concat(pieces));
}

const quick = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } };

/** 256 MiB each. More would only take longer to make, because none of it is decoded. */
const gzipped = once(() => zeros(zlib.createGzip({ level: 1 }), 256));
const brotlied = once(() => zeros(zlib.createBrotliCompress(quick), 256));
const BOMBS: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  gzip: gzipped,
  deflate: () => zeros(zlib.createDeflate({ level: 1 }), 256),
  br: brotlied,
  zstd: () => zeros(zlib.createZstdCompress(), 256),
  "gzip, gzip": async () => zlib.gzipSync(await gzipped()),
  "br, br": async () => zlib.brotliCompressSync(await brotlied(), quick),
  "gzip, br, deflate, br, gzip": async () => {
    const twice = zlib.deflateSync(zlib.brotliCompressSync(await gzipped(), quick));
    return zlib.gzipSync(zlib.brotliCompressSync(twice, quick));
  },
};

/** Makes it at the first call, and answers it again: some bombs are made of others. */
function once(make: () => Promise<Uint8Array>): () => Promise<Uint8Array> {
  let made: Promise<Uint8Array> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function coded(coding: string, bytes: Uint8Array): string {
  return `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${bytes.length}\r\n\r\n${latin1(bytes)}`;
}

/** Waits some turns of the event loop, until everything that could go on by itself has done so. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

for (const [coding, make] of Object.entries(BOMBS)) {
  const skip = coding === "zstd" && zlibDecoder("zstd") === undefined ? "this runtime has no zstd" : false;

  describe(`a bomb coded with ${coding}`, { skip }, () => {
    it("costs nothing until it is read, and little at a time then", async () => {
      const bomb = await make();
      await using at = answering(coded(coding, bomb));
      const before = process.memoryUsage();
      const response = await at.pool.fetch("http://a.test/");
      await turns(20);
      const after = process.memoryUsage();
      assertLess(after.rss - before.rss, 32 * MIB);

      // While it is read, chunks are small, and no turn of the event loop decodes more than its share.
      let [turn, most, total] = [0, 0, 0];
      const ticking = setInterval(() => {
        turn = 0;
      }, 0);
      const tick = () => {
        turn = 0;
        immediate = setImmediate(tick);
      };
      let immediate = setImmediate(tick);
      const reader = response.body?.getReader();
      while (total < 16 * MIB) {
        const { value } = (await reader?.read()) ?? {};
        assert(value !== undefined && value.length <= 65_536, `a chunk of ${value?.length}`);
        total += value.length;
        turn += value.length;
        most = Math.max(most, turn);
      }
      clearInterval(ticking);
      clearImmediate(immediate);
      assertLess(most, MIB);
      await reader?.cancel();
      assertEquals(at.pool.stats().active, 0);
    });
  });
}

describe("a body that was flushed in parts", () => {
  const ENGINES = {
    gzip: () => zlib.createGzip(),
    deflate: () => zlib.createDeflate(),
    br: () => zlib.createBrotliCompress(quick),
    zstd: () => zlib.createZstdCompress(),
  };

  for (const [coding, make] of Object.entries(ENGINES)) {
    const skip = zlibDecoder(coding) === undefined ? `this runtime has no ${coding}` : false;

    it(`is read as far as it was flushed: ${coding}`, { skip }, async () => {
      for (const size of [1, 100, 5000, 20_000, 70_000]) await flushes(coding, make(), size);
    });
  }

  /** Each part is read to its last byte before the next one is sent, so a decoder that withholds bytes hangs. */
  async function flushes(coding: string, engine: zlib.Gzip | zlib.BrotliCompress, size: number) {
    const pieces: Uint8Array[] = [];
    engine.on("data", (piece: Uint8Array) => pieces.push(piece));
    let send = (_: Uint8Array): void => {};
    await using at = scripted((peer) => {
      peer.onData(() => {
        peer.send(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\n\r\n`);
        send = (bytes) => peer.send(bytes);
      });
    });
    const alive = setInterval(() => {}, 1000);
    const response = await at.pool.fetch("http://a.test/");
    const reader = response.body?.getReader();
    for (let part = 0; part < 3; part++) {
      const data = Uint8Array.from({ length: size }, (_, index) => (index * 7919 + part * 31) % 251);
      engine.write(data);
      await new Promise<void>((resolve) => engine.flush(resolve));
      await turns(2);
      send(new Uint8Array(Buffer.concat(pieces.splice(0))));
      let read = 0;
      while (read < size) read += (await reader?.read())?.value?.length ?? 0;
      assertEquals(read, size);
    }
    await reader?.cancel();
    clearInterval(alive);
  }
});

describe("the end of coded data", () => {
  const text = new TextEncoder().encode("Where does it end? ".repeat(100));
  const all = (body: Uint8Array, coding: string) => {
    const decoding = decodingOf(coding, zlibDecoder) ?? [];
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(body);
        controller.close();
      },
    });
    const stream = decodeStream(source, decoding, (error) => error, { byteStreams: true });
    return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  };
  const twice = (bytes: Uint8Array) => new Uint8Array(Buffer.concat([bytes, bytes]));
  const noZstd = zlibDecoder("zstd") === undefined ? "this runtime has no zstd" : false;

  it("of gzip with several members is that of the last", async () => {
    assertEquals((await all(twice(zlib.gzipSync(text)), "gzip")).length, 2 * text.length);
    assertEquals(zlibDecoder("gzip")?.whole?.(twice(zlib.gzipSync(text)), 10_000)?.length, 2 * text.length);
  });

  it("of zstd with several frames is that of the last", { skip: noZstd }, async () => {
    assertEquals((await all(twice(zlib.zstdCompressSync(text)), "zstd")).length, 2 * text.length);
    assertEquals(
      decodeWhole(twice(zlib.zstdCompressSync(text)), decodingOf("zstd", zlibDecoder) ?? []),
      undefined,
    );
  });

  it("of a frame that needs a window above 8 MiB never comes", { skip: noZstd }, async () => {
    const params = { [zlib.constants.ZSTD_c_windowLog]: 24 };
    const engine = zlib.createZstdCompress({ params });
    const pieces: Uint8Array[] = [];
    engine.on("data", (piece: Uint8Array) => pieces.push(piece));
    const ended = new Promise((resolve) => engine.on("end", resolve));
    engine.end(text);
    await ended;
    await assertRejects(() => all(new Uint8Array(Buffer.concat(pieces)), "zstd"), Error, "memory");
  });

  it("ends the reading of the source, even if bytes follow for ever", async () => {
    let pulled = 0;
    let cancelled = false;
    const body = zlib.brotliCompressSync(text);
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(pulled++ === 0 ? body : new Uint8Array(1000));
      },
      cancel() {
        cancelled = true;
      },
    });
    const stream = decodeStream(endless, decodingOf("br", zlibDecoder) ?? [], (error) => error, {
      byteStreams: true,
    });
    const read = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
    await turns(5);
    assertEquals([read.length, cancelled, pulled < 20], [text.length, true, true]);
  });

  it("left early frees the source", async () => {
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(zlib.gzipSync(new Uint8Array(MIB))),
      cancel(reason) {
        cancelled = reason;
      },
    });
    const stream = decodeStream(source, decodingOf("gzip", zlibDecoder) ?? [], (error) => error, {
      byteStreams: true,
    });
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel("enough");
    await turns(5);
    assertEquals(cancelled, "enough");
  });

  it("left before the first read leaves the source alone but for that", async () => {
    const seen: unknown[] = [];
    const source = new ReadableStream<Uint8Array>(
      { pull: () => void seen.push("pull"), cancel: (reason) => void seen.push(reason) },
      { highWaterMark: 0 },
    );
    const stream = decodeStream(source, decodingOf("gzip", zlibDecoder) ?? [], (error) => error, {
      byteStreams: true,
    });
    await turns(3);
    await stream.cancel("enough");
    assertEquals(seen, ["enough"]);
  });
});

describe("a chain of codings", () => {
  const none: FindDecoder = () => undefined;

  it("may be five long; `identity` does not count", () => {
    const five = "gzip, identity, gzip,,gzip, ,IDENTITY, gzip, gzip";
    assertEquals(decodingOf(five, zlibDecoder)?.length, 5);
    assertEquals(decodingOf(`identity${", identity".repeat(100)}`, zlibDecoder), undefined);
  });

  it("that is longer is refused, with known or unknown codings, on one line or on several", async () => {
    for (const value of ["gzip, gzip, gzip, gzip, gzip, gzip", "a, b, c, d, e, f"]) {
      const lines = value
        .split(", ")
        .map((coding) => `Content-Encoding: ${coding}\r\n`)
        .join("");
      for (const fields of [`Content-Encoding: ${value}\r\n`, lines]) {
        await using at = answering(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\nX: 1\r\n\r\n`);
        const cause = await causeOf(at.pool.fetch("http://a.test/"));
        assertEquals([cause.code, cause.message.includes("6 codings")], ["ERR_DECODE", true]);
        await settled();
      }
    }
    assertEquals(decodingOf("a, b, c, d, e", none), undefined);
  });
});

describe("a transport without decoders", () => {
  it("gives small chunks as well", async () => {
    const bomb = zlib.gzipSync(new Uint8Array(8 * MIB));
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bomb);
        controller.close();
      },
    });
    const { decodersOf } = await import("../../src/fetch/decode.ts");
    const decoding = decodingOf("gzip", decodersOf({} as never)) ?? [];
    const reader = decodeStream(source, decoding, (error) => error, { byteStreams: true }).getReader();
    let total = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      assert(next.value.length <= 65_536);
      total += next.value.length;
    }
    assertEquals(total, 8 * MIB);
  });
});
