/** Arguments are read in the call: changing them afterwards has no effect, even while the transport is being loaded. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { type BodySource, createPool, HoldfastError } from "../../mod.ts";
import { failure, scripted, serving, settled, utf8 } from "./support.ts";

interface Changed {
  readonly body: BodySource;
  /** The change that its owner makes right after the call. */
  change(): void;
  readonly expected: string;
}

const CHANGED: Record<string, () => Changed> = {
  bytes: () => {
    const body = utf8("payload");
    return { body, change: () => body.fill(88), expected: "payload" };
  },
  "bytes whose buffer is transferred": () => {
    const body = utf8("payload");
    return {
      body,
      change: () => structuredClone(body.buffer, { transfer: [body.buffer] }),
      expected: "payload",
    };
  },
  "a large view": () => {
    const body = new Uint8Array(200_000).fill(97).subarray(1, 100_001);
    return { body, change: () => body.fill(88), expected: "a".repeat(100_000) };
  },
  "a DataView": () => {
    const bytes = utf8("--payload");
    const body = new DataView(bytes.buffer, 2);
    return { body, change: () => bytes.fill(88), expected: "payload" };
  },
  "an ArrayBuffer": () => {
    const bytes = utf8("payload");
    return { body: bytes.buffer, change: () => bytes.fill(88), expected: "payload" };
  },
  URLSearchParams: () => {
    const body = new URLSearchParams("a=1");
    return { body, change: () => body.append("b", "2"), expected: "a=1" };
  },
  "a FormData": () => {
    const body = new FormData();
    body.append("name", "value");
    return { body, change: () => body.append("later", "2"), expected: "value" };
  },
};

/** The value of a form's only field, or the unchanged text. */
async function meant(text: string, type: string): Promise<string> {
  if (!type.startsWith("multipart/")) return text;
  const form = await new Response(text, { headers: { "content-type": type } }).formData();
  assertEquals([...form.keys()], ["name"]);
  return String(form.get("name"));
}

