/**
 * Genuine responses whose body is read without their stream, as on Deno, Bun and workerd: the first reader gets the body,
 * and the members of the response stay consistent.
 */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { isFetchResponse } from "../../src/fetch/fetch-response.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { BODY_FORMS, failure, scripted, settled } from "./support.ts";

/** JSON, larger than bodies that are copied into the response. */
const TEXT = JSON.stringify({ a: "x".repeat(10_000) });
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${TEXT.length}\r\n\r\n`;

interface Got extends AsyncDisposable {
  readonly response: Response;
  /** Sends the rest of the body. */
  rest(): void;
  readonly peer: MemoryPeer;
}

/** A response, `arrived` bytes of whose body come with the head. */
async function got(arrived: number): Promise<Got> {
  const peers: MemoryPeer[] = [];
  const accept = (peer: MemoryPeer) => {
    peers.push(peer);
    peer.onData(() => peer.send(HEAD + TEXT.slice(0, arrived)));
  };
  const at = scripted(accept, {}, {}, { lazyResponse: false });
  const response = await at.pool.fetch("http://a.test/");
  assert(isFetchResponse(response));
  const peer = peers[0] as MemoryPeer;
  const rest = () => peer.send(TEXT.slice(arrived));
  return { response, rest, peer, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
}

for (const [when, arrived] of [
  ["has arrived", TEXT.length],
  ["is on its way", 5000],
  ["has not begun", 0],
] as const) {
  describe(`a response whose body ${when}`, () => {
    for (const [form, read] of Object.entries(BODY_FORMS)) {
      it(`gives it once: ${form}`, async () => {
        await using at = await got(arrived);
        const { response } = at;
        assertEquals(response.bodyUsed, false);
        const reading = read(response);
        at.rest();
        assertEquals(await reading, TEXT);
        assertEquals(response.bodyUsed, true);
        for (const again of ["text", "json", "arrayBuffer", "blob"] as const)
          await assertRejects(() => response[again](), TypeError);
        assertThrows(() => response.clone(), TypeError);
      });
    }

    it("gives it twice after clone()", async () => {
      await using at = await got(arrived);
      const copy = at.response.clone();
      const both = Promise.all([at.response.text(), copy.json()]);
      at.rest();
      assertEquals(await both, [TEXT, JSON.parse(TEXT)]);
    });

    it("gives it to the reader of the response's stream, whether `body` was read before or not", async () => {
      await using at = await got(arrived);
      assert(at.response.body !== null);
      const passedOn = new Response(at.response.body, at.response);
      at.rest();
      assertEquals([await passedOn.text(), at.response.bodyUsed], [TEXT, true]);
      await assertRejects(() => at.response.text(), TypeError);
    });

    it("still gives it by text() after `body` was only compared with null", async () => {
      await using at = await got(arrived);
      assert(at.response.body !== null);
      const reading = at.response.text();
      at.rest();
      assertEquals(await reading, TEXT);
    });
  });
}

describe("a response whose body breaks off", () => {
  for (const form of ["text", "bytes", "arrayBuffer", "body"] as const) {
    it(`fails by ${form} as fetch does`, async () => {
      await using at = await got(5000);
      const reading = failure((BODY_FORMS[form] as (response: Response) => Promise<unknown>)(at.response));
      await settled();
      at.peer.end();
      const error = (await reading) as TypeError;
      assert(error instanceof TypeError);
      assertEquals((error.cause as { code?: string } | undefined)?.code, "ERR_CONNECTION_LOST");
    });
  }
});

describe("a buffer of a response", () => {
  it("holds the body and nothing else", async () => {
    await using at = await got(TEXT.length);
    assertEquals((await at.response.arrayBuffer()).byteLength, TEXT.length);
  });
});
