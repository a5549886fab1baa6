/** Responses of `fetch`: genuine `Response`s of the runtime, with the members that a constructor cannot set. */

import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { connectionOf, HoldfastError, ProtocolError } from "../../mod.ts";
import { nativeResponse } from "../../src/fetch/fetch-response.ts";
import { answering, causeOf, failure, IS_LAZY, retired, scripted, serving, settled } from "./support.ts";

const url = "http://a.test/";

describe("a response", () => {
  it("is a Response of this runtime, with its headers, status and text", async () => {
    await using at = answering(
      "HTTP/1.1 201 Made Here\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello",
    );
    const response = await at.pool.fetch(url);
    assertInstanceOf(response, Response);
    assertInstanceOf(response.headers, Headers);
    assertEquals([response.ok, response.status, response.statusText], [true, 201, "Made Here"]);
    assertEquals(
      [response.headers.get("X-A"), response.bodyUsed, response.redirected],
      ["1, 2", false, false],
    );
    assertEquals([await response.text(), response.bodyUsed], ["hello", true]);
  });

  it("looks like one of the runtime: by its type, its class's name, and its members", async () => {
    await using at = answering(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
    for (const method of ["GET", "HEAD"]) {
      const response = await at.pool.fetch(url, { method });
      const found: string[] = [];
      for (const name in response) found.push(name);
      const native: string[] = [];
      for (const name in new Response()) native.push(name);
      assertEquals(
        native.filter((name) => !found.includes(name)),
        [],
      );
      for (const name of ["url", "body", "text", "status"]) assert(found.includes(name), name);
      assertEquals(
        [response.type, response.clone().type, response.constructor.name],
        ["basic", "basic", "Response"],
      );
      await response.text();
    }
  });

  it("has any status of three digits, which slots hold as a 502 where they cannot hold it", async () => {
    for (const status of [0, 7, 99, 600, 799, 999]) {
      const digits = String(status).padStart(3, "0");
      const answer = `HTTP/1.1 ${digits} Odd\r\nContent-Length: 3\r\n\r\nodd`;
      await using at = answering(answer, answer);
      const response = await at.pool.fetch(url);
      assertEquals([response.status, response.ok, response.statusText], [status, false, "Odd"]);
      const copy = response.clone();
      assertEquals([copy.status, copy.ok, copy.statusText], [status, false, "Odd"]);
      assertEquals([await response.text(), await copy.text()], ["odd", "odd"]);
      assertEquals((await at.pool.request(url)).status, status);
      if (!IS_LAZY) {
        // What Deno.serve and Bun.serve send: the slots, read by a brand call.
        const slot = Object.getOwnPropertyDescriptor(nativeResponse().prototype, "status")?.get;
        assertEquals(slot?.call(response), 502);
      }
    }
  });

  it("works in brand calls, but where its slots are made on first use", { skip: IS_LAZY }, async () => {
    const { clone, text, arrayBuffer } = nativeResponse().prototype;
    for (const body of ["hello", "x".repeat(20_000)]) {
      await using at = serving(() => ({ body }));
      const fetched = (): Promise<Response> => at.pool.fetch(url);
      assertEquals(await clone.call(await fetched()).text(), body);
      assertEquals(await text.call(await fetched()), body);
      assertEquals((await arrayBuffer.call(await fetched())).byteLength, body.length);
    }
  });

  it("has a locked body once it was read", async () => {
    for (const size of [5, 20_000]) {
      await using at = serving(() => ({ body: JSON.stringify("x".repeat(size)) }));
      const response = await at.pool.fetch(url);
      await response.json();
      assertEquals([response.bodyUsed, response.body?.locked], [true, true]);
      assertThrows(() => response.body?.getReader(), TypeError);
    }
  });

  it("keeps each Set-Cookie apart", async () => {
    await using at = answering(
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=1, still a\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
    );
    const { headers } = await at.pool.fetch(url);
    assertEquals(headers.getSetCookie(), ["a=1, still a", "b=2"]);
    assertEquals([...headers].filter(([name]) => name === "set-cookie").length, 2);
  });

  it("has the URL of its request without the fragment, and so have its clones", async () => {
    await using at = serving();
    const response = await at.pool.fetch("http://A.test:80/x/../y?q=1#frag");
    const copy = response.clone().clone();
    assertEquals([response.url, copy.url], ["http://a.test/y?q=1", "http://a.test/y?q=1"]);
  });

  it("can be cloned, and both can be read", async () => {
    await using at = serving(() => ({
      status: 203,
      statusText: "Odd",
      headers: { "X-A": "1" },
      body: ["hel", "lo"],
    }));
    const response = await at.pool.fetch(url);
    const copy = response.clone();
    assertInstanceOf(copy, Response);
    assertEquals([copy.status, copy.statusText, copy.headers.get("x-a"), copy.url], [203, "Odd", "1", url]);
    assertEquals([await response.text(), await copy.text()], ["hello", "hello"]);
    assertStrictEquals(connectionOf(copy)?.id, connectionOf(response)?.id);
  });

  it("without a body can be cloned", async () => {
    await using at = answering("HTTP/1.1 204 No Content\r\n\r\n");
    const copy = (await at.pool.fetch(url)).clone();
    assertEquals([copy.status, copy.body], [204, null]);
  });

  it("cannot be cloned once its body was read", async () => {
    await using at = serving();
    const response = await at.pool.fetch(url);
    await response.text();
    await assertRejects(async () => response.clone(), TypeError);
  });

  it("has a null body where the status or the method says so", async () => {
    for (const [method, head] of [
      ["GET", "204 No Content"],
      ["GET", "304 Not Modified"],
      ["HEAD", "200 OK\r\nContent-Length: 5"],
      ["HEAD", "404 Gone\r\nTransfer-Encoding: chunked"],
      ["GET", "205 Reset\r\nContent-Length: 0"],
      ["GET", "205 Reset\r\nContent-Length: 2"],
    ] as const) {
      await using at = answering(`HTTP/1.1 ${head}\r\n\r\n${head.endsWith("2") ? "hi" : ""}`);
      const response = await at.pool.fetch(url, { method });
      assertEquals([response.body, await response.text()], [null, ""], head);
      await settled();
      assertEquals([at.pool.stats().idle, at.pool.stats().active], [1, 0], head);
    }
  });

  it("can be read in every form", async () => {
    await using at = serving(() => ({ headers: { "Content-Type": "application/json" }, body: '{"a":"ä"}' }));
    const read = () => at.pool.fetch(url);
    assertEquals(await (await read()).json(), { a: "ä" });
    assertEquals((await (await read()).arrayBuffer()).byteLength, 10);
    const blob = await (await read()).blob();
    // Bun adds a charset.
    assertEquals([blob.size, blob.type.split(";")[0]], [10, "application/json"]);
    let streamed = 0;
    for await (const chunk of (await read()).body!) streamed += chunk.length;
    assertEquals([streamed, at.transport.attempts], [10, 1]);
  });

  it("is read without its byte order mark, once", async () => {
    await using at = serving(() => ({ body: "\ufeffhello" }));
    const response = await at.pool.fetch(url);
    assertEquals(await response.text(), "hello");
    await assertRejects(() => response.text(), TypeError);
  });

  it("that is no JSON rejects with a SyntaxError", async () => {
    await using at = serving(() => ({ body: "{" }));
    await assertRejects(async () => (await at.pool.fetch(url)).json(), SyntaxError);
  });

  it("gives its connection; other responses do not", async () => {
    await using at = serving();
    const [first, second] = [await at.pool.fetch(url), await at.pool.fetch(url)];
    assertEquals([connectionOf(first)?.reused, connectionOf(second)?.requestNumber], [false, 2]);
    assertEquals(connectionOf(new Response()), undefined);
  });

  it("comes before its body does", async () => {
    await using at = scripted((peer) =>
      peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")),
    );
    const response = await at.pool.fetch(url);
    const text = response.text();
    at.transport.peers[0]?.send("hello");
    assertEquals(await text, "hello");
  });

  it("streams as fast as the caller reads, and pauses the socket meanwhile", async () => {
    await using at = scripted((peer) => {
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        for (let count = 0; count < 100; count++) peer.send(new Uint8Array(10_000));
      });
    });
    const response = await at.pool.fetch(url);
    await settled();
    assertEquals(at.transport.peers[0]?.paused, true);
    let size = 0;
    for await (const chunk of response.body!) size += chunk.length;
    assertEquals([size, at.transport.peers[0]?.paused, at.pool.stats().idle], [1_000_000, false, 1]);
  });
});

