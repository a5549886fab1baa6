/** Headers that are copied from those of the previous head are like headers made for each response. */

import { describe, it } from "node:test";
import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { HeaderMemo } from "../../src/fetch/make-response.ts";
import { inTurn, scripted } from "./support.ts";

const HEAD = "HTTP/1.1 200 OK\r\nX-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n";

async function responses(...messages: string[]): Promise<Response[]> {
  const at = scripted(inTurn(messages), {}, {}, { lazyResponse: false, copiesHeaders: true });
  const list: Response[] = [];
  for (const _ of messages) {
    const response = await at.pool.fetch("http://a.test/");
    list.push(response);
    await response.clone().text();
  }
  await at[Symbol.asyncDispose]();
  return list;
}

describe("headers made of the same head", () => {
  it("are equal, and each response has its own", async () => {
    const [first, second, third] = (await responses(
      `${HEAD}\r\nhi`,
      `${HEAD}\r\nho`,
      `${HEAD}X-B: 2\r\n\r\nhu`,
    )) as [Response, Response, Response];
    first.headers.set("x-a", "changed");
    first.headers.append("set-cookie", "c");
    assertEquals([second.headers.get("x-a"), third.headers.get("x-a")], ["1", "1"]);
    assertEquals(second.headers.getSetCookie(), ["a", "b"]);
    assertEquals([second.headers.get("x-b"), third.headers.get("x-b")], [null, "2"]);
  });

  it("have a content type only if the head has one, for every kind of content", async () => {
    const typed = `HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nhi`;
    const [bare, given] = await responses(`${HEAD}\r\nhi`, typed);
    assertEquals([bare?.headers.get("content-type"), given?.headers.get("content-type")], [null, "text/x"]);
  });

  it("are made once for equal heads that follow each other", () => {
    const memo = new HeaderMemo();
    const first = memo.of(HEAD);
    assertStrictEquals(memo.of(HEAD), first);
    assertNotStrictEquals(memo.of(`${HEAD}X-B: 2\r\n`), first);
  });
});
