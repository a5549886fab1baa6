/** Responses that are made like the previous one are like those that are made by themselves. */

import { describe, it } from "node:test";
import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { ResponseMemo } from "../../src/fetch/make-response.ts";
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

  it("come with the status and the reason of their head, whatever these are", async () => {
    const heads = ["200 OK", "404 Not Found", "404 Gone Fishing", "299 ", "999 Odd", "204 Empty", "200 OK"];
    const list = await responses(
      ...heads.map(
        (line) => `HTTP/1.1 ${line}\r\n${line.startsWith("204") ? "" : "Content-Length: 0\r\n"}\r\n`,
      ),
    );
    assertEquals(
      list.map(({ status, statusText }) => `${status} ${statusText}`),
      heads,
    );
  });

  it("are made once for equal heads that follow each other", () => {
    const memo = new ResponseMemo();
    const first = memo.of(200, HEAD);
    assertStrictEquals(memo.of(200, HEAD), first);
    assertNotStrictEquals(memo.of(200, `${HEAD}X-B: 2\r\n`), first);
  });
});