describe("a body that is not read to its end", () => {
  const answer = (size: number, sent = size) =>
    scripted((peer) => {
      peer.onData(() => {
        peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        for (let left = sent; left > 0; left -= 10_000) peer.send(new Uint8Array(Math.min(left, 10_000)));
      });
    });

  it("keeps its connection when it is cancelled and the rest is short", async () => {
    await using at = answer(20_000, 10_000);
    const response = await at.pool.fetch(url);
    await response.body!.cancel();
    await settled();
    at.transport.peers[0]?.send(new Uint8Array(10_000));
    await settled();
    assertEquals([at.pool.stats().idle, retired(at.events)], [1, []]);
  });

  it("ends its connection when it is cancelled and the rest is long", async () => {
    await using at = answer(10_000_000, 1000);
    const response = await at.pool.fetch(url);
    await response.body!.cancel();
    await settled();
    assertEquals([at.pool.stats().open, retired(at.events)], [0, ["unread-body"]]);
  });

  it("ends its connection when it is cancelled and the length of the rest is unknown", async () => {
    await using at = scripted((peer) => peer.onData(() => peer.send("HTTP/1.1 200 OK\r\n\r\nhello")));
    const response = await at.pool.fetch(url);
    await response.body!.cancel();
    await settled();
    assertEquals(retired(at.events), ["unread-body"]);
  });

  it("does not delay another request", async () => {
    await using at = answer(100_000);
    const unread = await at.pool.fetch(url);
    assertEquals((await at.pool.fetch(url)).status, 200);
    assertEquals([at.transport.attempts, unread.bodyUsed], [2, false]);
  });
});

