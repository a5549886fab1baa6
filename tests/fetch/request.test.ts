/** `request()`: the message as it came; its parts are made on first access. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import type { RequestOptions } from "../../mod.ts";
import { answering, failure, pieces, retired, scripted, serving, settled, utf8 } from "./support.ts";

const url = "http://a.test/";

describe("request()", () => {
  it("sends nothing that was not asked for", async () => {
    await using at = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    await at.pool.request(url);
    assertEquals(
      at.transport.peers[0]?.receivedText,
      "GET / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\n\r\n",
    );
  });

  it("gives status, fields and body", async () => {
    await using at = answering(
      "HTTP/1.1 404 Not Here\r\nX-A: 1\r\nSet-Cookie: a\r\nx-a: 2\r\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nhi",
    );
    const response = await at.pool.request(url);
    assertEquals([response.status, response.statusText, response.resendCount], [404, "Not Here", 0]);
    assertEquals([response.headers.get("X-A"), response.headers.getAll("set-cookie")], ["1, 2", ["a", "b"]]);
    assertEquals([await response.text(), response.connection.id], ["hi", 1]);
  });

  it("gives the body as bytes, text, JSON and stream, without a byte order mark where it is text", async () => {
    await using at = serving(() => ({ body: '\ufeff{"a":"ä"}' }));
    const read = () => at.pool.request(url);
    assertEquals(await (await read()).text(), '{"a":"ä"}');
    assertEquals(await (await read()).json(), { a: "ä" });
    const bytes = await (await read()).bytes();
    assertEquals([bytes.length, bytes[0]], [13, 0xef]);
    assertEquals(
      await new Response((await read()).body as ReadableStream<Uint8Array<ArrayBuffer>>).text(),
      '{"a":"ä"}',
    );
    assertEquals([at.transport.attempts, at.pool.stats().idle], [1, 1]);
  });

  it("gives a body that comes later, and in pieces", async () => {
    await using at = scripted((peer) =>
      peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")),
    );
    const forms = { bytes: utf8("123456"), text: "123456", json: 123456 };
    for (const form of ["bytes", "text", "json"] as const) {
      const response = await at.pool.request(url);
      const read = response[form]();
      for (const piece of ["12", "34", "56"]) {
        at.transport.peers[0]?.send(piece);
        await settled();
      }
      assertEquals<unknown>(await read, forms[form]);
    }
  });

  it("gives bytes that do not change when the next response comes", async () => {
    let number = 0;
    await using at = serving(() => ({ body: String(number++).repeat(100) }));
    const first = await (await at.pool.request(url)).bytes();
    await (await at.pool.request(url)).bytes();
    assertEquals([...new Set(first)], [48]);
  });

  it("gives the trailers after the body, without forbidden ones", async () => {
    await using at = answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nAuthorization: x\r\n\r\n",
    );
    const response = await at.pool.request(url);
    assertEquals([await response.text(), response.trailers], ["hi", [["x-sum", "1"]]]);
    assertEquals(at.pool.stats().idle, 1);
  });

  it("reads a body once: a second time rejects, and never throws", async () => {
    await using at = serving();
    for (const form of ["bytes", "text", "json"] as const) {
      const response = await at.pool.request(url);
      await response.text();
      const again = response[form]();
      assertInstanceOf(again, Promise);
      await assertRejects(() => again, TypeError, "has been read already");
    }
  });

  it("reads a body once, also while it is still arriving", async () => {
    await using at = answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    const response = await at.pool.request(url);
    const first = response.text();
    await assertRejects(() => response.bytes(), TypeError, "being read");
    at.transport.peers[0]?.send("llo");
    assertEquals(await first, "hello");
  });

  it("fails the readers of a body that is discarded", async () => {
    await using at = answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    const response = await at.pool.request(url);
    const reading = response.text();
    response.discard();
    response.discard();
    await assertRejects(() => reading, TypeError, "discarded");
    await assertRejects(() => response.text(), TypeError);
    at.transport.peers[0]?.send("llo");
    await settled();
    assertEquals([at.pool.stats().idle, retired(at.events)], [1, []]);
  });

  it("buffers a bounded amount of an unread body, and reads on when the caller reads", async () => {
    await using at = scripted((peer) => {
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        for (let count = 0; count < 100; count++) peer.send(new Uint8Array(10_000));
      });
    });
    const response = await at.pool.request(url);
    for (let turn = 0; turn < 5; turn++) await settled();
    assertEquals([at.transport.peers[0]?.paused, at.pool.stats().active], [true, 1]);
    assertEquals((await response.bytes()).length, 1_000_000);
    assertEquals([at.transport.peers[0]?.paused, at.pool.stats().idle], [false, 1]);
  });

  it("rejects json() with a SyntaxError where the body is no JSON", async () => {
    await using at = serving(() => ({ body: "" }));
    await assertRejects(async () => (await at.pool.request(url)).json(), SyntaxError);
  });

  it("accepts deadlines of its own, and `idempotent`", async () => {
    await using at = serving();
    const options: RequestOptions = {
      method: "POST",
      idempotent: true,
      headersTimeout: "1s",
      bodyIdleTimeout: 500,
      requestTimeout: Infinity,
    };
    assertEquals((await at.pool.request(url, options)).status, 200);
  });

  it("calls the body's function again when the request is sent again", async () => {
    let made = 0;
    await using at = scripted((peer) => {
      let requests = 0;
      peer.onData(() => {
        if (!peer.receivedText.endsWith("0\r\n\r\n") && !peer.receivedText.includes("GET")) return;
        requests += 1;
        if (peer.id === 1 && requests > 1) peer.reset();
        else peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    });
    const body = () => {
      made += 1;
      return pieces(utf8("payload")).stream;
    };
    await at.pool.request(url);
    const response = await at.pool.request(url, { method: "PUT", body });
    assertEquals([response.status, response.resendCount, made, response.connection.id], [200, 1, 2, 2]);
    assertStringIncludes(at.transport.peers[1]?.receivedText ?? "", "payload");
  });
});

const REFUSED: Record<string, [options: object, named: string]> = {
  "an option it does not know": [{ dispatcher: {} }, "dispatcher"],
  "fetch's options": [{ redirect: "manual" }, "redirect"],
  "a method that is no token": [{ method: "G T" }, "G T"],
  "a method that is no string": [{ method: 5 }, "5"],
  CONNECT: [{ method: "CONNECT" }, "CONNECT"],
  "a body with GET": [{ body: "x" }, "GET"],
  "a body with HEAD": [{ method: "HEAD", body: () => "x" }, "HEAD"],
  "an unknown body": [{ method: "PUT", body: {} }, "Object"],
  "Transfer-Encoding": [{ headers: { "Transfer-Encoding": "chunked" } }, "transfer-encoding"],
  "a length and no body": [{ method: "POST", headers: { "Content-Length": "5" } }, "content-length"],
  "a length that is not the body's": [
    { method: "POST", body: "x", headers: { "Content-Length": "5" } },
    "content-length",
  ],
  "a line end in a value": [{ headers: { a: "b\r\n" } }, '"a"'],
  "a value that is an object": [{ headers: { a: {} } }, '"a"'],
  "a signal that is none": [{ signal: "now" }, "signal"],
  "a deadline of 0": [{ headersTimeout: 0 }, "headersTimeout"],
  "a negative deadline": [{ requestTimeout: -1 }, "requestTimeout"],
  "a deadline without a unit": [{ bodyIdleTimeout: "5" }, "bodyIdleTimeout"],
};

describe("request() refuses", () => {
  for (const [name, [options, named]] of Object.entries(REFUSED)) {
    it(name, async () => {
      await using at = serving();
      const error = await failure(at.pool.request(url, options as RequestOptions));
      assert(error instanceof TypeError || error instanceof RangeError, String(error));
      assertStringIncludes(error.message, named);
      assertEquals(at.transport.attempts, 0);
    });
  }

  it("anything that is no URL", async () => {
    await using at = serving();
    for (const bad of ["/path", "", undefined, null, {}, "ftp://a.test/", "http://u:secret@a.test/"]) {
      const error = await failure(at.pool.request(bad as string));
      assertInstanceOf(error, TypeError);
      assertEquals([error.message.includes("URL"), error.message.includes("secret")], [true, false]);
    }
    assertEquals(at.transport.attempts, 0);
  });

  it("no Content-Length of 0 without a body", async () => {
    await using at = serving();
    const options = { method: "DELETE", headers: { "Content-Length": "0" } };
    assertEquals((await at.pool.request(url, options)).status, 200);
  });
});
