/** Byte streams: what a BYOB reader can do with a body of the runtime's own fetch, it can do with one of the pool's. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { failure, scripted, settled } from "./support.ts";

/** Bun 1.4 has no byte streams as bodies; its own fetch says the same as the pool's. */
const IS_BUN = "Bun" in globalThis;
/** Longer than a body that is decoded before anybody reads it. */
const LARGE = "0123456789".repeat(30_000);

/** Bodies by path: those that lie in the slots of a response, those that are streamed, and decoded ones of both kinds. */
const BODIES: Readonly<Record<string, readonly [body: string, coded: boolean]>> = {
  "/none": ["", false],
  "/small": ["hello", false],
  "/large": [LARGE, false],
  "/small-coded": ["hello", true],
  "/large-coded": [LARGE, true],
  "/later-coded": ["hello", true],
};

const server = createServer(({ url }, response) => {
  const [body, coded] = BODIES[url ?? ""] ?? ["?", false];
  if (coded) response.setHeader("content-encoding", "gzip");
  const content = coded ? gzipSync(body) : body;
  if (url !== "/later-coded") return response.end(content);
  response.flushHeaders();
  return setTimeout(() => response.end(content), 20);
});
let origin = "";
const pool = createPool();

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  await pool.close({ timeout: 0 });
  server.closeAllConnections();
  server.close();
});

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

/** The body, read with one small buffer, and what is left of the buffer in the end. */
async function byob(body: Body | null): Promise<{ text: string; buffer: number }> {
  const reader = (body as Body).getReader({ mode: "byob" });
  const decoder = new TextDecoder();
  let view = new Uint8Array(1000);
  let text = "";
  for (;;) {
    const { done, value } = await reader.read(view);
    if (value !== undefined) view = new Uint8Array(value.buffer);
    if (done) return { text, buffer: view.length };
    text += decoder.decode(value);
  }
}

const WAYS: Readonly<Record<string, (response: Response) => Promise<unknown>>> = {
  body: (response) => byob(response.body),
  "a clone and the response": async (response) => {
    const clone = response.clone();
    return [await byob(clone.body), await byob(response.body)];
  },
  "a clone of a clone": (response) => byob(response.clone().clone().body),
  "both sides of tee()": async (response) => {
    const [one, two] = (response.body as Body).tee();
    return [await byob(one), await byob(two)];
  },
  "another Response of the body": (response) => byob(new Response(response.body).body),
};

describe("a BYOB reader", () => {
  for (const [path, [text]] of Object.entries(BODIES)) {
    for (const [what, read] of Object.entries(WAYS)) {
      it(`reads ${path} as with the runtime's own fetch: ${what}`, async () => {
        const outcomeOf = (fetching: Promise<Response>) => fetching.then(read).catch((error) => error.name);
        const own = await outcomeOf(fetch(origin + path));
        assertEquals(await outcomeOf(pool.fetch(origin + path)), own);
        if (!IS_BUN && what === "body") assertEquals(own, { text, buffer: 1000 });
      });
    }
  }
});

