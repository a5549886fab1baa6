/** A head that is the last one once more is not read again, and nothing but that passes for it. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { bytesOf, Runner } from "./transcript.ts";

const HEAD = "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 2\r\n\r\n";

/** Other heads, each as long as the first or cut from it: what they give when they follow it, by a fresh parser. */
const OTHERS: Record<string, string> = {
  "the same": `${HEAD}hi`,
  "another body": `${HEAD}ho`,
  "another letter": `${HEAD.replace("now", "new")}hi`,
  "another status": `${HEAD.replace("200 OK", "404 OK")}hi`,
  "another length": `${HEAD.replace("Length: 2", "Length: 1")}h`,
  "no length": `${HEAD.replace("Content-Length: 2", "Content-Height: 2")}hi`,
  "one field more": `${HEAD.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")}hi`,
  "one field less": `${HEAD.replace("Date: now\r\n", "")}hi`,
  "a control character": `${HEAD.replace("now", "n\x00w")}hi`,
  "a bare line feed": `${HEAD.replace("now\r\n", "now \n")}hi`,
  "something else in the place of the empty line": `${HEAD.replace("\r\n\r\n", "\r\nX-")}A: b\r\n\r\nhi`,
  "a line feed alone in the place of the empty line": `${HEAD.replace("\r\n\r\n", "\r\n\n")}hi`,
};

describe("after two heads that are the same", () => {
  for (const [what, message] of Object.entries(OTHERS)) {
    it(`comes ${what}: read as by a parser that knows neither`, () => {
      const expected = new Runner().run(bytesOf(message));
      for (const before of [1, 2, 3]) {
        const runner = new Runner();
        for (let count = 0; count < before; count++) runner.run(bytesOf(`${HEAD}hi`));
        assertEquals(runner.run(bytesOf(message)), expected);
      }
    });

    it(`comes ${what}, in two pieces, whichever`, () => {
      const bytes = bytesOf(message);
      const expected = new Runner().run(bytes);
      for (let cut = 1; cut < bytes.length; cut++) {
        const runner = new Runner();
        for (let count = 0; count < 2; count++) runner.run(bytesOf(`${HEAD}hi`));
        assertEquals(runner.run(bytes, { cuts: [cut] }), expected);
      }
    });
  }
});