describe("a failure", () => {
  it("is a TypeError whose cause says what, where and whose fault", async () => {
    await using at = serving(undefined, {}, { connect: () => "refused" });
    const cause = await causeOf(at.pool.fetch(url));
    assertEquals(
      [cause.code, cause.phase, cause.sent, cause.retriable],
      ["ERR_CONNECT", "connect", "none", true],
    );
  });

  it("of the protocol names side, fault, phase and connection, and affects no other request", async () => {
    await using at = scripted((peer) =>
      peer.onData(() =>
        peer.send(
          peer.id === 1 ? "HTTP/1.1 200 OK\nX: y\n\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ),
      ),
    );
    const cause = await causeOf(at.pool.fetch(url));
    assertInstanceOf(cause, ProtocolError);
    assertEquals(
      [cause.side, cause.fault, cause.phase, cause.code, cause.connection?.id, cause.retriable],
      ["remote", "bad-line-ending", "headers", "ERR_PROTOCOL", 1, false],
    );
    assertEquals(retired(at.events), ["bad-framing"]);
    assertEquals(await (await at.pool.fetch(url)).text(), "ok");
    assertEquals(at.transport.attempts, 2);
  });

  it("in the middle of the body fails the body with a TypeError that says how much is missing", async () => {
    for (const [head, sent, code] of [
      ["Content-Length: 10", "hello", "ERR_CONNECTION_LOST"],
      ["Transfer-Encoding: chunked", "5\r\nhel", "ERR_CONNECTION_LOST"],
      ["Transfer-Encoding: chunked", "5\r\nhello!", "ERR_PROTOCOL"],
    ] as const) {
      await using at = scripted((peer) => {
        peer.onData(() => {
          peer.send(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
          peer.send(sent);
          peer.end();
        });
      });
      const cause = await causeOf((await at.pool.fetch(url)).text());
      assertEquals([cause.code, cause.phase, cause.connection?.id], [code, "body", 1]);
      assertStringIncludes(cause.message, code === "ERR_PROTOCOL" ? "longer than its size" : "in the middle");
      if (head.startsWith("Content-Length")) assertStringIncludes(cause.message, "5 bytes short");
    }
  });

  it("in the middle of the body fails request() with the HoldfastError itself", async () => {
    await using at = scripted((peer) => {
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        peer.end();
      });
    });
    const error = await failure(at.pool.request(url).then((response) => response.text()));
    assertInstanceOf(error, HoldfastError);
    assertEquals(error.code, "ERR_CONNECTION_LOST");
  });

  it("is not the end of the connection, where that ends the body", async () => {
    await using at = scripted((peer) => {
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\n\r\nhel");
        peer.send("lo");
        peer.end();
      });
    });
    assertEquals(await (await at.pool.fetch(url)).text(), "hello");
    assertEquals(retired(at.events), ["not-persistent"]);
  });

  it("never leaves an unhandled rejection behind", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    await using at = scripted((peer) => {
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        peer.reset();
      });
    });
    const response = await at.pool.fetch(url);
    for (let turn = 0; turn < 3; turn++) await settled();
    process.off("unhandledRejection", note);
    assertEquals([unhandled, response.bodyUsed], [[], false]);
    assert((await failure(response.text())) instanceof TypeError);
  });
});
