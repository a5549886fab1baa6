/**
 * Lengths of a `Request`'s body. A body that lies in memory is sent with its `Content-Length`, which some servers require,
 * and can be sent again. A body that is still arriving is sent in chunks, without waiting for its end.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { createPool } from "../../mod.ts";
import type { MemoryRequest } from "../../transports/memory.ts";
import { failure, pieces, scripted, serving, settled, utf8 } from "./support.ts";

const MANY = 700_000;

function form(...sizes: number[]): FormData {
  const body = new FormData();
  body.append("a", "1");
  for (const size of sizes) body.append("file", new File([new Uint8Array(size).fill(120)], "x.bin"));
  return body;
}

const SOURCES: Record<string, () => BodyInit> = {
  "a string": () => "payload",
  "an empty string": () => "",
  "a large string": () => "x".repeat(4 * MANY),
  bytes: () => new Uint8Array(300_000),
  "many bytes": () => new Uint8Array(MANY),
  URLSearchParams: () => new URLSearchParams({ a: "1" }),
  "an empty Blob": () => new Blob([]),
  "a Blob": () => new Blob(["pay", "load"]),
  "a large Blob": () => new Blob([new Uint8Array(MANY), new Uint8Array(1000)]),
  "a form": () => form(),
  "a form with a file": () => form(100_000),
  "a form with large files": () => form(MANY, 10, MANY),
};

function made(body: BodyInit): Request {
  return new Request("http://a.test/", { method: "PUT", body });
}

/** The body, with its random boundary replaced. */
function sameAs(one: MemoryRequest | undefined, other: MemoryRequest | undefined): boolean {
  const [left, right] = [one?.body ?? new Uint8Array(0), other?.body ?? new Uint8Array(1)];
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

describe("a Request made of", () => {
  for (const [name, source] of Object.entries(SOURCES)) {
    it(`${name} goes with its length`, async () => {
      await using at = serving();
      const native = await made(source()).bytes();
      await (await at.pool.fetch(made(source()))).text();
      const [seen] = at.requests;
      assertEquals(seen?.headers.get("transfer-encoding"), null);
      assertEquals(seen?.headers.get("content-length"), String(native.length));
      assertEquals(seen?.body.length, native.length);
    });

    for (const status of [307, 308]) {
      it(`${name} is sent again on ${status}`, async () => {
        await using at = serving(({ path }) =>
          path === "/" ? { status, headers: { location: "/next" } } : { body: "there" },
        );
        const response = await at.pool.fetch(made(source()));
        assertEquals([response.status, await response.text()], [200, "there"]);
        assert(sameAs(at.requests[0], at.requests[1]), "twice the same body");
      });
    }

    it(`${name} is sent again when a reused connection turns out to be closed`, async () => {
      const bodies: string[] = [];
      await using at = scripted((peer) => {
        let after = 0;
        peer.onData(() => {
          const { receivedText: all } = peer;
          if (all.startsWith("GET ") && after === 0) {
            after = all.length;
            return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          }
          const [head = "", ...rest] = all.slice(after).split("\r\n\r\n");
          if (after > 0) return peer.reset();
          const length = Number(/content-length: (\d+)/.exec(head)?.[1]);
          const body = rest.join("\r\n\r\n");
          if (body.length < length) return;
          bodies.push(body);
          peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
      });
      await (await at.pool.fetch("http://a.test/")).text();
      assertEquals((await at.pool.fetch(made(source()))).status, 200);
      assertEquals(bodies.length, 1);
      assertEquals(bodies[0]?.length, (await made(source()).bytes()).length);
      assertEquals(at.pool.stats().retries, 1);
    });
  }
});

describe("a Request whose body is a stream", () => {
  const of = (body: ReadableStream<Uint8Array> | null, headers: Record<string, string> = {}) => ({
    url: "http://a.test/",
    method: "POST",
    headers,
    body,
  });

  it("that is null sends no body", async () => {
    await using at = serving();
    await at.pool.fetch(of(null));
    assertEquals(at.requests[0]?.headers.get("content-length"), "0");
  });

  it("that ends at once, or after some turns of the event loop, sends an empty body", async () => {
    for (const turns of [0, 1]) {
      await using at = serving();
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
            controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      await at.pool.fetch(of(body));
      const [seen] = at.requests;
      assertEquals(
        [seen?.headers.get("content-length"), seen?.headers.get("transfer-encoding")],
        ["0", null],
      );
    }
  });

  it("with a Content-Length is sent with that, whether its end was found or not", async () => {
    for (const wait of [async () => {}, settled]) {
      await using at = serving();
      const parts = [utf8("pay"), utf8("load")];
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            await wait();
            const part = parts.shift();
            if (part === undefined) controller.close();
            else controller.enqueue(part);
          },
        },
        { highWaterMark: 0 },
      );
      await at.pool.fetch(of(body, { "content-length": "7" }));
      assertEquals([at.requests[0]?.headers.get("content-length"), at.requests[0]?.text()], ["7", "payload"]);
    }
  });

  it("of another length than its Content-Length fails, and nothing is sent", async () => {
    await using at = serving();
    const error = await failure(at.pool.fetch(of(pieces(utf8("four")).stream, { "content-length": "5" })));
    assertInstanceOf(error, TypeError);
    assertEquals([(error.cause as { code?: string }).code, at.transport.attempts], ["ERR_REQUEST_BODY", 0]);
  });

  it("that fills its buffer again for each piece arrives unchanged", async () => {
    await using at = serving();
    const buffer = new Uint8Array(3);
    let piece = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          piece += 1;
          if (piece > 5) return controller.close();
          controller.enqueue(buffer.fill(96 + piece));
        },
      },
      { highWaterMark: 0 },
    );
    await at.pool.fetch(of(body));
    assertEquals(at.requests[0]?.text(), "aaabbbcccdddeee");
  });

  it("that is longer than what is read ahead is sent in chunks, whole and in order", async () => {
    await using at = serving(({ body }) => ({ body: String(body.length) }));
    const list = Array.from({ length: 20 }, (_, at) => new Uint8Array(1_000_000).fill(at));
    const response = await at.pool.fetch(of(pieces(...list).stream));
    assertEquals(await response.text(), "20000000");
    assertEquals(at.requests[0]?.headers.get("transfer-encoding"), "chunked");
    assert(at.requests[0]?.body.every((byte, at) => byte === Math.floor(at / 1_000_000)));
  });
});

describe("a POST without a body", () => {
  it("goes through a server of the runtime with Content-Length: 0", async () => {
    const seen: (string | undefined)[] = [];
    const origin = createServer(({ headers }, response) => {
      seen.push(headers["content-length"], headers["transfer-encoding"]);
      response.end("there");
    });
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`;
    await using pool = createPool();
    // A gateway's handler gets such a Request: its body exists, and turns out to be empty.
    const inbound = new Request(url, {
      method: "POST",
      body: new Blob([]).stream(),
      duplex: "half",
    } as RequestInit);
    assertEquals(await (await pool.fetch(inbound)).text(), "there");
    assertEquals(await (await pool.fetch(new Request(url, { method: "POST" }))).text(), "there");
    assertEquals(seen, ["0", undefined, "0", undefined]);
    await pool.close();
    await new Promise<void>((resolve) => origin.close(() => resolve()));
  });
});