/** A response of a peer that the test drives, and the peer's function to send more. */
async function streamed(options: { signal?: AbortSignal; length?: number | undefined } = {}) {
  const { signal, length } = { length: 4, ...options };
  let send: (text: string) => void = () => {};
  let end: () => void = () => {};
  const { pool: own } = scripted((peer) => {
    send = (text) => peer.send(text);
    end = () => peer.end();
    const framing = length === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
    peer.onData(() => peer.send(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`));
  });
  const { body } = await own.fetch("http://a.test/", signal === undefined ? {} : { signal });
  return { body: body as Body, send: (text: string) => send(text), end: () => end() };
}

describe("a waiting BYOB reader", { skip: IS_BUN && "Bun has no byte streams as bodies" }, () => {
  it("gets its buffer back when the body ends", async () => {
    const { body, send } = await streamed();
    const reader = body.getReader({ mode: "byob" });
    const first = reader.read(new Uint8Array(4));
    await settled();
    send("abcd");
    assertEquals((await first).value?.length, 4);
    const last = await reader.read(new Uint8Array(8));
    assertEquals([last.done, last.value?.buffer.byteLength], [true, 8]);
    await reader.closed;
  });

  it("gets its buffer back when the body ends while it waits", async () => {
    const { body, send } = await streamed({ length: undefined });
    const reader = body.getReader({ mode: "byob" });
    const first = reader.read(new Uint8Array(4));
    await settled();
    send("4\r\nabcd\r\n");
    assertEquals((await first).value?.length, 4);
    const waiting = reader.read(new Uint8Array(8));
    await settled();
    send("0\r\n\r\n");
    const last = await Promise.race([waiting, settled()]);
    assertEquals([last?.done, last?.value?.buffer.byteLength], [true, 8]);
  });

  it("gets what has come, and the rest later", async () => {
    const { body, send } = await streamed();
    const reader = body.getReader({ mode: "byob" });
    const first = reader.read(new Uint8Array(8));
    await settled();
    send("ab");
    assertEquals((await first).value, new Uint8Array([97, 98]));
    const second = reader.read(new Uint8Array(1));
    await settled();
    send("cd");
    assertEquals((await second).value, new Uint8Array([99]));
    assertEquals((await reader.read(new Uint8Array(8))).value, new Uint8Array([100]));
  });

  it("fails with a TypeError at the end when half an element is left", async () => {
    const { body, send } = await streamed({ length: 3 });
    const reader = body.getReader({ mode: "byob" });
    const first = reader.read(new Uint16Array(1));
    await settled();
    send("abc");
    assertEquals((await first).value?.byteLength, 2);
    assertEquals(((await failure(reader.read(new Uint16Array(1)))) as Error).name, "TypeError");
    const unaligned = await streamed({ length: 1 });
    const other = unaligned.body.getReader({ mode: "byob" });
    const waiting = failure(other.read(new Uint16Array(1)));
    await settled();
    unaligned.send("a");
    assertEquals(((await waiting) as Error).name, "TypeError");
  });

  it("fails like every reader when the connection is lost", async () => {
    const { body, end } = await streamed();
    const reader = body.getReader({ mode: "byob" });
    const waiting = failure(reader.read(new Uint8Array(4)));
    const closed = failure(reader.closed);
    await settled();
    end();
    for (const error of await Promise.all([waiting, closed])) {
      assertEquals((error as Error).message, "fetch failed");
      assertEquals(((error as Error).cause as { code: string }).code, "ERR_CONNECTION_LOST");
    }
  });

  it("fails with the reason of an abort", async () => {
    const controller = new AbortController();
    const { body } = await streamed({ signal: controller.signal });
    const reader = body.getReader({ mode: "byob" });
    const waiting = failure(reader.read(new Uint8Array(4)));
    await settled();
    controller.abort("enough");
    assertEquals(await waiting, "enough");
  });
});

describe("the buffer of a piece", () => {
  for (const path of ["/small", "/large", "/small-coded", "/large-coded", "/later-coded"]) {
    it(`may be transferred, and holds ${path} and nothing else`, async () => {
      // A second body is read meanwhile: memory that both shared would break one of them.
      const [one, two] = await Promise.all([pool.fetch(origin + path), pool.fetch(origin + path)]);
      const other = two.text();
      let text = "";
      for await (const piece of one.body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
        const taken = structuredClone(piece.buffer, { transfer: [piece.buffer] });
        text += new TextDecoder().decode(taken);
      }
      const [body] = BODIES[path] ?? [];
      assertEquals([text, await other], [body, body]);
    });
  }
});

describe("a reader that waits for the end alone", () => {
  it("hears of an error behind the head, though it reads nothing more", async () => {
    const { body, send } = await streamed({ length: undefined });
    const reader = body.getReader();
    const first = reader.read();
    await settled();
    send("4\r\nabcd\r\n");
    assertEquals((await first).value?.length, 4);
    const closed = failure(reader.closed);
    send("4\r\nefgh\r\n");
    send("garbage");
    const error = (await closed) as Error;
    assertEquals([error.name, (error.cause as { code: string }).code], ["TypeError", "ERR_PROTOCOL"]);
  });
});