/** A server of the runtime that answers with the body of the request and its type. */
async function echoing() {
  const server = createServer((request, response) => {
    const got: Uint8Array[] = [];
    request.on("data", (piece: Uint8Array) => got.push(piece));
    request.on("end", () => {
      response.setHeader("x-type", request.headers["content-type"] ?? "");
      response.setHeader("x-test", request.headers["x-test"] ?? "");
      response.end(Buffer.concat(got));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

describe("fetch() sends as it was at the call", () => {
  for (const [name, make] of Object.entries(CHANGED)) {
    it(`${name}, though it waits in the queue`, async () => {
      let answer = (): void => {};
      const gate = new Promise<void>((resolve) => {
        answer = resolve;
      });
      await using at = serving(
        async ({ path }) => {
          if (path === "/first") await gate;
          return {};
        },
        { maxConnections: 1 },
      );
      const first = at.pool.fetch("http://a.test/first");
      const { body, change, expected } = make();
      const headers = { "x-test": "before" };
      const sending = at.pool.fetch("http://a.test/", { method: "POST", body, headers });
      change();
      headers["x-test"] = "after";
      await settled();
      answer();
      await (await first).text();
      await sending;
      const [, seen] = at.requests;
      assertEquals(await meant(seen?.text() ?? "", seen?.headers.get("content-type") ?? ""), expected);
      assertEquals(seen?.headers.get("x-test"), "before");
    });

    it(`${name}, though it is the first of its pool`, async () => {
      await using server = await echoing();
      await using pool = createPool();
      const { body, change, expected } = make();
      const headers = { "x-test": "before" };
      const sending = pool.fetch(server.url, { method: "POST", body, headers });
      change();
      headers["x-test"] = "after";
      const response = await sending;
      assertEquals(await meant(await response.text(), response.headers.get("x-type") ?? ""), expected);
      assertEquals(response.headers.get("x-test"), "before");
    });
  }
});

describe("the first call of a pool", () => {
  it("locks the body of a Request at once", async () => {
    await using server = await echoing();
    for (const again of [false, true]) {
      await using pool = createPool();
      if (again) await (await pool.fetch(server.url)).text();
      const request = new Request(server.url, { method: "POST", body: "payload" });
      const sending = pool.fetch(request);
      assert(request.bodyUsed || request.body?.locked, "it is in use");
      assertInstanceOf(await failure(pool.fetch(request)), TypeError);
      assertEquals(await (await sending).text(), "payload");
    }
  });

  it("refuses wrong arguments, and a body that cannot be read", async () => {
    await using pool = createPool();
    const refused = await failure(pool.fetch("http://127.0.0.1:10001/", { method: "G T" }));
    assertInstanceOf(refused, TypeError);
    assertStringIncludes(refused.message, "G T");
    assertInstanceOf(await failure(pool.request("http://127.0.0.1:10001/", { method: "G T" })), TypeError);
    const body = {
      get [Symbol.toStringTag](): string {
        throw new Error("on fire");
      },
    } as unknown as BodySource;
    const failed = await failure(pool.fetch("http://127.0.0.1:10001/", { method: "PUT", body }));
    assertInstanceOf(failed, TypeError);
    assertInstanceOf(failed.cause, HoldfastError);
    assertEquals(failed.cause.code, "ERR_REQUEST_BODY");
  });

  it("reads the arguments of request() at once", async () => {
    await using server = await echoing();
    await using pool = createPool();
    const options = { method: "POST", body: "payload", headers: { "x-test": "before" } };
    const sending = pool.request(server.url, options);
    options.body = "later";
    options.headers["x-test"] = "after";
    const response = await sending;
    assertEquals([await response.text(), response.headers.get("x-test")], ["payload", "before"]);
  });
});

describe("a body that is not sent", () => {
  /** A stream that records the reason it was cancelled with. */
  function watched() {
    const reasons: unknown[] = [];
    const stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => controller.enqueue(utf8("x")), cancel: (reason) => void reasons.push(reason) },
      { highWaterMark: 0 },
    );
    return { stream, reasons };
  }

  type Send = (
    at: ReturnType<typeof serving>,
    body: ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ) => Promise<unknown>;

  const url = "http://a.test/";
  const WAYS: Record<string, Send> = {
    "a stream of fetch()": (at, body, signal) =>
      at.pool.fetch(url, { method: "POST", body, duplex: "half", signal: signal ?? null }),
    "the body of a Request": (at, body, signal) =>
      at.pool.fetch({ url, method: "POST", body, signal: signal ?? null }),
    "a stream of request()": (at, body, signal) =>
      at.pool.request(url, { method: "POST", body, signal: signal ?? null }),
    "a stream that a function of request() made": (at, body, signal) =>
      at.pool.request(url, { method: "POST", body: () => body, signal: signal ?? null }),
  };

  for (const [name, send] of Object.entries(WAYS)) {
    it(`because its request was aborted in the queue is cancelled with the reason: ${name}`, async () => {
      await using at = serving(() => new Promise(() => {}), { maxConnections: 1 });
      void at.pool.request("http://a.test/first").catch(() => {});
      const { stream, reasons } = watched();
      const aborting = new AbortController();
      const sending = failure(send(at, stream, aborting.signal));
      for (let turn = 0; turn < 20; turn++) await settled();
      assertEquals(at.pool.stats().queued, 1);
      aborting.abort("enough");
      assertEquals([await sending, reasons], ["enough", ["enough"]]);
    });

    it(`because it was aborted before is cancelled with the reason: ${name}`, async () => {
      await using at = serving();
      const { stream, reasons } = watched();
      assertEquals(await failure(send(at, stream, AbortSignal.abort("enough"))), "enough");
      await settled();
      assertEquals([reasons, at.requests.length, at.transport.attempts], [["enough"], 0, 0]);
    });

    it(`because it got no connection is cancelled: ${name}`, async () => {
      await using at = serving(undefined, {}, { connect: () => "refused" });
      const { stream, reasons } = watched();
      await failure(send(at, stream));
      assertEquals(reasons.length, 1);
    });
  }

  it("because a final response came instead of 100 Continue is cancelled", async () => {
    const { stream, reasons } = watched();
    const headers = { expect: "100-continue" };
    await using refusing = scripted((peer) => {
      peer.onData(() => peer.send("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"));
    });
    const response = await refusing.pool.request(url, { method: "POST", body: stream, headers });
    assertEquals([response.status, reasons.length], [417, 1]);
  });

  it("is not opened first: an async iterable gets `return()`", async () => {
    await using at = serving();
    let returned = 0;
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("never asked")),
        return: async () => {
          returned += 1;
          return { done: true, value: undefined };
        },
      }),
    } as unknown as BodySource;
    await failure(at.pool.fetch(url, { method: "POST", body, signal: AbortSignal.abort() }));
    assertEquals(returned, 1);
  });
});
