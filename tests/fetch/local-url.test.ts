/** Local URLs: what `fetch` gives for `data:` and `blob:`, the same on every runtime (Fetch §4.2, §6). */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { causeOf, failure, serving } from "./support.ts";

const ASCII = "text/plain;charset=US-ASCII";

/** The type and the text, with one character per byte. */
async function read(url: string, method = "GET"): Promise<(string | null)[]> {
  await using at = serving();
  const response = await at.pool.fetch(url, { method });
  assertEquals([response.status, response.statusText, response.type], [200, "OK", "basic"]);
  assertEquals([response.url, response.clone().type], [url.replace(/#.*/, ""), "basic"]);
  const text = new TextDecoder("latin1").decode(await response.arrayBuffer());
  return [response.headers.get("content-type"), text];
}

describe("a data: URL", () => {
  const contents: Record<string, [type: string, text: string]> = {
    "data:,": [ASCII, ""],
    "data:,a,b#c": [ASCII, "a,b"],
    "data:text/plain,%41%4x%": ["text/plain", "A%4x%"],
    "data:TEXT/Html ;Charset=UTF-8,x": ["text/html;charset=UTF-8", "x"],
    "data:;x=1,x": ["text/plain;x=1", "x"],
    "data:no type,x": [ASCII, "x"],
    "data:a/,x": [ASCII, "x"],
    "data:a/b;;c;=d;e=;f=1;f=2,x": ["a/b;f=1", "x"],
    'data:a/b;c="d e\\"f;g";h=i,x': ['a/b;c="d e\\"f;g";h=i', "x"],
    'data:a/b;c="d,x': ["a/b;c=d", "x"],
    "data:;base64,YWI": [ASCII, "ab"],
    "data:;x=1;base64,YWI=": ["text/plain;x=1", "ab"],
    "data:a/b; BASE64,%59Q==": ["a/b", "a"],
    "data:a/b;base64;c=d,YQ": ["a/b;c=d", "YQ"],
    "data:xbase64,YQ": [ASCII, "YQ"],
  };

  for (const [url, expected] of Object.entries(contents))
    it(`${url} has the type and the bytes that it holds`, async () => {
      assertEquals(await read(url), expected);
    });

  it("has the bytes of its characters in UTF-8", async () => {
    await using at = serving();
    const { body, headers } = await at.pool.fetch("data:,é%FF");
    assertEquals(headers.get("content-type"), ASCII);
    assertEquals(new Uint8Array(await new Response(body).arrayBuffer()), new Uint8Array([0xc3, 0xa9, 0xff]));
  });

  it("is read with any method, and has no body for HEAD", async () => {
    assertEquals(await read("data:,x", "POST"), [ASCII, "x"]);
    assertEquals(await read("data:,x", "HEAD"), [ASCII, ""]);
  });

  it("is a failure of the network without a comma, or with base64 that is none", async () => {
    await using at = serving();
    for (const url of [
      "data:",
      "data:text/plain",
      "data:;base64,YQ=",
      "data:;base64,Y",
      "data:;base64,%00",
    ]) {
      const error = await failure(at.pool.fetch(url));
      assertInstanceOf(error, TypeError);
      assertEquals([error.message, error.cause instanceof TypeError], ["fetch failed", true], url);
    }
  });

  it("is refused with arguments that any URL is refused with", async () => {
    await using at = serving();
    const refused: object[] = [
      { method: "CONNECT" },
      { method: "a b" },
      { headers: { "a b": "" } },
      { redirect: "nonsense" },
      { mode: "navigate" },
      { duplex: "full" },
      { body: "x" },
    ];
    for (const init of refused)
      assertInstanceOf(await failure(at.pool.fetch("data:,x", init)), TypeError, JSON.stringify(init));
  });

  it("must be what integrity expects", async () => {
    await using at = serving();
    const hello = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
    const response = await at.pool.fetch("data:,hello", { integrity: hello });
    assertEquals(await response.text(), "hello");
    assertEquals((await causeOf(at.pool.fetch("data:,other", { integrity: hello }))).code, "ERR_INTEGRITY");
  });
});

describe("a blob: URL", () => {
  it("has the type and the length of its object", async () => {
    await using at = serving();
    const blobs = [new Blob(["some"], { type: "text/x" }), new Blob([], { type: "text/x" })];
    // Bun 1.4 makes text of a Blob without a type when it is read.
    if (!("Bun" in globalThis)) blobs.push(new Blob(["text"]), new Blob([]));
    for (const blob of blobs) {
      const url = URL.createObjectURL(blob);
      const response = await at.pool.fetch(url);
      const { headers } = response;
      assertEquals([response.status, response.type, response.url], [200, "basic", url]);
      assertEquals([headers.get("content-type"), headers.get("content-length")], [blob.type, `${blob.size}`]);
      assertEquals(await response.text(), await blob.text());
      URL.revokeObjectURL(url);
    }
  });

  it("is read with GET alone, and not when aborted", async () => {
    await using at = serving();
    const url = URL.createObjectURL(new Blob(["x"]));
    for (const method of ["HEAD", "POST", "OTHER"])
      assertInstanceOf(await failure(at.pool.fetch(url, { method })), TypeError, method);
    const reason = new Error("enough");
    assertEquals(await (await at.pool.fetch(url, { signal: new AbortController().signal })).text(), "x");
    assertStrictEquals(await failure(at.pool.fetch(url, { signal: AbortSignal.abort(reason) })), reason);
    URL.revokeObjectURL(url);
  });
});
