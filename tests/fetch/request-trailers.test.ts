/** Request trailers: fields that `request()` sends behind its body. */

import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RequestOptions } from "../../mod.ts";
import { serving } from "./support.ts";

const url = "http://a.test/";

/** What a server receives of a request with trailers. */
async function sent(options: RequestOptions): Promise<string> {
  await using at = serving(() => ({ body: "ok" }));
  await (await at.pool.request(url, { method: "POST", ...options })).text();
  return at.transport.peers[0]?.receivedText ?? "";
}

describe("request trailers", () => {
  it("are announced in the head and sent behind the last chunk", async () => {
    const text = await sent({ body: "hello", trailers: { "X-Sum": "5", "x-more": ["a", "b"] } });
    assertStringIncludes(text, "\r\ntrailer: x-sum, x-more, x-more\r\ntransfer-encoding: chunked\r\n\r\n");
    assertStringIncludes(text, "\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\nx-more: a\r\nx-more: b\r\n\r\n");
  });

  it("may come from a function, which is called when the body has been read", async () => {
    const calls: string[] = [];
    async function* body() {
      yield new TextEncoder().encode("hello");
      calls.push("body read");
    }
    const text = await sent({
      body: body(),
      trailers: async () => {
        calls.push("trailers");
        return { "x-sum": "5" };
      },
    });
    assertEquals(calls, ["body read", "trailers"]);
    assertStringIncludes(text, "\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n");
  });

  it("fail the request if their function throws", async () => {
    await using at = serving(() => ({ body: "ok" }));
    const trailers = () => {
      throw new Error("no sum");
    };
    const error = await at.pool
      .request(url, { method: "POST", body: "hello", trailers })
      .catch((thrown) => thrown);
    assertEquals([error.code, error.cause.message], ["ERR_REQUEST_BODY", "no sum"]);
  });

  const REFUSED: [what: string, options: RequestOptions, message: string][] = [
    ["without a body", { trailers: {} }, "trailers need a body"],
    ["that frame a message", { body: "x", trailers: { "content-length": "1" } }, '"content-length" must not'],
    [
      "that a server needs first",
      { body: "x", trailers: { Authorization: "x" } },
      '"authorization" must not',
    ],
    ["with a line end", { body: "x", trailers: { "x-a": "1\r\n2" } }, '"x-a" must not'],
    [
      "with a length",
      { body: "x", headers: { "content-length": "1" }, trailers: {} },
      "must not be set with trailers",
    ],
  ];
  for (const [what, options, message] of REFUSED) {
    it(`are refused ${what}`, async () => {
      await using at = serving(() => ({ body: "ok" }));
      const error = await at.pool.request(url, { method: "POST", ...options }).catch((thrown) => thrown);
      assertEquals(error.name, "TypeError");
      assertStringIncludes(error.message, message);
    });
  }
});
