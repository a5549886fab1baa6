/** Held bodies: a response whose body arrived whole has a copy of it, whatever becomes of the memory that it was collected in. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { PoolOptions } from "../../mod.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { type Setup, scripted, utf8 } from "./support.ts";

const HELD = 65_536;
const SIZES = [5000, 16_384, HELD, HELD + 1, 200_000] as const;

/** A body that is unlike another one at every place. */
const bodyOf = (seed: number, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(length).map((_, at) => 32 + ((at * 7 + seed) % 95));

const decoder = new TextDecoder();
const textOf = (seed: number, length: number): string => decoder.decode(bodyOf(seed, length));

/** A message whose body is the UTF-8 form of a text. */
function announced(text: string): Uint8Array[] {
  const body = utf8(text);
  return [
    utf8(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ];
}

function chunked(text: string): Uint8Array[] {
  const body = utf8(text);
  const third = Math.ceil(body.length / 3);
  const parts = [0, 1, 2].map((part) => body.subarray(part * third, (part + 1) * third));
  const chunks = parts.flatMap((part) => [utf8(`${part.length.toString(16)}\r\n`), part, utf8("\r\n")]);
  return [utf8("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), ...chunks, utf8("0\r\n\r\n")];
}

const FRAMINGS = { "a known length": announced, chunks: chunked } as const;

/** Each message arrives in one piece. */
function at(messages: readonly Uint8Array[][], options: PoolOptions = {}): Setup {
  const left = messages.map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
  const accept = (peer: MemoryPeer) => peer.onData(() => peer.send(left.shift() ?? ""));
  return scripted(accept, options, {}, { lazyResponse: false, heldBytes: HELD });
}

async function fetched(setup: Setup, count: number, init?: RequestInit): Promise<Response[]> {
  const list: Response[] = [];
  for (let one = 0; one < count; one++) list.push(await setup.pool.fetch("http://a.test/", init));
  return list;
}

const READINGS: Record<string, (response: Response) => Promise<string>> = {
  text: (response) => response.text(),
  arrayBuffer: async (response) => decoder.decode(await response.arrayBuffer()),
  blob: async (response) => (await response.blob()).text(),
  "a clone": (response) => response.clone().text(),
  "a stream": (response) => new Response(response.body).text(),
};

for (const [framing, message] of Object.entries(FRAMINGS))
  describe(`a body of ${framing}`, () => {
    for (const [reading, read] of Object.entries(READINGS))
      it(`is what was sent, although others came before it was read as ${reading}`, async () => {
        for (const size of SIZES) {
          const seeds = [1, 2, 3, 4, 5, 6];
          await using setup = at(seeds.map((seed) => message(textOf(seed, size))));
          const responses = await fetched(setup, seeds.length);
          for (const [index, response] of responses.entries()) {
            const text = await read(response);
            assertEquals(text === textOf(index + 1, size), true, `${size} bytes, response ${index}`);
            assertEquals(response.bodyUsed, reading !== "a clone");
          }
        }
      });

    it("is in memory of exactly its length, which shows nothing of another", async () => {
      await using setup = at([60_000, 5000, 9000].map((size) => message(textOf(1, size))));
      const responses = await fetched(setup, 3);
      const [, first, second] = await Promise.all(responses.map((response) => response.arrayBuffer()));
      assertEquals([first?.byteLength, second?.byteLength], [5000, 9000]);
    });

    it("is read by both calls in the same way, and in any order", async () => {
      const seeds = [1, 2, 3, 4];
      await using setup = at(seeds.map((seed) => message(textOf(seed, 16_384))));
      const first = await setup.pool.fetch("http://a.test/");
      const bytes = await (await setup.pool.request("http://a.test/")).bytes();
      const third = await setup.pool.fetch("http://a.test/");
      const fourth = await (await setup.pool.request("http://a.test/")).text();
      const all = [await first.text(), decoder.decode(bytes), await third.text(), fourth];
      assertEquals(
        all.map((text, index) => text === textOf(index + 1, 16_384)),
        [true, true, true, true],
      );
      assertEquals(bytes.buffer.byteLength, 16_384);
    });

    it("is text as the standard decodes it", async () => {
      const texts = ["\ufeff", "ä", "€", "𝒳", "\ufffd", "\0"].flatMap((sign) => [
        sign + "x".repeat(20_000),
        "x".repeat(20_000) + sign,
        // Node 24 takes two byte order marks for one.
        `${sign}a`.repeat(3000),
      ]);
      await using setup = at(texts.map(message));
      for (const text of texts) {
        const read = await (await setup.pool.fetch("http://a.test/")).text();
        assertEquals(read === decoder.decode(utf8(text)), true, JSON.stringify(text.slice(0, 3)));
      }
    });

    it("ends with the signal of its call until it is read", async () => {
      await using setup = at([1, 2].map((seed) => message(textOf(seed, 16_384))));
      const controller = new AbortController();
      const [early, late] = (await fetched(setup, 2, { signal: controller.signal })) as [Response, Response];
      assertEquals((await early.text()) === textOf(1, 16_384), true);
      const { body } = late;
      controller.abort("enough");
      const reason = await body
        ?.getReader()
        .read()
        .catch((error: unknown) => error);
      assertEquals(reason, "enough");
    });

    it("is not read where it is longer than may be collected", async () => {
      await using setup = at([message(textOf(1, 16_384)), message(textOf(2, 5000))], {
        responseLimits: { bodyBytes: 9999 },
      });
      const [long, short] = (await fetched(setup, 2)) as [Response, Response];
      assertEquals(await long.text().catch((error: unknown) => error instanceof TypeError), true);
      assertEquals((await short.text()) === textOf(2, 5000), true);
    });
  });

describe("a response to chunks", () => {
  it("has a transfer coding only with a stream, whether it is made like the previous one or not", async () => {
    const sizes = [5000, 5000, 5000, 200_000, 200_000, 200_000, 5000, 200_000];
    await using setup = at(sizes.map((size) => chunked(textOf(1, size))));
    const responses = await fetched(setup, sizes.length);
    const told = responses.map(({ headers }) => headers.get("transfer-encoding"));
    assertEquals(told, [null, null, null, "chunked", "chunked", "chunked", null, "chunked"]);
  });
});

describe("the constructor of a response", () => {
  it("copies bytes within the call, as what is lent to it must be", async () => {
    const bytes = bodyOf(1, 16_384);
    const response = new Response(bytes);
    bytes.fill(0);
    assertEquals((await response.text()) === textOf(1, 16_384), true);
  });
});
