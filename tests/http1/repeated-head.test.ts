/** The fast path for a repeated head: it applies only to a head that is byte-identical to the previous one. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { bytesOf, Runner } from "./transcript.ts";

const HEAD = "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 2\r\n\r\n";

/** Messages that resemble the first one. The expected result is that of a fresh parser. */
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

describe("after two identical heads", () => {
  for (const [what, message] of Object.entries(OTHERS)) {
    it(`${what} is read as by a fresh parser`, () => {
      const expected = new Runner().run(bytesOf(message));
      for (const before of [1, 2, 3]) {
        const runner = new Runner();
        for (let count = 0; count < before; count++) runner.run(bytesOf(`${HEAD}hi`));
        assertEquals(runner.run(bytesOf(message)), expected);
      }
    });

    it(`${what} is read as by a fresh parser when cut in two at any place`, () => {
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
