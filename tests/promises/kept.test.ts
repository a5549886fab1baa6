/**
 * Promise: a program that keeps a stream of a body, or something made from it, can read the body, even if the response
 * was collected. When the program keeps none of that, the connection is given back.
 */

import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import type { Pool } from "../../mod.ts";
import type { Transport } from "../../src/contract/transport.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { collectUntil } from "../support/garbage.ts";
import { type Service, service } from "../support/service.ts";

const PATIENT = { timeout: 120_000 };
/** JavaScriptCore keeps what it still finds on the stack alive. Of this many, all but one must be collected. */
const MANY = 6;
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n";

type Bytes = ReadableStream<Uint8Array>;

/** A response, and its stream. */
const CALLS: Readonly<Record<string, (pool: Pool) => Promise<readonly [object, Bytes]>>> = {
  "request()": async (pool) => {
    const response = await pool.request("http://a.test/");
    return [response, response.body];
  },
  "fetch()": async (pool) => {
    const response = await pool.fetch("http://a.test/");
    return [response, response.body as Bytes];
  },
};

/** A server that begins a body. The test sends the rest. */
function beginning(lent: Partial<Transport>, first = "4\r\nsome\r\n", fields = ""): Service {
  const accept = (peer: MemoryPeer) => peer.onData(() => peer.send(`${CHUNKED}${fields}\r\n${first}`));
  return service({}, undefined, { respond: undefined, accept }, lent);
}

/** Lazy responses are made on Node only. */
const LAZY = "Deno" in globalThis || "Bun" in globalThis ? [] : [true];

async function textOf(chunks: AsyncIterable<Uint8Array> | Bytes): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks as AsyncIterable<Uint8Array>)
    text += decoder.decode(chunk, { stream: true });
  return text;
}

async function* readAll(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

/** Reads the rest of an iterator. */
const rest = (iterator: AsyncIterator<Uint8Array>) => ({ [Symbol.asyncIterator]: () => iterator });

/** What a program may keep instead of the response, and how it reads that later. */
const KEPT: Readonly<Record<string, (stream: Bytes) => () => Promise<string>>> = {
  "the stream": (stream) => () => textOf(stream),
  "a new Response of it": (stream) => {
    const response = new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>);
    return () => response.text();
  },
  "what it is piped through": (stream) => {
    const piped = stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>());
    return () => textOf(piped);
  },
  "a reader": (stream) => {
    const reader = stream.getReader();
    return () => textOf(readAll(reader));
  },
  "an iterator": (stream) => {
    const iterator = (stream as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    return () => textOf(rest(iterator));
  },
  "a half of a tee": (stream) => {
    const [half] = stream.tee();
    return () => textOf(half);
  },
};

/** A frame of its own, so that only what is kept refers to the response. */
async function keepOnly(
  call: (pool: Pool) => Promise<readonly [object, Bytes]>,
  keep: (stream: Bytes) => () => Promise<string>,
  pool: Pool,
  gone: FinalizationRegistry<void>,
): Promise<() => Promise<string>> {
  const [response, stream] = await call(pool);
  gone.register(response, undefined);
  return keep(stream);
}

for (const [name, call] of Object.entries(CALLS)) {
  for (const lazy of name === "fetch()" ? [false, ...LAZY] : [false]) {
    describe(`of a ${lazy ? "lazy " : ""}response of ${name} that was collected`, () => {
      for (const [what, keep] of Object.entries(KEPT)) {
        it(`${what} stays whole`, PATIENT, async () => {
          const { pool, transport, retired } = beginning({ lazyResponse: lazy });
          let collected = 0;
          const gone = new FinalizationRegistry<void>(() => {
            collected += 1;
          });
          const readers: (() => Promise<string>)[] = [];
          for (let count = 0; count < MANY; count++) readers.push(await keepOnly(call, keep, pool, gone));
          // In some runtimes the stream refers to its response, which then is not collected.
          await collectUntil(() => collected >= MANY - 1, 20);
          await collectUntil(() => false, 3);
          assertEquals(retired(), []);
          const texts = readers.map((read) => read());
          for (const peer of transport.peers) peer.send("5\r\n more\r\n0\r\n\r\n");
          assertEquals(
            await Promise.all(texts),
            readers.map(() => "some more"),
          );
          assertEquals([pool.stats().active, pool.stats().idle], [0, MANY]);
        });
      }
    });
  }
}

/** What a program may keep of a response of fetch() and its clone. */
const KEPT_OF_CLONES: Readonly<Record<string, (response: Response) => () => Promise<string>>> = {
  "the clone": (response) => {
    const clone = response.clone();
    return () => clone.text();
  },
  "the stream of the clone": (response) => {
    const { body } = response.clone();
    return () => textOf(body as Bytes);
  },
  "the response": (response) => {
    response.clone();
    return () => response.text();
  },
  "the stream of the response": (response) => {
    response.clone();
    const { body } = response;
    return () => textOf(body as Bytes);
  },
  "a clone of the clone": (response) => {
    const clone = response.clone().clone();
    return () => clone.text();
  },
};

