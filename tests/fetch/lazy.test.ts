/**
 * Lazy responses, which only Node's transport allows: their members stay consistent, whichever is read first. On Node
 * the other tests of `fetch` use them as well.
 */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { connectionOf } from "../../mod.ts";
import { LazyResponse } from "../../src/fetch/lazy-response.ts";
import { BODY_FORMS, serving } from "./support.ts";

const skip = "Deno" in globalThis || "Bun" in globalThis ? "only Node's servers go by the members" : false;
const url = "http://a.test/x";
const JSON_BODY = { headers: { "Content-Type": "application/json", "X-A": "1" }, body: '{"a":1}' };

async function lazy(): Promise<{ response: LazyResponse } & AsyncDisposable> {
  const at = serving(() => JSON_BODY);
  const response = await at.pool.fetch(url);
  // Not with `assertInstanceOf`, which may read all members to describe the value.
  assert(response instanceof LazyResponse);
  return { response, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
}

describe("a lazy response", { skip }, () => {
  it("is a Response, with the connection it came on", async () => {
    await using at = await lazy();
    const { response } = at;
    assert(response instanceof Response);
    assertEquals(Object.prototype.toString.call(response), "[object Response]");
    const { status, ok, type, redirected } = response;
    assertEquals([status, ok, type, response.url, redirected], [200, true, "basic", url, false]);
    assertEquals(connectionOf(response)?.requestNumber, 1);
  });

  it("gives its body once, in any form", async () => {
    const clone = (response: Response) => response.clone().text();
    for (const [form, read] of Object.entries({ ...BODY_FORMS, clone })) {
      for (const headersFirst of [false, true]) {
        await using at = await lazy();
        const { response } = at;
        if (headersFirst) assertEquals(response.headers.get("x-a"), "1");
        assertEquals([response.bodyUsed, await read(response)], [false, '{"a":1}'], form);
        if (form === "clone") continue;
        assertEquals(response.bodyUsed, true, form);
        await assertRejects(() => response.text(), TypeError);
        await assertRejects(() => response.arrayBuffer(), TypeError);
        assert(response.body !== null, form);
        assertEquals(response.bodyUsed, true, form);
      }
    }
  });

  it("gives a blob of its type", async () => {
    await using at = await lazy();
    assertEquals((await at.response.blob()).type, "application/json");
  });

  it("cannot be cloned once it was read", async () => {
    await using at = await lazy();
    await at.response.text();
    assertThrows(() => at.response.clone(), TypeError);
    assertThrows(() => new Response(at.response.body), TypeError);
  });

  it("has one set of headers, which may be changed and is copied by clone()", async () => {
    await using at = await lazy();
    const { response } = at;
    const { headers } = response;
    headers.set("x-a", "2");
    const copy = response.clone();
    headers.set("x-a", "3");
    assertStrictEquals(response.headers, headers);
    assertEquals([response.headers.get("x-a"), copy.headers.get("x-a"), copy.url], ["3", "2", url]);
    assertEquals([await copy.json(), await response.json()], [{ a: 1 }, { a: 1 }]);
  });

  it("is not made for a message without a body, nor for one that must be decoded", async () => {
    await using at = serving(({ method }) => (method === "HEAD" ? JSON_BODY : { status: 204 }));
    const bare = [await at.pool.fetch(url), await at.pool.fetch(url, { method: "HEAD" })];
    for (const response of bare) {
      assertEquals([response instanceof LazyResponse, response.body], [false, null]);
      assertEquals([await response.text(), response.bodyUsed], ["", false]);
    }
  });
});
