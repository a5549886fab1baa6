/** Responses that are made like the previous one are like those that are made by themselves. */

import { describe, it } from "node:test";
import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { ResponseMemo } from "../../src/fetch/response-memo.ts";
import { inTurn, scripted } from "./support.ts";

const HEAD = "HTTP/1.1 200 OK\r\nX-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n";

/** What is fetched one after the other, where headers are copied, or where they are filled. */
async function responses(copiesHeaders: boolean, ...messages: string[]): Promise<Response[]> {
  const at = scripted(inTurn(messages), {}, {}, { lazyResponse: false, copiesHeaders });
  const list: Response[] = [];
  for (const _ of messages) {
    const response = await at.pool.fetch("http://a.test/");
    list.push(response);
    await response.clone().text();
  }
  await at[Symbol.asyncDispose]();
  return list;
}

/** Everything about a response that comes from its head. */
const headOf = ({ status, statusText, headers }: Response): unknown => [status, statusText, [...headers]];

for (const copiesHeaders of [true, false])
  describe(`responses with the same head, ${copiesHeaders ? "copied" : "filled"}`, () => {
    it("are equal to the first, and each has headers of its own", async () => {
      const [first, second, third, fourth, fifth] = (await responses(
        copiesHeaders,
        ...["hi", "ho", "hu", "he"].map((body) => `${HEAD}\r\n${body}`),
        `${HEAD}X-B: 2\r\n\r\nhu`,
      )) as [Response, Response, Response, Response, Response];
      const whole = headOf(first);
      for (const { headers } of [first, second, third]) {
        headers.set("x-a", "changed");
        headers.append("set-cookie", "c");
      }
      assertEquals(headOf(fourth), whole);
      assertEquals(fourth.headers.getSetCookie(), ["a", "b"]);
      assertEquals([fourth.headers.get("x-b"), fifth.headers.get("x-b")], [null, "2"]);
    });

    it("have a content type only if the head has one, and all of its lines", async () => {
      const type = (head: string) => `HTTP/1.1 200 OK\r\n${head}Content-Length: 2\r\n\r\nhi`;
      const heads = [
        ["", null],
        ["Content-Type: text/x\r\n", "text/x"],
        ["content-type: a/a\r\nX: 1\r\nContent-Type: b/b\r\n", "a/a, b/b"],
      ] as const;
      for (const [head, expected] of heads) {
        const list = await responses(copiesHeaders, type(head), type(head), type(head));
        const types = list.map(({ headers }) => headers.get("content-type"));
        assertEquals(types, [expected, expected, expected]);
      }
    });

    it("come with the status and the reason of their head, whatever these are", async () => {
      const heads = ["200 OK", "404 Not Found", "404 Gone Fishing", "299 ", "999 Odd", "204 Empty"];
      for (const line of heads) {
        const message = `HTTP/1.1 ${line}\r\n${line.startsWith("204") ? "" : "Content-Length: 0\r\n"}X: 1\r\n\r\n`;
        const list = await responses(copiesHeaders, message, message, message);
        const told = list.map(({ status, statusText }) => `${status} ${statusText}`);
        assertEquals(told, [line, line, line]);
        assertEquals(list.map(headOf), Array(3).fill(headOf(list[0] as Response)));
      }
    });
  });

describe("the pattern of responses", () => {
  it("is made for the second equal head, and serves until another one comes", () => {
    for (const copies of [true, false]) {
      const memo = new ResponseMemo(copies);
      assertEquals(memo.of(200, HEAD, true), undefined);
      const like = memo.of(200, HEAD, true);
      assertNotStrictEquals(like, undefined);
      assertStrictEquals(memo.of(200, HEAD, true), like);
      assertEquals(memo.of(200, HEAD, false), undefined);
      assertEquals(memo.of(200, `${HEAD}X-B: 2\r\n`, true), undefined);
    }
  });
});
