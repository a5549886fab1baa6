/** Decoders of content codings, whole and streamed, in every form that servers send; truncated data is an error. */

import { describe, it } from "node:test";
import zlib from "node:zlib";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ContentDecoder } from "../../src/contract/transport.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import { PATIENT } from "../support/patience.ts";
import { assertSameBytes, pattern, transport } from "./support.ts";

const codings: Record<string, [coding: string, encode: (bytes: Uint8Array) => Uint8Array]> = {
  gzip: ["gzip", zlib.gzipSync],
  "x-gzip": ["x-gzip", zlib.gzipSync],
  "deflate with a zlib header": ["deflate", zlib.deflateSync],
  "bare deflate": ["deflate", zlib.deflateRawSync],
  br: ["br", zlib.brotliCompressSync],
  zstd: ["zstd", (bytes) => zlib.zstdCompressSync(bytes)],
};

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

/** Decodes in a turn of the event loop whose budget allows it. */
async function atOnce(
  whole: NonNullable<ContentDecoder["whole"]>,
  bytes: Uint8Array,
  limit: number,
): Promise<Uint8Array> {
  for (let turn = 0; turn < 100; turn++) {
    const decoded = whole(bytes, limit);
    if (decoded !== undefined) return decoded;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  throw new Error("never decoded at once");
}

function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + size));
      at += size;
    },
  });
}

for (const [name, [coding, encode]] of Object.entries(codings)) {
  const found = transport.decoder?.(coding);
  const decoder = found as ContentDecoder; // otherwise the suite is skipped
  const { whole } = found ?? {};
  const skip = found === undefined ? `no ${coding} on this runtime` : false;
  const original = pattern(200_000);

  describe(`the decoder for ${name}`, { skip }, () => {
    it("decodes a whole body", async (context) => {
      if (whole === undefined) return context.skip(`${coding} is had as a stream only`);
      const small = original.subarray(0, 100_000);
      assertSameBytes(await atOnce(whole, encode(small), 100_000), small);
    });

    it("refuses to decode a whole body above the limit", () => {
      const small = encode(original.subarray(0, 5000));
      if (whole) assertEquals([whole(small, 4999), whole(small, 5000)?.length], [undefined, 5000]);
    });

    it("decodes an empty body to an empty body", async () => {
      assertEquals(whole?.(new Uint8Array(0), 0)?.length ?? 0, 0);
      assertEquals(
        await collect(inPieces(new Uint8Array(0), 1).pipeThrough(decoder.stream())),
        new Uint8Array(0),
      );
    });

    it("decodes a stream in pieces of any size", async () => {
      for (const size of [1, 1000, 1_000_000]) {
        const source = size === 1 ? original.subarray(0, 500) : original;
        assertSameBytes(await collect(inPieces(encode(source), size).pipeThrough(decoder.stream())), source);
      }
    });

    it("fails on a truncated body, whole and streamed", async () => {
      const cut = encode(original).slice(0, -20);
      if (whole) await assertRejects(() => atOnce(whole, cut, 300_000));
      await assertRejects(() => collect(inPieces(cut, 1000).pipeThrough(decoder.stream())));
    });

    it("fails on malformed data", async () => {
      const broken = encode(original).fill(0xff, 0, 8);
      if (whole) await assertRejects(() => atOnce(whole, broken, 300_000));
      await assertRejects(() => collect(inPieces(broken, 1000).pipeThrough(decoder.stream())));
    });

    it("makes the writer wait for the reader", PATIENT, async () => {
      const { readable, writable } = decoder.stream();
      const writer = writable.getWriter();
      let written = 0;
      // Brotli takes a third of a second to make it, on a machine that does nothing else.
      const bomb = encode(new Uint8Array(5_000_000));
      const writing = (async () => {
        for (let at = 0; at < bomb.length; at += 100) {
          await writer.write(bomb.subarray(at, at + 100));
          written += 100;
        }
        await writer.close();
      })();
      writing.catch(() => {});
      // Another one, which is read, is through by then.
      assertEquals((await collect(inPieces(bomb, 100).pipeThrough(decoder.stream()))).length, 5_000_000);
      assert(written < bomb.length, `all ${bomb.length} bytes were accepted without a reader`);
      await readable.cancel();
    });

    /** At each of the first microtasks: what zlib has decoded is passed on in ticks of its own (Deno 2.9). */
    it("that is left while a piece is awaited passes nothing on", PATIENT, async () => {
      const bytes = encode(original);
      for (let ticks = 0; ticks < 16; ticks++) {
        const decoded = inPieces(bytes, 50_000).pipeThrough(decoder.stream());
        const reader = decoded.getReader();
        await reader.read();
        const waiting = reader.read();
        for (let tick = 0; tick < ticks; tick++) await undefined;
        await reader.cancel();
        await waiting;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    });
  });
}

describe("an unknown coding", () => {
  it("has no decoder", () => {
    assertEquals(zlibDecoder("compress"), undefined);
    assertEquals(zlibDecoder("constructor"), undefined);
  });
});
