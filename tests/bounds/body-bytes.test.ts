/** `responseLimits.bodyBytes`: limits how much of a body is collected in each form, after decoding. Streams have no limit. */

import { describe, it } from "node:test";
import zlib from "node:zlib";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { HoldfastError, type PoolOptions } from "../../mod.ts";
import { scripted, settled } from "../fetch/support.ts";

const LIMIT = 1000;
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

type Readable = Pick<Response, "text" | "json" | "arrayBuffer" | "blob" | "formData"> & {
  bytes(): Promise<Uint8Array>;
};

const FORMS: Record<string, (response: Readable) => Promise<unknown>> = {
  text: (response) => response.text(),
  json: (response) => response.json(),
  bytes: (response) => response.bytes(),
  arrayBuffer: (response) => response.arrayBuffer(),
  blob: (response) => response.blob(),
  formData: (response) => response.formData(),
};

/** A message, in one packet or with its body in later ones. */
function serving(head: string, body: string, parts: number, options: PoolOptions = {}) {
  const size = Math.ceil(body.length / parts);
  return scripted(
    (peer) => {
      peer.onData(async () => {
        if (parts === 1) return peer.send(head + body);
        peer.send(head);
        for (let part = 0; part < parts; part++) {
          await settled();
          peer.send(body.slice(part * size, (part + 1) * size));
        }
      });
    },
    { responseLimits: { bodyBytes: LIMIT }, ...options },
  );
}

const json = (size: number): string => `"${"x".repeat(size - 2)}"`;
const chunked = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/** Head and body of the given length, in each framing and coding. */
const MESSAGES: Record<string, (size: number) => [head: string, body: string]> = {
  "with a length": (size) => [`${HEAD}Content-Length: ${size}\r\n\r\n`, json(size)],
  "in chunks": (size) => [`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, chunked(json(size))],
  "in gzip": (size) => {
    const body = latin1(zlib.gzipSync(json(size)));
    return [`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`, body];
  },
  "in br, in chunks": (size) => {
    const body = chunked(latin1(zlib.brotliCompressSync(json(size))));
    return [`${HEAD}Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n`, body];
  },
};

async function everything(response: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}

for (const [framed, message] of Object.entries(MESSAGES)) {
  for (const parts of [1, 3]) {
    describe(`a body ${framed}, in ${parts} packets, above bodyBytes`, () => {
      for (const [form, read] of Object.entries(FORMS)) {
        it(`is refused as ${form} by fetch, a clone too`, async () => {
          for (const cloned of [false, true]) {
            await using at = serving(...message(200_000), parts);
            const response = await at.pool.fetch("http://a.test/");
            const error = await rejection(read((cloned ? response.clone() : response) as Readable));
            assertInstanceOf(error, TypeError);
            const { cause } = error;
            assertInstanceOf(cause, HoldfastError);
            assertEquals([cause.code, cause.phase, cause.limitBytes], ["ERR_BODY_TOO_LARGE", "body", LIMIT]);
            assert((cause.bodyBytes ?? 0) > LIMIT && cause.connection?.origin === "http://a.test");
            // The other one can still be read.
            if (cloned) assertEquals((await everything(response)).length, 200_000);
          }
        });

        it(`up to bodyBytes is read as ${form}`, async () => {
          if (form === "formData") return;
          await using at = serving(...message(LIMIT), parts);
          const response = await at.pool.fetch("http://a.test/");
          const content = await read(response as Readable);
          const sizes = [content as string, content as Uint8Array, content as Blob].map((value) =>
            Number(
              (value as string).length ??
                (value as unknown as Uint8Array).byteLength ??
                (value as unknown as Blob).size,
            ),
          );
          assertEquals(sizes[0], form === "json" ? LIMIT - 2 : LIMIT);
        });
      }

      it("can be read as a stream", async () => {
        await using at = serving(...message(200_000), parts);
        const response = await at.pool.fetch("http://a.test/");
        assertEquals((await everything(response)).length, 200_000);
      });
    });
  }
}

describe("request() with bodyBytes", () => {
  for (const framed of ["with a length", "in chunks"]) {
    for (const form of ["text", "json", "bytes"] as const) {
      it(`refuses a body ${framed} as ${form}`, async () => {
        for (const parts of [1, 3]) {
          const [head, body] = (MESSAGES[framed] as (size: number) => [string, string])(200_000);
          await using at = serving(head, body, parts);
          const response = await at.pool.request("http://a.test/");
          const error = await rejection(response[form]());
          assertInstanceOf(error, HoldfastError);
          assertEquals([error.code, error.limitBytes], ["ERR_BODY_TOO_LARGE", LIMIT]);
        }
      });
    }
  }

  it("fails at once for an announced length above it, and ends the connection", async () => {
    for (const length of [LIMIT + 1, 10_000_000]) {
      await using at = serving(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`, "x", 1);
      const response = await at.pool.request("http://a.test/");
      const error = await rejection(response.text());
      assertInstanceOf(error, HoldfastError);
      assertEquals(error.bodyBytes, length);
      await settled();
      const ended = at.events.find((event) => event.type === "connection.retired");
      assertEquals(ended?.type === "connection.retired" ? ended.reason : undefined, "unread-body");
    }
  });

  it("fails as soon as more has arrived, and ends the connection", async () => {
    const more = chunked("x".repeat(LIMIT + 1)).slice(0, -5);
    await using at = serving("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", more, 3);
    const response = await at.pool.request("http://a.test/");
    const error = await rejection(response.bytes());
    assertInstanceOf(error, HoldfastError);
    await settled();
    const ended = at.events.find((event) => event.type === "connection.retired");
    assertEquals(ended?.type === "connection.retired" ? ended.reason : undefined, "unread-body");
  });

  it("does not limit the announced length of a response to HEAD", async () => {
    await using at = serving("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", "", 1);
    assertEquals(await (await at.pool.request("http://a.test/", { method: "HEAD" })).text(), "");
    assertEquals(at.pool.stats().idle, 1);
  });
});