async function keepOfClones(pool: Pool, keep: (response: Response) => () => Promise<string>) {
  return keep(await pool.fetch("http://a.test/"));
}

for (const lazy of [false, ...LAZY]) {
  describe(`of a ${lazy ? "lazy " : ""}response that was cloned`, () => {
    for (const [what, keep] of Object.entries(KEPT_OF_CLONES)) {
      it(`${what} stays whole when the other is collected`, PATIENT, async () => {
        const { pool, transport, retired } = beginning({ lazyResponse: lazy });
        const readers: (() => Promise<string>)[] = [];
        for (let count = 0; count < MANY; count++) readers.push(await keepOfClones(pool, keep));
        await collectUntil(() => false, 8);
        assertEquals(retired(), []);
        const texts = readers.map((read) => read());
        for (const peer of transport.peers) peer.send("5\r\n more\r\n0\r\n\r\n");
        assertEquals(
          await Promise.all(texts),
          readers.map(() => "some more"),
        );
      });
    }
  });
}

/** What a program may do with a response before it forgets it with everything made from it. */
const FORGOTTEN: Readonly<Record<string, (response: Response) => unknown>> = {
  "nothing but its stream was asked for": ({ body }) => body,
  "a reader was taken": ({ body }) => body?.getReader(),
  "a reader has read": ({ body }) => body?.getReader().read(),
  "an iterator has begun": ({ body }) =>
    (body as unknown as AsyncIterable<unknown>)[Symbol.asyncIterator]().next(),
  "it was cloned": (response) => response.clone(),
  "it was cloned twice": (response) => response.clone().clone(),
  "one half of a clone was read from": (response) => response.clone().body?.getReader().read(),
  "its stream was halved": ({ body }) => body?.tee(),
  "its stream was piped through something": ({ body }) => body?.pipeThrough(new TransformStream()),
  "its stream was piped through a decoder": ({ body }) =>
    (body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()),
  "another response was made of it": (response) => new Response(response.body, response),
};

async function askAndForget(pool: Pool, use: (response: Response) => unknown): Promise<void> {
  const used = use(await pool.fetch("http://a.test/"));
  if (used instanceof Promise) await used;
}

/**
 * Halves of a clone and transforms ask for the next piece before anybody reads it. The body cannot know that nobody
 * waits, so it is kept until the piece comes: here the server goes on.
 */
const READS_AHEAD: ReadonlySet<string> = new Set([
  "it was cloned twice",
  "one half of a clone was read from",
  "its stream was piped through a decoder",
]);

const CODED = gzipSync(Array.from({ length: 400 }, (_, count) => count * count).join());

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const coded = (start: number, end: number) => chunk(String.fromCharCode(...CODED.subarray(start, end)));

interface Kind {
  readonly lent: Partial<Transport>;
  readonly fields?: string;
  /** The pieces of the body, by number. */
  piece(count: number): string;
}

const plain = (count: number) => chunk(count === 0 ? "some" : "x");
const gzip = (count: number) => (count === 0 ? coded(0, 64) : coded(63 + count, 64 + count));
const GZIP = "content-encoding: gzip\r\n";

const KINDS: Readonly<Record<string, Kind>> = {
  genuine: { lent: {}, piece: plain },
  ...(LAZY.length > 0 && { lazy: { lent: { lazyResponse: true }, piece: plain } }),
  decoded: { lent: {}, fields: GZIP, piece: gzip },
  "by zlib decoded": { lent: { decoder: zlibDecoder }, fields: GZIP, piece: gzip },
};

for (const [kind, { lent, fields, piece }] of Object.entries(KINDS)) {
  describe(`a ${kind} response of fetch() that was forgotten gives its connection back`, () => {
    for (const [what, use] of Object.entries(FORGOTTEN)) {
      it(`when ${what}`, PATIENT, async () => {
        const { pool, transport, clock, retired } = beginning(lent, piece(0), fields);
        for (let count = 0; count < MANY; count++) await askAndForget(pool, use);
        assertEquals(pool.stats().active, MANY);
        let sent = 0;
        const noticed = await collectUntil(() => {
          sent += 1;
          if (READS_AHEAD.has(what)) for (const peer of transport.peers) peer.send(piece(sent));
          clock.block(100);
          void clock.advance(0);
          return retired().length >= MANY - 1;
        });
        assert(noticed, `${retired().length} of ${MANY}`);
        assertEquals(new Set(retired()), new Set(["unread-body"]));
        await settled();
      });
    }
  });
}
